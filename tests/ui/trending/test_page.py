"""The lists of the tab: each with its age and its banner, one selected card in them all, and the keys between."""

from collections.abc import Callable, Iterator, Sequence

import pytest
from PySide6.QtCore import QLocale, QPoint, Qt, QTranslator
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from tests.support.accessible import accessible_name, tab_route, unnamed
from tests.ui.trending.lists import all_lists, listed, rows_of
from tests.ui.workbench import plain
from venom_desktop.core.catalog.filters import Key
from venom_desktop.core.catalog.trending import LISTED, Trend, TrendingList
from venom_desktop.core.errors import SourceChanged, SourceUnreachable
from venom_desktop.ui.trending.page import TrendingPage
from venom_desktop.ui.trending.section import Section
from venom_desktop.ui.widgets import Label, widest_fit_pill

POPULAR, NEWEST, HUB = Trend
NOBODY = frozenset[Key]()
WIDE, BESIDE_PANEL, NARROW = 1280, 892, 616
MakePage = Callable[..., TrendingPage]


@pytest.fixture
def make(themed: QApplication, qtbot: QtBot) -> MakePage:
    def page(lists: Sequence[TrendingList] | None = None, *, width: int = WIDE, height: int = 676) -> TrendingPage:
        made = TrendingPage(list(Trend))
        qtbot.addWidget(made)
        made.resize(width, height)
        made.show()
        made.show_lists(all_lists() if lists is None else lists, NOBODY)
        QApplication.processEvents()
        return made

    return page


def click(section: Section, row: int) -> None:
    place = section.grid.visualRect(section.cards.index(row)).center()
    QTest.mouseClick(section.grid.viewport(), Qt.MouseButton.LeftButton, pos=place)


def top_of(page: TrendingPage, widget: QWidget, row: int = 0) -> int:
    """Where a card is on the page, in pixels below its upper edge."""
    section = next(one for one in page.sections.values() if one.grid is widget)
    corner = section.grid.visualRect(section.cards.index(row)).topLeft()
    return section.grid.mapTo(page.area, corner).y()


def test_every_list_has_its_name_and_its_age(make: MakePage) -> None:
    page = make()

    titles = [section.grid.accessibleName() for section in page.sections.values()]
    assert titles == ["Ollama, most popular", "Ollama, newest", "Hugging Face, trending"]
    shown = [label.text() for label in page.findChildren(Label) if label.isVisible()]
    assert set(titles) <= set(shown)
    assert [plain(section.note) for section in page.sections.values()] == [
        "read 4 min ago",
        "read 4 min ago",
        "Last 7 days · read 4 min ago",
    ]
    assert unnamed(page) == []


def test_an_age_moves_on_while_the_page_is_seen(make: MakePage, qtbot: QtBot) -> None:
    page = make([listed(HUB, minutes_ago=0.1)])
    before = page.sections[HUB].note
    page.ages.setInterval(1)

    qtbot.waitUntil(lambda: page.sections[HUB].note != before)

    page.hide()
    assert not page.ages.isActive()


def test_a_source_that_fails_has_its_banner_at_its_own_list_and_the_cards_stay(make: MakePage) -> None:
    page = make(
        [
            listed(POPULAR, minutes_ago=180, error=SourceChanged(source="Ollama library")),
            listed(NEWEST, (), error=SourceUnreachable(source="Ollama library")),
            listed(HUB),
        ]
    )
    popular, newest, hub = page.sections.values()

    assert popular.banner.isVisible()
    assert "in a form this version does not understand" in popular.banner.sentence
    assert plain(popular.banner.sentence).endswith("Showing the list from 3 h ago.")
    assert popular.banner.toolTip() == "SOURCE_CHANGED"
    assert popular.cards.rowCount() == LISTED
    assert newest.banner.sentence.startswith("Ollama library does not answer.")
    assert newest.grid.isHidden()
    assert hub.banner.isHidden()
    wanted: list[object] = []
    page.refresh_wanted.connect(wanted.append)
    newest.banner.button.click()
    assert wanted == [(NEWEST,)]


