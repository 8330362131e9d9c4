"""The conversation of the prompt panel: its exchanges below each other, following the newest word."""

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from venom_desktop.core.errors import Cure
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.runtime.prompt_exchange import ExchangeView
from venom_desktop.ui.runtime.prompt_session import Exchange, PromptSession
from venom_desktop.ui.widgets import column, scrolling

NEAR_END = 24
"""Pixels: who scrolled further up than that wants to read there."""


class ConversationView(QWidget):
    def __init__(self, session: PromptSession, on_cure: Callable[[Cure], object]) -> None:
        super().__init__()
        self._session = session
        self._on_cure = on_cure
        self._follows = True
        self._views: dict[int, ExchangeView] = {}
        content = QWidget()
        self._rows: QVBoxLayout = column(None, spacing=18, margins=(20, 6, 20, 10))
        content.setLayout(self._rows)
        self.area = scrolling(content)
        self.area.setAccessibleName(tr("Conversation"))
        bar = self.area.verticalScrollBar()
        bar.valueChanged.connect(self._judge)
        bar.rangeChanged.connect(lambda *_: self._follow())
        self.setLayout(column((self.area, 1), spacing=0))

    @property
    def views(self) -> list[ExchangeView]:
        """From the oldest to the newest."""
        return list(self._views.values())

    def show_exchanges(self, exchanges: Sequence[Exchange]) -> None:
        """Take away what is gone and add what is new."""
        wanted = {exchange.number: exchange for exchange in exchanges}
        for number in tuple(self._views):
            if number not in wanted:
                view = self._views.pop(number)
                view.hide()
                self._rows.removeWidget(view)
                view.deleteLater()
        for number, exchange in wanted.items():
            if number not in self._views:
                self._add(exchange)

    def show_changed(self, exchanges: Sequence[Exchange]) -> None:
        for exchange in exchanges:
            view = self._views.get(exchange.number)
            if view is not None:
                view.show_exchange(exchange)

    def _add(self, exchange: Exchange) -> None:
        view = ExchangeView(self._session, exchange, self._on_cure)
        self._views[exchange.number] = view
        self._rows.insertWidget(self._rows.count() - 1, view)
        self._follows = True
        self._follow()

    def _judge(self, value: int) -> None:
        self._follows = value >= self.area.verticalScrollBar().maximum() - NEAR_END

    def _follow(self) -> None:
        if self._follows:
            bar = self.area.verticalScrollBar()
            bar.setValue(bar.maximum())
