"""The button beside a notice acts on the runtime that the notice is about, not on the one that answers."""

from pathlib import Path

from PySide6.QtWidgets import QApplication

from tests.fakes.gguf_files import write_tiny_llama
from tests.fakes.hub import HubServer
from tests.ui.furnished import open_furnished
from tests.ui.settings.desk import until
from venom_desktop.core.errors import ActiveNotLoaded, Cure, RuntimeDied
from venom_desktop.ui.runtime.tab import RuntimeTab
from venom_desktop.ui.tab_bar import TabName

DIED = RuntimeDied(name="llama_cpp", runtime="llama.cpp", explanation="There was not enough memory.")


async def test_start_and_log_of_a_notice_are_those_of_its_runtime(
    themed: QApplication, hub: HubServer, tmp_path: Path
) -> None:
    async with open_furnished(tmp_path / "home", HF_ENDPOINT=hub.url) as opened:
        opened.furniture.cure_notice(Cure.OPEN_LOG, DIED)
        tab = opened.window.show_tab(TabName.RUNTIME)
        assert isinstance(tab, RuntimeTab)
        assert tab.log.accessibleName() == "Log of llama.cpp"
        opened.furniture.cure_notice(Cure.START_RUNTIME, DIED)
        # Nothing was ever activated there, and its own card says so.
        await until(lambda: tab.cards["llama_cpp"].failure.text().startswith("No model is active"))
        assert not tab.cards["ollama"].failure.text()


async def test_what_was_active_is_activated_again_from_its_notice(
    themed: QApplication, hub: HubServer, tmp_path: Path
) -> None:
    async with open_furnished(tmp_path / "home", HF_ENDPOINT=hub.url) as opened:
        services = opened.services
        key = await services.registry.import_file(write_tiny_llama(tmp_path / "tiny.gguf"))
        notice = ActiveNotLoaded(model_name=key.name, name=key.runtime, runtime="llama.cpp", profile="light")
        opened.furniture.cure_notice(Cure.ACTIVATE_AGAIN, notice)
        await until(lambda: services.active.snapshot.key == key)
        assert [model.name for model in services.runtimes[key.runtime].snapshot.loaded] == [key.name]
