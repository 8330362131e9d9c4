"""Ollama in a real window: start its server, find a model in its library, pull it, ask it, remove it, quit."""

import json
import os
import socket
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.app_window import AppWindow, wait_for
from tests.e2e.conftest import OpenWindow
from tests.fakes.gguf_llama import SPEECH
from tests.fakes.oci_registry import OciRegistryServer
from tests.fakes.ollama_library import OllamaLibraryServer
from tests.fakes.ollama_library_pages import ListedModel, ListedTag
from tests.fakes.ollama_models import Facts, Model, make_model
from tests.fakes.ollama_process import install_ollama

pytestmark = pytest.mark.window

NAME = "tiny:1b"
LAYERS = (9_000_000, 2_000_000)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Ollama:
    """A program on PATH that has never run, a library, and a registry; `environ` leads a window to them."""

    def __init__(self, folder: Path, library: OllamaLibraryServer, registry: OciRegistryServer) -> None:
        self.library = library
        self.registry = registry
        self.port = _free_port()
        folder.mkdir()
        self.program = install_ollama(folder)
        self.environ = {
            "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
            "OLLAMA_HOST": f"127.0.0.1:{self.port}",
            "OLLAMA_MODELS": str(folder / "models"),
            "VENOM_OLLAMA_LIBRARY_URL": library.url,
            "VENOM_OLLAMA_REGISTRY_URL": registry.url,
        }

    def list_model(self) -> Model:
        """In the library, and in the registry."""
        model = make_model(LAYERS, Facts(), seed="library/tiny")
        tags = (ListedTag(tag="1b", size="11MB", context="8K", digest=model.digest[:12]),)
        self.library.models.append(ListedModel(name="tiny", sizes=("1b",), pulls="1.2M", tags=tags))
        self.registry.publish_manifest("library/tiny:1b", dict(model.manifest))
        return model

    def call(self, method: str, **arguments: Any) -> None:
        """Of the stand-in, wherever it runs."""
        body = json.dumps({"method": method, "arguments": arguments}).encode()
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/stand-in/call", body, timeout=10):
            pass

    def installed(self) -> list[str]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/tags", timeout=10) as answer:
            return [model["name"] for model in json.load(answer)["models"]]


@pytest.fixture
def ollama_here(tmp_path: Path) -> Iterator[Ollama]:
    with OllamaLibraryServer() as library, OciRegistryServer() as registry:
        yield Ollama(tmp_path / "bin", library, registry)


def _start_server(window: AppWindow) -> None:
    window.go_to("Runtime")
    window.see("Stopped", "Pill", inside="Ollama")
    window.click("Start", inside="Ollama")
    window.see("Running", "Pill", inside="Ollama")


def _pull(window: AppWindow) -> None:
    window.go_to("Catalog")
    window.browse()
    window.type_into("Search Ollama and Hugging Face", "tiny", kind="SearchField")
    wait_for(lambda: len(window.rows("CatalogTable")) == 1)
    window.click_row("*", "CatalogTable")
    wait_for(lambda: len(window.rows("QuantizationTable")) == 1)
    window.ask("record", tape="percent", kind="Label", words="*%", inside="OperationsBar")
    window.click_offer("Install 1b · *")
    window.see("Installed · Activate", "Button", inside="CatalogDetails")
    seen = [int(text.rstrip("% ")) for text in window.ask("stop_recording", tape="percent")]
    assert len(seen) >= 2, seen
    assert all(before < after for before, after in pairwise(seen)), seen


def _ask(window: AppWindow) -> None:
    window.go_to("Runtime")
    window.type_into("Ask the active model", "Why?", kind="QuestionField")
    window.press("Ctrl+Return")
    window.see("*first token*", "Label", inside="FiguresRow")
    wait_for(lambda: any(one["words"].startswith(SPEECH[:20]) for one in window.ask("look", kind="Prose")))
    wait_for(lambda: [row for row in window.ask("rows", kind="Table", inside="LoadedTable") if NAME in row])


def test_ollama_from_its_start_to_its_end(open_window: OpenWindow, ollama_here: Ollama) -> None:
    ollama_here.list_model()
    window = open_window("http://127.0.0.1:9", environ=ollama_here.environ)
    _start_server(window)
    assert window.child("ollama_process").is_running()
    ollama_here.call("publish", name=NAME, layers=list(LAYERS))
    ollama_here.call("bytes_per_second", value=6_000_000)
    _pull(window)
    assert ollama_here.installed() == [NAME]
    window.click("Installed · Activate", inside="CatalogDetails")
    window.see("Active", "Button", inside="CatalogDetails")
    _ask(window)
    window.go_to("Installed")
    wait_for(lambda: [row for row in window.rows("InstalledTable") if "Tiny" in row])
    window.click("Unload", inside="InstalledDetails")
    window.see("No model is active now.", "Label", inside="InstalledDetails")
    window.click("Remove…", inside="InstalledDetails")
    window.click("Remove 11 MB", inside="RemoveDialog")
    window.see("No models installed yet")
    assert ollama_here.installed() == []
    wait_for(lambda: NAME not in (window.home / "data/models/manifest.json").read_text())
    window.press("Ctrl+Q")
    assert window.ends() == 0
    assert window.warnings() == []


def test_a_model_that_another_program_pulls_appears_and_one_it_removes_vanishes(
    open_window: OpenWindow, ollama_here: Ollama
) -> None:
    window = open_window("http://127.0.0.1:9", environ=ollama_here.environ)
    _start_server(window)
    ollama_here.call("add_model", name="theirs:8b", layers=[1_000_000])
    window.go_to("Installed")
    wait_for(lambda: [row for row in window.rows("InstalledTable") if "Theirs" in row])
    ollama_here.call("remove_model", name="theirs:8b")
    wait_for(lambda: not window.sees("*", "InstalledTable") or not window.rows("InstalledTable"))
    window.press("Ctrl+Q")
    assert window.ends() == 0
    assert window.warnings() == []
