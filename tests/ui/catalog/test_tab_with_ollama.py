"""The Catalog tab with Ollama beside the built-in engine: what the button does first, and which runtime it is about."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from tests.support.accessible import accessible_name
from tests.ui.catalog.rows import entry
from tests.ui.catalog.two_runtimes import DIGEST, TINY, Desk, open_desk
from tests.ui.runtime.plain_server import MISSING, RUNNING, STOPPED
from tests.ui.workbench import until
from venom_desktop.core.catalog.base import FitGrade
from venom_desktop.core.errors import Cure, RuntimeFailed
from venom_desktop.core.operations.operation import OperationType
from venom_desktop.core.registry.model import ModelKey, ModelProvider
from venom_desktop.core.runtimes.base import RuntimeState
from venom_desktop.core.settings.schema import Profile
from venom_desktop.ui.catalog.quantizations import Part
from venom_desktop.ui.widgets import Banner


async def shown(desk: Desk, name: str) -> None:
    """A row is selected and its details are read."""
    await until(lambda: name in desk.names)
    desk.select(name)
    await until(lambda: desk.tab.panel.chosen and not desk.tab.panel.chosen.reading)


async def test_a_tag_of_the_library_is_installed_on_ollama(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk(tmp_path, snapshot=RUNNING) as desk:
        await shown(desk, "gemma3")
        # The tag that suits this computer is chosen with the first look at its memory.
        await until(lambda: desk.button == "Install 4b · 3.0 GB")
        assert desk.tab.details.runtime.value == "ollama"

        desk.tab.details.primary.click()
        await until(lambda: desk.registry.asked)

        assert desk.registry.asked == [("install", "gemma3:4b", ModelProvider.OLLAMA, "ollama")]
        await until(lambda: desk.button.startswith("Installing…"))
        desk.bench.scripts[OperationType.INSTALL].finish()


async def test_a_repository_of_the_hub_goes_to_the_runtime_that_was_chosen(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_desk(tmp_path, snapshot=RUNNING) as desk:
        await shown(desk, "org/Tiny-4B-GGUF")
        assert desk.tab.details.runtime.value == "llama_cpp"

        desk.tab.details.runtime.choose("ollama")
        await until(lambda: ("Q4_K_M", "ollama", 8192) in desk.hub.judged)
        desk.tab.details.primary.click()
        await until(lambda: desk.registry.asked)

        name = "hf.co/org/Tiny-4B-GGUF:Q4_K_M"
        assert desk.registry.asked == [("install", name, ModelProvider.HUGGINGFACE, "ollama")]
        assert desk.parts.ui_state.get("catalog.runtime") == "ollama"
        await until(lambda: desk.button.startswith("Installing…"))
        desk.bench.scripts[OperationType.INSTALL].finish()


async def test_the_rows_are_judged_for_the_runtime_that_was_chosen(themed: QApplication, tmp_path: Path) -> None:
    others = [entry(f"org/Other-{number}-GGUF", downloads=10, runtimes=TINY.runtimes) for number in range(40)]
    async with open_desk(tmp_path, snapshot=RUNNING, hub_rows=[TINY, *others]) as desk:
        await shown(desk, "org/Tiny-4B-GGUF")

        def judged_for() -> set[str]:
            rows = desk.tab.list.rows.entries
            return {row.fit.runtime for row in rows if row.fit and row.provider is ModelProvider.HUGGINGFACE}

        await until(lambda: judged_for() == {"llama_cpp"})
        desk.tab.details.runtime.choose("ollama")
        await until(lambda: judged_for() == {"ollama"})
        exact = [row.fit for row in desk.tab.list.rows.entries if row.fit and row.fit.grade is FitGrade.EXACT]
        assert len(exact) < len(others)


async def test_ollama_is_started_from_the_buttons_place_and_the_install_is_then_there(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_desk(tmp_path, snapshot=STOPPED) as desk:
        await shown(desk, "gemma3")
        assert desk.button == "Start Ollama"
        assert desk.tab.details.runtime_note == "Ollama fetches its models itself and is not running."

        desk.server.show(replace(STOPPED, state=RuntimeState.STARTING))
        assert desk.button == "Starting Ollama…"
        assert not desk.tab.details.primary.isEnabled()
        desk.server.show(STOPPED)
        desk.tab.details.primary.click()
        await until(lambda: desk.server.asked == ["start"])

        await until(lambda: desk.button == "Install 4b · 3.0 GB")
        assert desk.tab.details.runtime_note == ""


async def test_a_start_that_fails_says_why_and_can_be_tried_again(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk(tmp_path, snapshot=STOPPED) as desk:
        await shown(desk, "gemma3")
        desk.server.refusal = RuntimeFailed(runtime="Ollama", explanation="A library is missing.")

        desk.tab.details.primary.click()
        await until(desk.tab.details.banner.isVisible)

        assert desk.tab.details.banner.sentence == "Ollama stopped. A library is missing."
        assert desk.button == "Start Ollama"


async def test_without_the_program_the_button_leads_to_where_it_is_installed(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_desk(tmp_path, snapshot=MISSING) as desk:
        cures: list[object] = []
        desk.tab.cure_wanted.connect(cures.append)
        await shown(desk, "gemma3")
        assert desk.button == "Install Ollama…"

        desk.tab.details.primary.click()

        assert cures == [Cure.INSTALL_RUNTIME]
        desk.select("org/Tiny-4B-GGUF")
        await until(lambda: desk.button.startswith("Install Q4_K_M"))


async def test_what_is_installed_on_one_runtime_is_shown_there_and_marked(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk(tmp_path, snapshot=RUNNING) as desk:
        await shown(desk, "gemma3")
        await desk.put("hf.co/org/Tiny-4B-GGUF:Q4_K_M")

        await shown(desk, "org/Tiny-4B-GGUF")

        runtime = desk.tab.details.runtime
        assert [runtime.itemText(place) for place in range(runtime.count())] == ["llama.cpp", "Ollama · installed"]
        assert desk.button == "Installed · Activate"
        runtime.choose("llama_cpp")
        assert desk.button.startswith("Install Q4_K_M")


async def test_an_installed_model_is_activated_on_its_runtime_with_its_context(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_desk(tmp_path, snapshot=RUNNING) as desk:
        await desk.put("gemma3:4b")
        await shown(desk, "gemma3")
        assert desk.button == "Installed · Activate"

        desk.tab.details.context.slider.setValue(0)
        desk.tab.details.primary.click()
        await until(lambda: desk.registry.asked)

        assert desk.registry.asked == [("activate", "gemma3:4b", "ollama")]
        assert desk.bench.services.model_settings.get(ModelKey(name="gemma3:4b", runtime="ollama")).context == 4096
        desk.bench.scripts[OperationType.ACTIVATE].finish()


async def test_the_panel_says_what_a_tag_is(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk(tmp_path, snapshot=RUNNING) as desk:
        await shown(desk, "gemma3")
        model = desk.tab.details.table.rows

        def told(row: int, role: Qt.ItemDataRole) -> str:
            return str(model.data(model.index(row, Part.LABEL), role)).replace("\u00a0", " ")

        assert [offer.label for offer in model.offers] == ["latest", "1b", "4b"]
        assert "Now the same as 4b" in told(0, Qt.ItemDataRole.ToolTipRole)
        assert f"Digest {DIGEST[:12]}" in told(2, Qt.ItemDataRole.ToolTipRole)
        assert told(0, Qt.ItemDataRole.AccessibleTextRole).startswith("latest, = 4b, 3.0 GB")
        assert told(2, Qt.ItemDataRole.AccessibleTextRole).startswith("4b, Q4_K_M, recommended, 3.0 GB")


async def test_a_model_of_the_cloud_cannot_be_installed_and_is_no_error(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk(tmp_path, snapshot=RUNNING) as desk:
        await shown(desk, "kimi")

        banner: Banner = desk.tab.details.banner
        assert banner.sentence.startswith("kimi runs on its publisher's servers alone")
        assert banner.property("role") == "box"
        assert not desk.tab.details.primary.isEnabled()
        assert not desk.tab.details.runtime.isVisible()


async def test_a_profile_without_local_runtimes_leaves_the_catalog_readable_and_says_why_nothing_is_installed(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_desk(tmp_path, snapshot=RUNNING) as desk:
        await shown(desk, "gemma3")
        cures: list[object] = []
        desk.tab.cure_wanted.connect(cures.append)

        await desk.bench.services.settings.set("runtime_profile", Profile.LLM_OFF)
        await until(desk.tab.details.banner.isVisible)

        assert not desk.tab.details.primary.isEnabled()
        assert desk.tab.details.primary.toolTip().startswith("The runtime profile llm_off does not allow ollama.")
        desk.tab.details.banner.button.click()
        assert cures == [Cure.OPEN_RUNTIME_SETTINGS]
        await desk.bench.services.settings.set("runtime_profile", Profile.LIGHT)
        await until(lambda: desk.button == "Install 4b · 3.0 GB")


@pytest.mark.parametrize("snapshot", [RUNNING, STOPPED, MISSING], ids=["running", "stopped", "missing"])
async def test_the_choice_of_a_runtime_can_be_heard(themed: QApplication, tmp_path: Path, snapshot: object) -> None:
    async with open_desk(tmp_path, snapshot=snapshot) as desk:
        await shown(desk, "org/Tiny-4B-GGUF")

        assert accessible_name(desk.tab.details.runtime)
