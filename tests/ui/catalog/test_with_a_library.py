"""From the page of the Ollama library to a model that answers: tab, library, registry and server on real sockets."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtWidgets import QApplication
from shiboken6 import delete

from tests.fakes.gguf_files import write_tiny_llama
from tests.fakes.oci_registry import OciRegistryServer
from tests.fakes.ollama_library import GEMMA, OllamaLibraryServer
from tests.fakes.ollama_library_process import publish
from tests.fakes.ollama_server import OllamaStandIn
from tests.ui.workbench import Workbench, open_workbench, plain, until
from venom_desktop.core.catalog.base import FitGrade
from venom_desktop.core.registry.model import ModelKey, ModelProvider
from venom_desktop.core.settings.ui_state import UiState
from venom_desktop.ui.catalog.offers import exact_size
from venom_desktop.ui.catalog.parts import CatalogParts
from venom_desktop.ui.catalog.tab import CatalogTab
from venom_desktop.ui.i18n import gigabytes
from venom_desktop.ui.server_watch import ServerWatch

OLLAMA = ModelProvider.OLLAMA
TINY = "tiny:latest"


@dataclass
class Desk:
    tab: CatalogTab
    bench: Workbench
    library: OllamaLibraryServer
    server: OllamaStandIn

    @property
    def names(self) -> list[str]:
        return [one.model_name for one in self.tab.list.rows.entries if one.provider is OLLAMA]

    @property
    def button(self) -> str:
        return plain(self.tab.details.primary.label)

    async def select(self, name: str) -> None:
        self.tab.browse()
        self.tab.list.filters.source.choose(OLLAMA)
        await until(lambda: name in self.names)
        self.tab.list.table.select_row(self.names.index(name))
        await until(lambda: self.tab.details.table.rows.offers)


@asynccontextmanager
async def open_desk(folder: Path) -> AsyncIterator[Desk]:
    with ExitStack() as stack:
        registry = stack.enter_context(OciRegistryServer())
        file = write_tiny_llama(folder / "tiny-Q8_0.gguf")
        library = stack.enter_context(OllamaLibraryServer(publish(registry, TINY, file), GEMMA))
        server = stack.enter_context(OllamaStandIn(folder / "models"))
        server.publish(TINY, layers=(file.read_bytes(),))
        environ = {
            "OLLAMA_HOST": server.url,
            "VENOM_OLLAMA_LIBRARY_URL": library.url,
            "VENOM_OLLAMA_REGISTRY_URL": registry.url,
            "HF_ENDPOINT": "http://127.0.0.1:9",
        }
        async with open_workbench(folder / "home", **environ) as bench:
            services = bench.services
            parts = CatalogParts(
                search=services.search,
                catalogs=services.catalogs,
                registry=services.registry,
                runtimes=services.runtimes,
                active=services.active,
                host=services.host,
                settings=services.settings,
                model_settings=services.model_settings,
                vault=services.vault,
                ui_state=UiState(folder / "window.json"),
                recommended=tuple,
                load_settings=services.load_settings,
            )
            tab = CatalogTab(bench.bridge, parts)
            watch = ServerWatch(tab, parts.runtimes)
            tab.resize(1280, 676)
            tab.show()
            try:
                yield Desk(tab, bench, library, server)
            finally:
                watch.close()
                delete(tab)


async def test_a_model_of_the_library_is_installed_and_activated_by_two_presses(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.select("tiny")
        await until(lambda: desk.button.startswith("Install latest · "))
        key = ModelKey(name=TINY, runtime="ollama")

        desk.tab.details.primary.click()
        await until(lambda: desk.button == "Installed · Activate")
        assert any(model.key == key for model in desk.bench.registry.inventory.snapshot.models)

        desk.tab.details.primary.click()
        await until(lambda: desk.button == "Active")
        assert desk.bench.services.active.snapshot.key == key


async def test_the_size_before_a_pull_is_the_registrys_and_not_the_pages(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.select("tiny")

        def judged() -> bool:
            offer = desk.tab.details.table.rows.offers[0]
            return offer.verdict is not None and offer.verdict.grade is FitGrade.EXACT

        await until(judged)
        offer = desk.tab.details.table.rows.offers[0]
        exact = (tmp_path / "tiny-Q8_0.gguf").stat().st_size
        assert offer.quantization.size_bytes != exact
        assert exact_size(offer.quantization, offer.verdict) == exact
        assert desk.button == plain(f"Install latest · {gigabytes(exact)}")
        assert offer.size != gigabytes(offer.quantization.size_bytes)


async def test_the_tags_of_a_model_are_told_apart_and_those_of_the_cloud_are_left_out(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.select("gemma3")
        await until(lambda: desk.tab.details.table.rows.row_of("latest") >= 0)
        offers = {offer.label: offer for offer in desk.tab.details.table.rows.offers}

        assert offers["latest"].beside == "= 4b"
        assert offers["4b"].beside == "Q4_K_M"
        assert offers["4b"].is_recommended or offers["1b"].is_recommended
        assert "27b-cloud" not in offers


async def test_a_library_that_is_another_site_now_says_so_and_keeps_its_shipped_rows(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_desk(tmp_path) as desk:
        desk.tab.browse()
        await until(lambda: "tiny" in desk.names)
        desk.library.change_structure()

        desk.tab.refresh()
        banner = desk.tab.list.banners.of(OLLAMA)
        await until(banner.isVisible)

        assert "in a form this version does not understand" in banner.sentence
        assert banner.toolTip() == "SOURCE_CHANGED"
        assert "tiny" in desk.names


async def test_a_server_with_models_is_found_by_itself_and_so_is_one_that_comes_back(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_desk(tmp_path) as desk:
        page = desk.tab.first_run
        assert desk.tab.is_first_run
        assert not page.server_card.isVisible()

        desk.server.add_model("llama3:8b", layers=(4_000_000,))
        await until(page.server_card.isVisible)
        assert "llama3:8b can answer right away." in plain(page.server_card.sentence)

        desk.server.go_down()
        await until(page.file_card.isVisible)
        desk.server.come_back()
        await until(page.server_card.isVisible)
        assert desk.tab.is_first_run
