"""The main job in a real window: find a model, install it, run it, read its answer, remove it, quit."""

import hashlib
import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from tests.e2e.app_window import AppWindow, wait_for
from tests.e2e.conftest import OpenWindow
from tests.e2e.shelf import NAME, SPEECH, fill_shelf, slow_down
from tests.fakes.gguf_files import write_tiny_llama
from tests.fakes.hub import HubServer
from venom_desktop.core.catalog.recommended import read_recommended
from venom_desktop.core.resources import resource

pytestmark = pytest.mark.window


def _percent(text: str) -> int:
    found = re.fullmatch(r"(\d+) %", text)
    assert found, text
    return int(found[1])


def _assert_left_nothing(window: AppWindow) -> None:
    """After a clean end: no warning anywhere, and no half a file."""
    assert window.warnings() == []
    assert list(window.home.rglob("*.part")) == []


def _find_and_choose(window: AppWindow, label: str) -> None:
    window.browse()
    window.type_into("Search Ollama and Hugging Face", "tiny-lab", kind="SearchField")
    wait_for(lambda: len(window.rows("CatalogTable")) == 1)
    window.click_row("Tiny Llama, *", "CatalogTable")
    wait_for(lambda: len(window.rows("QuantizationTable")) == 2)
    window.click_row(f"{label}, *", "QuantizationTable")


def _install(window: AppWindow) -> None:
    window.ask("record", tape="percent", kind="Label", words="*%", inside="OperationsBar")
    window.click_offer("Install Q4_K_M · 9.0 MB")
    window.see("Installed · Activate", "Button", inside="CatalogDetails")
    seen = [_percent(text) for text in window.ask("stop_recording", tape="percent")]
    assert len(seen) >= 2, seen
    assert all(before < after for before, after in pairwise(seen)), seen


def _ask_and_read(window: AppWindow) -> None:
    window.go_to("Runtime")
    window.see("Running", "Pill", inside="RuntimeCard")
    window.type_into("Ask the active model", "Why does water boil sooner up there?", kind="QuestionField")
    window.ask("record", tape="answer", kind="Prose", inside="StreamedMarkdown")
    window.press("Ctrl+Return")
    window.see("*first token*", "Label", inside="FiguresRow")
    wait_for(lambda: _said(window.ask("recorded", tape="answer"))[-1:] == [SPEECH])
    said = _said(window.ask("stop_recording", tape="answer"))
    assert len(set(said)) >= 3, said
    assert all(after.startswith(before) for before, after in pairwise(said)), said
    # Without "≈": the engine's own figures, its end token counted.
    final = rf"[\d ]+(\.\d)? tok/s first token [\d.]+ m?s · {len(SPEECH.split()) + 1} tokens"
    wait_for(lambda: re.fullmatch(final, _figures(window)))


def _figures(window: AppWindow) -> str:
    return " ".join(one["words"] for one in window.ask("look", kind="Label", inside="FiguresRow"))


def _said(tape: list[str]) -> list[str]:
    """Without the caret and the blank that stands in its place while it blinks."""
    return [text.rstrip("\u258d\u2003 ") for text in tape]


def _verify_unload_remove(window: AppWindow) -> None:
    window.go_to("Installed")
    assert wait_for(lambda: window.rows("InstalledTable"))
    window.click("Verify", inside="InstalledDetails")
    window.see("The checksum matches*", inside="OperationsBar")
    window.click("Unload", inside="InstalledDetails")
    window.see("No model is active now.", "Label", inside="InstalledDetails")
    window.click("Remove…", inside="InstalledDetails")
    window.see(f"Remove {NAME}[?]", "RemoveDialog")
    window.click("Remove 9.0 MB", inside="RemoveDialog")
    window.see("No models installed yet")


def test_the_main_job_by_mouse_and_keyboard(open_window: OpenWindow, hub: HubServer, tmp_path: Path) -> None:
    shelf = fill_shelf(hub, tmp_path)
    slow_down(hub)
    window = open_window(hub.url)
    _find_and_choose(window, "Q4_K_M")
    _install(window)
    (row,) = json.loads((window.home / "data/models/manifest.json").read_bytes())["models"]
    content = (window.home / "data/models" / row["local_path"]).read_bytes()
    assert hashlib.sha256(content).digest() == hashlib.sha256(shelf.small.read_bytes()).digest()
    window.click("Installed · Activate", inside="CatalogDetails")
    window.see("Active", "Button", inside="CatalogDetails")
    assert window.child("llama_cpp_server").is_running()
    _ask_and_read(window)
    _verify_unload_remove(window)
    assert not list((window.home / "data/models").rglob("*.gguf"))
    window.press("Ctrl+Q")
    assert window.ends() == 0
    _assert_left_nothing(window)


def test_one_click_on_the_first_page_installs_and_activates(
    open_window: OpenWindow, hub: HubServer, tmp_path: Path
) -> None:
    for candidate in read_recommended(resource("recommended.json")):
        repository, _, label = candidate.model_name.rpartition(":")
        file = write_tiny_llama(tmp_path / f"{repository.rpartition('/')[2]}-{label}.gguf", pad_to_bytes=4_000_000)
        hub.add_repo(repository, {file.name: file})
    slow_down(hub)
    window = open_window(hub.url)
    window.click("Install · 4.0 MB", inside="SuggestionCard")
    window.see("Installing…", "Button", inside="SuggestionCard")
    window.see("*it something in the Runtime tab.", "Label", inside="SuggestionCard")
    window.click("Try a prompt", inside="SuggestionCard")
    wait_for(lambda: window.ask("window")["tab"] == "runtime")
    window.see("Running", "Pill", inside="RuntimeCard")
    window.type_into("Ask the active model", "Does it work?", kind="QuestionField")
    window.press("Ctrl+Return")
    window.see("Water boils sooner on a mountain, because less air presses upon it.", "Prose")
    window.press("Ctrl+Q")
    assert window.ends() == 0
    _assert_left_nothing(window)
