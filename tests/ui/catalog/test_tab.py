"""The Catalog tab at work: list, search, choose, install, with the real core and a hub on a real socket."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.fakes.gguf_files import write_tiny_llama
from tests.fakes.hub import HubServer
from tests.fakes.hub_store import Sized
from tests.support.accessible import accessible_name, tab_route
from tests.ui.catalog.desk import TINY, Desk, run_desk, tiny_hub
from venom_desktop.core.catalog.base import Ability
from venom_desktop.core.errors import Cure
from venom_desktop.core.operations.operation import OperationStatus, OperationType
from venom_desktop.core.registry.model import ModelKey, ModelProvider
from venom_desktop.core.runtimes.base import LoadSettings
from venom_desktop.ui.catalog.filters import SIZES
from venom_desktop.ui.widgets import MenuChip

TOKEN = "hf_0123456789"


@pytest.fixture
def filled(hub: HubServer, tmp_path: Path) -> HubServer:
    tiny_hub(hub, tmp_path)
    return hub


async def settled(desk: Desk) -> None:
    """The first page is there and its first row was read."""
    desk.tab.browse()
    await desk.until(lambda: desk.names)
    await desk.until(lambda: "·" in desk.button)


def test_the_list_is_there_and_its_first_row_is_explained(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)

        assert desk.names[0] == TINY
        assert len(desk.names) == 60
        assert desk.button.startswith("Install Q4_K_M · ")
        await desk.until(lambda: not desk.tab.details.memory.isHidden())
        assert " of " in desk.tab.details.memory.amount

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_typing_filters_what_is_loaded_at_once_and_asks_the_source_after_a_pause(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)
        asked = len(filled.requests_for("/api/models"))

        QTest.keyClicks(desk.tab.list.search, "tiny")

        assert desk.names == [TINY]
        assert len(filled.requests_for("/api/models")) == asked
        await desk.until(lambda: len(filled.requests_for("/api/models")) == asked + 1)
        assert filled.requests_for("/api/models")[-1].last("search") == "tiny"
        await desk.until(lambda: not desk.services.search.state.loading)
        assert desk.names == [TINY]

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_what_only_the_source_knows_is_found_too(themed: QApplication, filled: HubServer, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)
        hidden = next(repo for repo in filled.store.repos if repo not in desk.names)

        desk.tab.list.search.setText(hidden.partition("/")[2])

        assert desk.names == []
        await desk.until(lambda: desk.names == [hidden])

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_choosing_a_quantization_changes_the_button(themed: QApplication, filled: HubServer, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)
        table = desk.tab.details.table

        table.select_row(table.rows.row_of("Q8_0"))

        assert desk.button.startswith("Install Q8_0 · ")

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_one_press_installs_and_the_next_activates(themed: QApplication, filled: HubServer, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)
        key = ModelKey(name=f"{TINY}:Q4_K_M", runtime="llama_cpp")

        desk.tab.details.primary.click()

        await desk.until(lambda: desk.services.registry.operations.operations)
        operation = desk.services.registry.operations.operations[0]
        assert (operation.operation_type, operation.model_name) == (OperationType.INSTALL, key.name)
        await desk.until(lambda: desk.button == "Installed · Activate")
        assert desk.services.registry.manifest[key.name].key == key

        desk.tab.details.primary.click()
        await desk.until(lambda: desk.button == "Active")
        assert desk.services.active.snapshot.key == key
        assert not desk.tab.details.primary.isEnabled()
        assert desk.tab.details.primary.toolTip() == "This model answers now"

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_the_button_counts_while_an_install_runs_and_resumes_a_paused_one(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)
        desk.tab.details.primary.click()
        await desk.until(lambda: desk.button.startswith("Installing…"))
        assert not desk.tab.details.primary.isEnabled()
        operation = desk.services.registry.operations.operations[0]

        desk.services.registry.pause(operation.operation_id)
        await desk.until(lambda: desk.button.startswith("Resume the download"))

        desk.tab.details.primary.click()
        await desk.until(lambda: desk.button == "Installed · Activate")

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_a_source_that_is_down_leaves_the_old_list_with_its_age_and_a_way_to_try_again(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)
        banner = desk.tab.list.banner
        assert banner.isHidden()
        filled.go_down()

        desk.tab.refresh()
        await desk.until(lambda: not banner.isHidden())
        assert banner.sentence.startswith("Hugging Face does not answer. Showing the list from ")
        assert banner.toolTip() == "SOURCE_UNREACHABLE"
        assert len(desk.names) == 60

        filled.come_back()
        banner.button.click()
        await desk.until(banner.isHidden)

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_a_first_start_offline_shows_the_shipped_list_and_says_so(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    filled.go_down()

    async def scenario(desk: Desk) -> None:
        desk.tab.browse()
        await desk.until(lambda: desk.names)

        assert "Showing the list that came with this app, dated" in desk.tab.list.banner.sentence
        await desk.until(lambda: not desk.tab.details.banner.isHidden())
        assert desk.tab.details.banner.sentence.startswith("Hugging Face does not answer.")
        assert "·\u00a0≈" in desk.tab.details.primary.label

        bar = desk.tab.list.table.verticalScrollBar()
        bar.setValue(bar.maximum())
        await desk.until(lambda: len(desk.names) > 60)
        filled.come_back()
        desk.tab.list.banner.button.click()
        await desk.until(lambda: TINY in desk.names)
        assert desk.tab.list.banner.isHidden()

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_the_panel_reads_again_after_its_error(themed: QApplication, filled: HubServer, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)
        filled.go_down()
        desk.tab.list.table.select_row(5)
        await desk.until(lambda: not desk.tab.details.banner.isHidden())

        filled.come_back()
        desk.tab.details.banner.button.click()
        await desk.until(desk.tab.details.banner.isHidden)
        await desk.until(lambda: "·" in desk.button)

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_the_list_goes_on_without_end(themed: QApplication, filled: HubServer, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)
        bar = desk.tab.list.table.verticalScrollBar()

        bar.setValue(bar.maximum())
        await desk.until(lambda: len(desk.names) == 120)
        bar.setValue(bar.maximum())
        await desk.until(lambda: len(desk.names) == 151)

        assert len(set(desk.names)) == 151

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_scrolling_comes_to_the_end_of_a_thousand_models_and_asks_no_further(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    filled.many_repos(1000)

    async def scenario(desk: Desk) -> None:
        await settled(desk)
        bar, search = desk.tab.list.table.verticalScrollBar(), desk.services.search

        while search.state.more:
            bar.setValue(bar.maximum())
            assert search.state.loading
            await desk.until(lambda: not search.state.loading)
        assert len(desk.names) == len(set(desk.names)) == 1001

        asked = len(filled.requests_for("/api/models"))
        bar.setValue(0)
        bar.setValue(bar.maximum())
        assert not search.state.loading
        assert len(filled.requests_for("/api/models")) == asked == 17

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_a_next_page_that_fails_keeps_the_first_ones_and_is_tried_again_where_it_stopped(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)
        view = desk.tab.list
        bar = view.table.verticalScrollBar()
        bar.setValue(bar.maximum())
        await desk.until(lambda: len(desk.names) == 120)
        asked = len(filled.requests_for("/api/models"))

        filled.go_down()
        bar.setValue(bar.maximum())
        place = bar.value()
        await desk.until(lambda: not view.banner.isHidden())
        assert len(desk.names) == 120
        assert view.banner.sentence.startswith("Hugging Face does not answer.")
        assert view.table.isVisible()

        filled.come_back()
        view.banner.button.click()
        await desk.until(lambda: len(desk.names) == 151)
        assert view.banner.isHidden()
        assert bar.value() >= place
        assert len(filled.requests_for("/api/models")) == asked + 1

    run_desk(themed, filled, tmp_path / "home", scenario)


@pytest.mark.parametrize(
    ("chip", "value", "passing"),
    [
        ("ability", Ability.VISION, {"org/sees-GGUF"}),
        ("ability", Ability.EMBEDDING, {"org/embeds-GGUF"}),
        ("download_size", SIZES[0], {"org/embeds-GGUF", "org/sees-GGUF"}),
        ("download_size", SIZES[-1], {"org/giant-GGUF"}),
        ("quantization", "Q8_0", {"org/embeds-GGUF"}),
        ("license", "gemma", {"org/sees-GGUF"}),
        ("source", ModelProvider.HUGGINGFACE, {"org/embeds-GGUF", "org/sees-GGUF", "org/giant-GGUF"}),
    ],
)
def test_every_chip_leaves_what_it_names(
    themed: QApplication, hub: HubServer, tmp_path: Path, chip: str, value: object, passing: set[str]
) -> None:
    unlike_models(hub)

    async def scenario(desk: Desk) -> None:
        desk.tab.browse()
        await desk.until(lambda: len(desk.names) == 3)

        found: MenuChip = getattr(desk.tab.list.filters, chip)
        found.choose(value)

        await desk.until(lambda: set(desk.names) == passing)
        assert desk.tab.list.filters.reach == ""
        desk.tab.list.filters.clear()
        await desk.until(lambda: len(desk.names) == 3)

    run_desk(themed, hub, tmp_path / "home", scenario)


def test_fits_here_hides_what_no_memory_of_this_machine_takes(
    themed: QApplication, hub: HubServer, tmp_path: Path
) -> None:
    unlike_models(hub)

    async def scenario(desk: Desk) -> None:
        desk.tab.browse()
        await desk.until(lambda: len(desk.names) == 3)
        await desk.until(lambda: all(entry.fit for entry in desk.tab.list.rows.entries))

        desk.tab.list.filters.fits.click()

        await desk.until(lambda: set(desk.names) == {"org/embeds-GGUF", "org/sees-GGUF"})

    run_desk(themed, hub, tmp_path / "home", scenario)


def unlike_models(hub: HubServer) -> None:
    """Three that differ in everything a chip asks for."""
    hub.add_repo(
        "org/embeds-GGUF",
        {"embeds-Q8_0.gguf": Sized(total_bytes=10**8)},
        pipeline_tag="feature-extraction",
        license="mit",
        gguf={"total": 10**8, "architecture": "bert", "context_length": 512},
    )
    hub.add_repo(
        "org/sees-GGUF",
        {"sees-Q4_K_M.gguf": Sized(total_bytes=10**9)},
        pipeline_tag="image-text-to-text",
        license="gemma",
        gguf={"total": 10**9, "architecture": "gemma3", "context_length": 8192},
    )
    hub.add_repo(
        "org/giant-GGUF",
        {"giant-Q4_K_M.gguf": Sized(total_bytes=900 * 10**12)},
        gguf={"total": 10**15, "architecture": "llama", "context_length": 8192},
    )


def test_a_filter_that_the_source_cannot_do_says_among_how_many_it_looked(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    filled.many_repos(700)

    async def scenario(desk: Desk) -> None:
        await settled(desk)

        desk.tab.list.filters.license.choose("mit")
        await desk.until(lambda: not desk.services.search.state.loading)

        assert desk.names == [TINY]
        assert desk.tab.list.filters.reach.startswith("among ")
        desk.tab.list.filters.license.choose(None)
        await desk.until(lambda: desk.tab.list.filters.reach == "")

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_filters_that_leave_nothing_can_be_cleared_and_so_does_escape(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)
        view = desk.tab.list

        view.filters.license.choose("gemma")
        view.search.setText("nowhere")
        await desk.until(lambda: view.empty.isVisible())
        assert view.empty.accessibleName() == "No model fits these filters"

        assert desk.tab.go_back()
        assert view.search.text() == ""
        assert desk.tab.go_back()
        assert not view.filters.is_on
        assert not desk.tab.go_back()
        await desk.until(lambda: len(desk.names) >= 60)

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_the_keyboard_goes_from_the_search_through_the_rows_to_the_install(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)
        view = desk.tab.list
        desk.tab.focus_search()

        QTest.keyClick(view.search, Qt.Key.Key_Down)
        assert view.table.currentIndex().row() == 1
        QTest.keyClick(view.search, Qt.Key.Key_Up)
        QTest.keyClick(view.search, Qt.Key.Key_Up)
        assert view.table.currentIndex().row() == 0
        QTest.keyClick(view.search, Qt.Key.Key_Return)
        await desk.until(view.table.hasFocus)
        await desk.until(lambda: desk.button.startswith("Install Q4_K_M"))
        QTest.keyClick(view.table, Qt.Key.Key_Return)

        await desk.until(lambda: desk.services.registry.operations.operations)

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_tab_goes_from_the_search_over_chips_list_and_panel_to_the_one_verb(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)
        desk.tab.list.table.select_row(1)
        await desk.until(desk.tab.details.context.slider.isEnabled)

        names = [accessible_name(widget) for widget in tab_route(desk.tab.list.search)]

        assert [name.replace("\u00a0", " ") for name in names] == [
            "Search Hugging Face",
            *("Order", "Refresh catalog"),
            *("Fits here", "Source", "Can do", "Size", "Quantization", "Licence"),
            "Models",
            *("Open the model page", "Quantization", "Context", "Run with"),
            names[-1].replace("\u00a0", " "),
        ]
        assert names[-1].startswith("Install")

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_a_gated_model_says_so_and_its_failed_install_offers_the_cure(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    repo = filled.store.repos[TINY]
    files = {name: file for name, file in repo.files.items() if name.endswith(".gguf")}
    filled.remove_repo(TINY)
    small = (tmp_path / "tiny-Q8_0.gguf").read_bytes()
    filled.add_repo(TINY, dict.fromkeys(files, small), gated="manual", downloads=2_000_000)

    async def scenario(desk: Desk) -> None:
        await settled(desk)
        wanted: list[object] = []
        desk.tab.cure_wanted.connect(wanted.append)
        gate = desk.tab.details.gate
        await desk.until(lambda: "no Hugging Face token is stored" in gate.sentence)
        assert gate.token.isVisible()

        desk.tab.details.primary.click()
        await desk.until(lambda: not desk.tab.details.banner.isHidden())

        assert desk.services.registry.operations.operations[0].status is OperationStatus.FAILED
        assert "is gated" in desk.tab.details.banner.sentence
        desk.tab.details.cure_wanted.emit(Cure.OPEN_TOKEN_SETTINGS)
        assert wanted == [Cure.OPEN_TOKEN_SETTINGS]

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_a_gated_model_names_what_is_missing_the_token_or_the_licence(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    filled.remove_repo(TINY)
    small = (tmp_path / "tiny-Q8_0.gguf").read_bytes()
    filled.add_repo(TINY, {"tiny-Q4_K_M.gguf": small}, gated="manual", downloads=2_000_000)
    filled.add_account(TOKEN)

    async def scenario(desk: Desk) -> None:
        await settled(desk)
        gate = desk.tab.details.gate
        await desk.until(lambda: "no Hugging Face token is stored" in gate.sentence)
        assert gate.again.isHidden()

        await desk.services.vault.set("huggingface", TOKEN)
        await desk.until(lambda: "A Hugging Face token is stored" in gate.sentence)
        assert "accept the licence" in gate.sentence
        assert gate.token.isHidden()

        filled.accept_license(TOKEN, TINY)
        gate.again.click()
        await desk.until(gate.isHidden)

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_a_repository_with_only_pickle_weights_is_refused_with_the_reason(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    filled.add_repo("org/pickled", {"pytorch_model.bin": b"x" * 100})

    async def scenario(desk: Desk) -> None:
        await settled(desk)

        desk.tab.list.search.setText("org/pickled")
        await desk.until(lambda: desk.names == ["org/pickled"])
        await desk.until(lambda: not desk.tab.details.banner.isHidden())

        assert "only pickle weights" in desk.tab.details.banner.sentence
        assert not desk.tab.details.primary.isEnabled()
        assert "only pickle weights" in desk.tab.details.primary.toolTip()

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_rows_in_view_become_exact_while_nobody_scrolls(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)
        model = desk.tab.list.rows

        await desk.until(lambda: (entry := model.entry(0)) and entry.fit and entry.fit.grade.value == "exact")

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_the_narrow_window_keeps_what_matters(themed: QApplication, filled: HubServer, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)
        desk.tab.resize(960, 476)

        desk.tab.set_narrow(True)

        view = desk.tab.list
        assert view.filters.fits.isVisible()
        assert view.filters.source.isVisible()
        assert not view.filters.license.isVisible()
        assert desk.tab.details.primary.isVisible()

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_the_context_of_the_slider_is_what_the_model_is_loaded_with(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    key = ModelKey(name=f"{TINY}:Q4_K_M", runtime="llama_cpp")
    filled.remove_repo(TINY)
    small = write_tiny_llama(tmp_path / "long.gguf", context=16_384).read_bytes()
    filled.add_repo(
        TINY,
        {"tiny-Q4_K_M.gguf": small},
        downloads=2_000_000,
        gguf={"total": 1_000_000, "architecture": "llama", "context_length": 16_384},
    )

    async def scenario(desk: Desk) -> None:
        await settled(desk)
        slider, settings = desk.tab.details.context.slider, desk.services.model_settings
        assert (slider.value(), slider.maximum()) == (1, 2)
        await settings.save(key, LoadSettings(threads=1))

        slider.setValue(0)
        assert settings.get(key).context is None
        desk.tab.details.primary.click()
        await desk.until(lambda: desk.button == "Installed · Activate")
        assert settings.get(key) == LoadSettings(context=4096, threads=1)

        desk.tab.details.primary.click()
        await desk.until(lambda: desk.button == "Active")
        assert loaded_contexts(desk) == [4096]

        slider.setValue(1)
        assert desk.button == "Load again with 8 192 tokens"
        desk.tab.details.primary.click()
        await desk.until(lambda: loaded_contexts(desk) == [8192])
        await desk.until(lambda: desk.button == "Active")
        assert settings.get(key) == LoadSettings(context=8192, threads=1)

    async def later(desk: Desk) -> None:
        await desk.until(lambda: desk.names)
        await desk.until(lambda: desk.button in ("Installed · Activate", "Active"))
        await desk.services.model_settings.save(key, LoadSettings(context=6000))
        await desk.until(lambda: desk.tab.details.context.slider.value() == 1)
        assert desk.tab.details.context.tokens == 6000

    run_desk(themed, filled, tmp_path / "home", scenario)
    run_desk(themed, filled, tmp_path / "home", later)


def loaded_contexts(desk: Desk) -> list[int | None]:
    return [model.context for model in desk.services.runtimes["llama_cpp"].snapshot.loaded]