def test_what_came_with_the_program_is_called_so_and_claims_no_days(make: MakePage) -> None:
    page = make([listed(HUB, bundled=True, error=SourceUnreachable(source="Hugging Face"))])
    hub = page.sections[HUB]

    assert hub.note == ""
    assert "Showing the list that came with this app, dated " in hub.banner.sentence


def test_a_list_that_is_empty_says_so_and_one_that_is_on_its_way_says_nothing_yet(make: MakePage) -> None:
    def said(section: Section) -> list[str]:
        return [one.text() for one in section.findChildren(Label) if one.isVisible() and "nothing" in one.text()]

    page = make([listed(POPULAR, ()), listed(NEWEST, (), loading=True)])

    assert said(page.sections[POPULAR]) == ["The source lists nothing at the moment."]
    assert said(page.sections[NEWEST]) == []


def test_each_list_and_all_that_are_shown_can_be_asked_for_anew(make: MakePage) -> None:
    page = make()
    wanted: list[object] = []
    page.refresh_wanted.connect(wanted.append)

    page.sections[NEWEST].refresh.click()
    page.refresh.click()
    page.source.choose(1)
    page.refresh.click()
    page.source.choose(2)
    page.small_refresh.click()

    assert wanted == [(NEWEST,), (POPULAR, NEWEST, HUB), (POPULAR, NEWEST), (HUB,)]


def test_one_source_alone_is_shown_when_it_was_chosen(make: MakePage) -> None:
    page = make()

    page.source.choose(2)
    assert [section.isVisible() for section in page.sections.values()] == [False, False, True]
    page.source.choose(0)

    assert all(section.isVisible() for section in page.sections.values())


def test_a_thin_bar_tells_of_a_slow_source_and_goes_with_its_answer(make: MakePage, qtbot: QtBot) -> None:
    page = make([listed(POPULAR, (), loading=True), listed(HUB)])
    assert page.loading.isHidden()

    qtbot.waitUntil(page.loading.isVisible)
    page.source.choose(2)
    assert page.loading.isHidden()
    page.source.choose(0)
    qtbot.waitUntil(page.loading.isVisible)
    page.show_lists([listed(POPULAR)], NOBODY)

    assert page.loading.isHidden()


def test_of_all_the_lists_one_card_is_selected(make: MakePage) -> None:
    page = make()
    popular, _, hub = page.sections.values()
    told: list[object] = []
    page.card_changed.connect(lambda: told.append(page.selected and page.selected.model_name))
    opened: list[bool] = []
    page.opened.connect(lambda: opened.append(True))

    click(popular, 2)
    click(hub, 1)

    assert told == ["model2", "org/Model-201-GGUF"]
    assert opened == [True, True]
    assert (popular.grid.currentIndex().row(), hub.grid.currentIndex().row()) == (-1, 1)


def test_a_selected_card_stays_selected_where_it_stands_after_a_refresh(make: MakePage) -> None:
    page = make()
    click(page.sections[HUB], 3)
    old = rows_of(HUB)

    page.show_lists([listed(HUB, (old[7], old[3], old[0]))], NOBODY)
    assert page.selected is old[3]
    assert page.sections[HUB].grid.currentIndex().row() == 1
    page.show_lists([listed(HUB, old[7:])], NOBODY)

    assert page.selected is None


def test_the_arrow_keys_lead_from_list_to_list_in_their_column_and_past_an_empty_one(make: MakePage) -> None:
    page = make([listed(POPULAR), listed(NEWEST, ()), listed(HUB)])
    popular, _, hub = page.sections.values()
    assert popular.grid.columns == 4
    page.focus_cards()
    popular.grid.select_row(10)

    QTest.keyClick(popular.grid, Qt.Key.Key_Down)
    assert (page.selected, hub.grid.currentIndex().row()) == (rows_of(HUB)[2], 2)
    QTest.keyClick(hub.grid, Qt.Key.Key_Up)
    assert (page.selected, popular.grid.currentIndex().row()) == (rows_of(POPULAR)[10], 10)
    popular.grid.select_row(1)
    QTest.keyClick(popular.grid, Qt.Key.Key_Up)

    assert popular.grid.currentIndex().row() == 1


