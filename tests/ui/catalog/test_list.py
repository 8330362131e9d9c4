"""The list at work: typing, chips, endless scrolling and sources that fail, over a hub on a real socket."""

from pathlib import Path

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.fakes.hub import HubServer
from tests.fakes.hub_store import Sized
from tests.ui.catalog.desk import TINY, Desk, run_desk, settled
from venom_desktop.core.catalog.base import Ability, FitPlace, Sort
from venom_desktop.core.errors import Cure
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.ui.catalog.filters import SIZES
from venom_desktop.ui.widgets import MenuChip

HUB = ModelProvider.HUGGINGFACE


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
        await desk.until(lambda: not desk.search.state.loading)
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


def test_a_source_that_is_down_leaves_the_old_list_with_its_age_and_a_way_to_try_again(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)
        banner = desk.tab.list.banners.of(HUB)
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


def test_who_works_offline_is_told_so_and_goes_online_with_one_click(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    async def scenario(desk: Desk) -> None:
        settings, banner = desk.services.settings, desk.tab.list.banners.of(HUB)
        wanted: list[object] = []
        desk.tab.cure_wanted.connect(wanted.append)
        await settings.set("offline", True)
        desk.tab.browse()
        desk.tab.refresh()
        await desk.until(lambda: "you work offline" in banner.sentence)
        assert banner.sentence.startswith("Hugging Face was not asked: you work offline. Showing the list that came")
        assert (banner.button.text(), banner.toolTip()) == ("Go online", "STAYING_OFFLINE")

        banner.button.click()
        assert wanted == [Cure.GO_ONLINE]
        await settings.set("offline", False)
        await desk.until(lambda: banner.sentence.startswith("Hugging Face does not answer."))
        assert banner.button.text().strip() == "Try again"

    run_desk(themed, filled, tmp_path / "home", scenario, environ={"HF_ENDPOINT": "https://hub.test"})


def test_a_first_start_offline_shows_the_shipped_list_and_says_so(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    filled.go_down()

    async def scenario(desk: Desk) -> None:
        desk.tab.browse()
        await desk.until(lambda: desk.names)

        assert "Showing the list that came with this app, dated" in desk.tab.list.banners.of(HUB).sentence
        await desk.until(lambda: not desk.tab.details.banner.isHidden())
        assert desk.tab.details.banner.sentence.startswith("Hugging Face does not answer.")
        assert "·\u00a0≈" in desk.tab.details.primary.label

        bar = desk.tab.list.table.verticalScrollBar()
        bar.setValue(bar.maximum())
        await desk.until(lambda: len(desk.names) > 60)
        filled.come_back()
        desk.tab.list.banners.of(HUB).button.click()
        await desk.until(lambda: TINY in desk.names)
        assert desk.tab.list.banners.of(HUB).isHidden()

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_the_list_goes_on_without_end(themed: QApplication, filled: HubServer, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)
        bar = desk.tab.list.table.verticalScrollBar()

        bar.setValue(bar.maximum())
        # The view is laid out a moment after its rows are there.
        await desk.until(lambda: len(desk.names) == 120 and bar.value() < bar.maximum())
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
        bar, search = desk.tab.list.table.verticalScrollBar(), desk.search

        while search.state.more:
            bar.setValue(bar.maximum())
            await desk.until(
                lambda: not search.state.loading and (bar.value() < bar.maximum() or not search.state.more)
            )
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
        await desk.until(lambda: len(desk.names) == 120 and bar.value() < bar.maximum())
        asked = len(filled.requests_for("/api/models"))

        filled.go_down()
        bar.setValue(bar.maximum())
        place = bar.value()
        await desk.until(lambda: not view.banners.of(HUB).isHidden())
        assert len(desk.names) == 120
        assert view.banners.of(HUB).sentence.startswith("Hugging Face does not answer.")
        assert view.table.isVisible()

        filled.come_back()
        view.banners.of(HUB).button.click()
        await desk.until(lambda: len(desk.names) == 151)
        assert view.banners.of(HUB).isHidden()
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


def test_the_order_that_is_chosen_is_asked_of_the_source_or_made_here(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)

        desk.tab.list.sort.choose(Sort.LIKES)
        await desk.until(lambda: not desk.search.state.loading)
        assert desk.search.state.sort is Sort.LIKES
        assert filled.requests_for("/api/models")[-1].last("sort") == "likes"

        desk.tab.list.sort.choose(Sort.FIT)
        await desk.until(lambda: not desk.search.state.loading)
        assert filled.requests_for("/api/models")[-1].last("sort") == "downloads"
        known = [entry.fit.place for entry in desk.search.state.rows if entry.fit is not None]
        assert known == sorted(known, key=list(FitPlace).index)
        assert known

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_a_filter_that_the_source_cannot_do_says_among_how_many_it_looked(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    filled.many_repos(700)

    async def scenario(desk: Desk) -> None:
        await settled(desk)

        desk.tab.list.filters.license.choose("mit")
        await desk.until(lambda: not desk.search.state.loading)

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
