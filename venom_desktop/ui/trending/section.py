"""One list of the tab: its name and age, what its source has to say, and its cards."""

from collections.abc import Collection

from PySide6.QtCore import Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QWidget

from venom_desktop.core.catalog.filters import Key
from venom_desktop.core.catalog.trending import Trend, TrendingList
from venom_desktop.ui.catalog.source_banners import SourceBanner
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.trending.card_painter import GAP
from venom_desktop.ui.trending.cards import CardModel
from venom_desktop.ui.trending.grid import CardGrid
from venom_desktop.ui.trending.words import note_of, title_of
from venom_desktop.ui.widgets import ElidedLabel, Label, ToolButton, column, row, wrapped


class Section(QWidget):
    """`refresh_wanted` asks for this list alone."""

    refresh_wanted = QtSignal()

    def __init__(self, trend: Trend) -> None:
        super().__init__()
        self.trend = trend
        title = title_of(trend)
        self._note = ElidedLabel("", "small", tone="text2")
        self._list: TrendingList | None = None
        self.refresh = ToolButton(
            "refresh", tr("Refresh: {list}", list=title), icon_size=16, on_click=self.refresh_wanted.emit
        )
        self.banner = SourceBanner()
        self.banner.again_wanted.connect(self.refresh_wanted)
        self.cards = CardModel()
        self.grid = CardGrid(title, self.cards)
        self._nothing = Label(tr("The source lists nothing at the moment."), tone="text2")
        self._told = wrapped(column(self.banner, self._nothing, margins=(0, 2, 0, GAP)))
        head = row(Label(title, "strong"), (self._note, 1), self.refresh, spacing=10, margins=(0, 0, 0, 4))
        self.setLayout(column(head, self._told, self.grid, spacing=0, margins=(16, 0, 0, 8)))
        self.set_stop(stops=False)

    @property
    def note(self) -> str:
        """How old the list is, and what it covers."""
        return self._note.text()

    def show_list(self, shown: TrendingList, here: Collection[Key]) -> None:
        """Take the list as it is now; a card that stays selected is found again wherever it stands."""
        self._list = shown
        before = self.grid.selected
        self.cards.show_entries(shown.rows, here)
        if before is not None and self.grid.selected is None:
            self.grid.select_row(self.cards.row_of(before.key))
        self.show_age()

    def show_age(self) -> None:
        """Say anew how old the list is: time has passed."""
        shown = self._list
        if shown is None:
            return
        self._note.setText(note_of(self.trend, shown.source))
        self.banner.show_source(shown.source)
        silent = not shown.rows and not shown.source.loading and shown.source.error is None
        self._nothing.setVisible(silent)
        self._told.setVisible(silent or not self.banner.isHidden())
        self.grid.setVisible(bool(shown.rows))

    def set_stop(self, *, stops: bool) -> None:
        """Whether the Tab key stops at the cards: of all the lists it does at one, or it would choose in each."""
        policy = Qt.FocusPolicy
        self.grid.setFocusPolicy(policy.StrongFocus if stops else policy.ClickFocus)