def test_a_card_that_the_keys_reach_is_brought_into_view_with_the_name_of_its_list(make: MakePage) -> None:
    page = make(height=320)
    last, hub = page.sections[NEWEST].grid, page.sections[HUB].grid
    last.select_row(LISTED - 1)

    QTest.keyClick(last, Qt.Key.Key_Down)

    QApplication.processEvents()
    assert 0 <= top_of(page, hub, hub.currentIndex().row()) <= page.area.height() - 124
    QTest.keyClick(hub, Qt.Key.Key_End)
    assert 0 <= top_of(page, hub, LISTED - 1) <= page.area.height() - 124
    hub.select_row(0)
    assert top_of(page, hub) >= 40


def test_the_tab_key_stops_once_among_all_the_cards(make: MakePage) -> None:
    page = make([listed(POPULAR, ()), listed(NEWEST), listed(HUB)])
    titles = {section.grid.accessibleName() for section in page.sections.values()}

    def names() -> list[str]:
        return [accessible_name(widget) for widget in tab_route(page.source)]

    assert titles.intersection(names()) == {"Ollama, newest"}
    click(page.sections[HUB], 3)
    assert titles.intersection(names()) == {"Hugging Face, trending"}
    page.source.choose(1)
    page.focus_cards()
    assert page.focusWidget() is page.sections[NEWEST].grid
    page.source.choose(0)
    assert [name for name in names() if name.startswith("Refresh")] == [
        "Refresh trending",
        "Refresh: Ollama, most popular",
        "Refresh: Ollama, newest",
        "Refresh: Hugging Face, trending",
    ]


def test_the_cards_in_view_are_those_that_are_seen(make: MakePage) -> None:
    page = make(height=400)
    assert page.in_view == rows_of(POPULAR)[:12]
    page.resize(WIDE, 300)
    QApplication.processEvents()
    assert page.in_view == rows_of(POPULAR)[:8]

    page.area.verticalScrollBar().setValue(page.area.verticalScrollBar().maximum())
    QApplication.processEvents()

    assert page.in_view == rows_of(HUB)[4:]


def test_what_is_in_view_is_told_once_it_has_been_the_same_for_a_moment(make: MakePage, qtbot: QtBot) -> None:
    page = make()
    with qtbot.waitSignal(page.settled):
        page.area.verticalScrollBar().setValue(200)


class German(QTranslator):
    """Texts as long as German makes them."""

    def translate(self, context: str, text: str, comment: str | None = None, count: int = -1) -> str:
        words = {"Fits GPU": "Passt in die Grafikkarte", "RAM only": "Nur Arbeitsspeicher", "M": "Mio.", "B": "Mrd."}
        return words.get(text, f"{text}{'n' * (len(text) // 3)}")

    def isEmpty(self) -> bool:
        return False


@pytest.fixture
def german(themed: QApplication) -> Iterator[None]:
    translator = German()
    themed.installTranslator(translator)
    before = QLocale()
    QLocale.setDefault(QLocale("de_DE"))
    yield
    QLocale.setDefault(before)
    themed.removeTranslator(translator)


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize(
    ("width", "columns", "narrow"), [(NARROW, 2, True), (BESIDE_PANEL, 3, False), (WIDE, 4, False)]
)
def test_german_lengths_find_room_at_every_width(make: MakePage, width: int, columns: int, *, narrow: bool) -> None:
    page = make(width=width)
    page.set_narrow(narrow)
    QApplication.processEvents()

    assert page.minimumSizeHint().width() <= page.width() == width
    assert {section.grid.columns for section in page.sections.values()} == {columns}
    for widget in (page.source, page.refresh, page.small_refresh, *page.sections.values()):
        assert widget.isHidden() or widget.mapTo(page, QPoint(widget.width(), 0)).x() <= width
    assert widest_fit_pill() <= 280 - 2 * 14
