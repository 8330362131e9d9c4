"""Servers elsewhere as compact cards: how each stands, what answers there, and what can be done from here."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QToolButton, QWidget

from venom_desktop.core.errors import Cure
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.registry.names import is_remote
from venom_desktop.core.runtimes.base import Runtime, RuntimeSnapshot, RuntimeState, ServerRuntime
from venom_desktop.core.runtimes.remote_base import host_of
from venom_desktop.ui import icons
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.i18n import facts, plural, tr
from venom_desktop.ui.messages import message_of
from venom_desktop.ui.remote_words import remote_look
from venom_desktop.ui.runtime.card_grid import CardLayout
from venom_desktop.ui.runtime.prompt_words import short_name
from venom_desktop.ui.runtime.verbs import RuntimeVerbs
from venom_desktop.ui.theme_tokens import ColorRole
from venom_desktop.ui.widgets import ElidedLabel, Frame, Icon, Label, Menu, Pill, ToolButton, column, row


class RemoteCard(Frame):
    """One line of name and one of facts, the state, and a menu."""

    def __init__(self, title: str, fill: Callable[[Menu], None]) -> None:
        self.title = Label(title, "strong")
        self.detail = ElidedLabel("", "small", tone="text2")
        self.pill = Pill(remote_look(RuntimeSnapshot(name="", title=title, state=RuntimeState.STOPPED)))
        self.more = ToolButton("more", tr("More"), icon_size=16)
        words = column(self.title, self.detail, spacing=2)
        super().__init__("card", row(Icon("cloud", 18, "text2"), (words, 1), self.pill, self.more, spacing=10,
                                     margins=(14, 9, 10, 9)))  # fmt: skip
        self.menu = Menu(self)
        self.more.setMenu(self.menu)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu.aboutToShow.connect(lambda: fill(self.menu))
        self.setAccessibleName(title)

    def show_state(self, snapshot: RuntimeSnapshot, detail: str, tone: ColorRole, *, current: bool) -> None:
        self.title.setText(snapshot.title)
        self.detail.setText(detail)
        self.detail.set_tone(tone)
        self.pill.show_look(remote_look(snapshot))
        self.set_current(current)
        self.setAccessibleName(snapshot.title)
        self.setAccessibleDescription(facts(self.pill.look.text, detail))


class RemoteCards(QWidget):
    """Follows servers that come and go; hidden while there is none. `cure_wanted` carries what leads elsewhere."""

    cure_wanted = QtSignal(object)

    def __init__(
        self,
        bridge: Bridge,
        runtimes: Mapping[str, Runtime],
        *,
        verbs: RuntimeVerbs,
        active: Callable[[], ModelKey | None],
        count: Callable[[str], int | None],
    ) -> None:
        super().__init__()
        self._bridge, self._runtimes, self._verbs = bridge, runtimes, verbs
        self._active, self._count = active, count
        self._refused: dict[str, tuple[Exception, RuntimeSnapshot]] = {}
        self.cards: dict[str, RemoteCard] = {}
        self._layout = CardLayout()
        self.setLayout(self._layout)

    def show_state(self) -> None:
        self._follow()
        for name, card in self.cards.items():
            self._show(card, self._runtimes[name].snapshot)
        self.setVisible(bool(self.cards))

    def refuse(self, name: str, error: Exception) -> None:
        """Say on the card why something could not be done, until it stands otherwise."""
        self._refused[name] = (error, self._runtimes[name].snapshot)
        self.show_state()

    def ask_again(self, name: str) -> None:
        """Look how the server stands."""
        runtime = self._runtimes[name]
        if isinstance(runtime, ServerRuntime):
            self._run(name, partial(runtime.refresh))

    def activate_last(self, name: str) -> None:
        self._run(name, partial(self._verbs.activate_last, name))

    def _follow(self) -> None:
        now = [name for name in self._runtimes if is_remote(name)]
        for name in [name for name in self.cards if name not in now]:
            card = self.cards.pop(name)
            self._refused.pop(name, None)
            self._layout.removeWidget(card)
            card.deleteLater()
        for name in now:
            if name not in self.cards:
                title = self._runtimes[name].snapshot.title
                self.cards[name] = RemoteCard(title, partial(self._fill, name))
                self._layout.addWidget(self.cards[name])

    def _show(self, card: RemoteCard, snapshot: RuntimeSnapshot) -> None:
        error = self._refusal(snapshot) or snapshot.error
        key = self._active()
        current = key is not None and key.runtime == snapshot.name and snapshot.error is None
        if error is not None:
            card.show_state(snapshot, message_of(error).sentence, "bad", current=current)
        elif current and key is not None:
            text = tr("Active · {model} answers here", model=short_name(key.name))
            card.show_state(snapshot, text, "accent_text", current=True)
        else:
            text = self._facts(snapshot)
            card.show_state(snapshot, text, "text2", current=False)

    def _facts(self, snapshot: RuntimeSnapshot) -> str:
        count = self._count(snapshot.name)
        models = None if count is None else plural("{count} model", "{count} models", count)
        return facts(host_of(snapshot.endpoint or ""), models)

    def _refusal(self, now: RuntimeSnapshot) -> Exception | None:
        error, before = self._refused.get(now.name, (None, None))
        if before is not None and (before.state, before.loaded) != (now.state, now.loaded):
            self._refused.pop(now.name, None)
            return None
        return error

    def _fill(self, name: str, menu: Menu) -> None:
        menu.clear()
        snapshot, last = self._runtimes[name].snapshot, self._verbs.last_model(name)
        if last is not None:
            words = tr("Activate {name}", name=short_name(last))
            activate = menu.addAction(icons.icon("bolt"), words, partial(self.activate_last, name))
            activate.setEnabled(self._active() != ModelKey(name=last, runtime=name))
            menu.addSeparator()
        menu.addAction(icons.icon("refresh"), tr("Ask it again"), partial(self.ask_again, name))
        menu.addAction(icons.icon("copy"), tr("Copy the server's address"), partial(_copy, f"{snapshot.endpoint}/v1"))
        menu.addAction(icons.icon("settings"), tr("Remote servers…"), partial(self.cure_wanted.emit, Cure.OPEN_REMOTES))

    def _run(self, name: str, work: Callable[[], Awaitable[object]]) -> None:
        self._refused.pop(name, None)

        async def awaited() -> None:
            await work()
            self.show_state()

        self._bridge.start(f"runtime {name}", awaited(), on_error=partial(self.refuse, name))


def _copy(text: str) -> None:
    QGuiApplication.clipboard().setText(text)
