"""What the tab shows while nothing is installed: one model that suits this machine, in one click."""

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from venom_desktop.core.host.sample import HostSample
from venom_desktop.ui.catalog.first_start import Phase, Start
from venom_desktop.ui.catalog.first_words import (
    Press,
    button_words,
    card_sentence,
    card_title,
    figures,
    found_sentence,
    machine_sentence,
    second_words,
    use_words,
)
from venom_desktop.ui.catalog.found_server import Found, Use
from venom_desktop.ui.i18n import date, plural, tr
from venom_desktop.ui.widgets import (
    Bar,
    Button,
    Frame,
    Icon,
    Label,
    Pill,
    PillLook,
    column,
    fit_look,
    row,
    scrolling,
    wrapped,
)

CARD_WIDTH = 300
GAP = 16


class FirstRunPage(QWidget):
    """Hero, a sentence on this machine, three cards and the way to the whole catalog."""

    install_wanted = QtSignal()
    use_wanted = QtSignal()
    look_wanted = QtSignal()
    import_wanted = QtSignal()
    prompt_wanted = QtSignal()
    browse_wanted = QtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._machine = Label(tone="text2", wrap=True)
        self.card = SuggestionCard(self)
        self._note = Label("", "small", tone="text2", wrap=True)
        self._note_icon = Icon("info", role="text3")
        self.browse = Button(
            tr("Browse the catalog"), "quiet", icon="right", trailing=True, on_click=self.browse_wanted.emit
        )
        self.file_card = FileCard(self.import_wanted.emit)
        self.server_card = ServerCard(on_use=self.use_wanted.emit, on_ask=self.prompt_wanted.emit)
        self._import = Button(tr("Import a file…"), "quiet", icon="plus", on_click=self.import_wanted.emit)
        policy = self.browse.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.browse.setSizePolicy(policy)
        cards = row((self.card, 1), (self.server_card, 1), (self.file_card, 1), (_cloud_card(), 1), spacing=GAP)
        foot = row(self._note_icon, (self._note, 1), self._import, self.browse)
        content = wrapped(
            column(Label(tr("Run your first model"), "hero"), 6, self._machine, 24, cards, 20, foot, spacing=0)
        )
        content.setMaximumWidth(3 * CARD_WIDTH + 2 * GAP)
        page = QWidget()
        page.setLayout(
            column((QWidget(), 4), row(None, (content, 1000), None), (QWidget(), 5), margins=(24, 24, 24, 24))
        )
        self.setLayout(column(scrolling(page)))
        self.show_list(None)
        self.show_found(None)

    def show_host(self, host: HostSample) -> None:
        """The sentence on this machine."""
        self._machine.setText(machine_sentence(host))

    def show_list(self, bundled_as_of: datetime | None) -> None:
        """Say which list the catalog starts with, when it is the one that came with the program."""
        shown = bundled_as_of is not None
        text = tr("The catalog starts with the list that came with this app, dated {date}.", date=date(bundled_as_of))
        self._note.setText(text if shown else "")
        self._note_icon.setVisible(shown)

    def show_start(self, start: Start) -> None:
        self.card.show_start(start)
        # Not twice on one page.
        self.browse.setVisible(button_words(start).press is not Press.BROWSE)

    def show_found(self, found: Found | None) -> None:
        """The server with models that runs here; without one its place is for a file of the user's own."""
        self.server_card.setVisible(found is not None)
        self.file_card.setVisible(found is None)
        self._import.setVisible(found is not None)
        if found is not None:
            self.server_card.show_found(found)


class SuggestionCard(Frame):
    """The card of the recommended model: offer, progress, activation, and what went wrong."""

    def __init__(self, page: FirstRunPage) -> None:
        self._page = page
        self._pill = Pill(PillLook(text=""))
        self._title, self._text = Label("", "heading", wrap=True), Label(tone="text2", wrap=True)
        self._text.setMinimumHeight(64)
        self._bar = Bar(tr("Progress of the first model"))
        self._figures = Label("", "small", tone="text2")
        self.button = Button("", "primary", size="large", on_click=self._press)
        self.second = Button("", "quiet", size="large", on_click=page.install_wanted.emit)
        # Its gap goes with it: the buttons of the three cards stand in one line.
        self._second_place = wrapped(column(self.second, margins=(0, 4, 0, 0)))
        self._start = Start()
        head = row(Icon("download", 24, "accent_text"), None, self._pill)
        progress = wrapped(column(self._bar, self._figures, spacing=6))
        self._progress = progress
        super().__init__(
            "card",
            column(
                *(head, 12, self._title, 4, self._text, None, 8, progress, 8, self.button, self._second_place),
                spacing=0,
                margins=(18, 18, 18, 16),
            ),
        )
        self.show_start(self._start)

    @property
    def sentence(self) -> str:
        return self._text.text()

    @property
    def figures(self) -> str:
        return self._figures.text()

    def show_start(self, start: Start) -> None:
        self._start = start
        suggestion = start.suggestion
        self._title.setText(card_title(start))
        self._text.setText(card_sentence(start))
        self._text.set_tone("bad" if start.phase is Phase.FAILED else "text2")
        self._pill.setVisible(suggestion is not None and suggestion.verdict is not None)
        if suggestion is not None:
            self._pill.show_look(fit_look(suggestion.verdict))
        self._show_progress(start)
        self._show_button(start)

    def _show_progress(self, start: Start) -> None:
        runs = start.phase in (Phase.INSTALLING, Phase.PAUSED, Phase.ACTIVATING)
        self._progress.setVisible(runs)
        operation = start.operation
        known = operation is not None and operation.progress is not None and start.phase is not Phase.ACTIVATING
        fraction = operation.progress / 100 if known and operation and operation.progress is not None else None
        self._bar.show_progress(fraction, paused=start.phase is Phase.PAUSED)
        self._figures.setText(figures(start, fraction))

    def _show_button(self, start: Start) -> None:
        words = button_words(start)
        self.button.set_content(words.text, words.icon)
        if words.forbidden is None:
            self.button.allow()
        else:
            self.button.forbid(words.forbidden)
        second = second_words(start)
        self.second.setVisible(second is not None)
        self._second_place.setVisible(second is not None)
        self.second.set_content(second or "")

    def _press(self) -> None:
        match button_words(self._start).press:
            case Press.ASK:
                self._page.prompt_wanted.emit()
            case Press.BROWSE:
                self._page.browse_wanted.emit()
            case Press.LOOK_AGAIN:
                self._page.look_wanted.emit()
            case Press.INSTALL:
                self._page.install_wanted.emit()


class ServerCard(Frame):
    """A server that runs here with models of its own: they can be used as they are."""

    def __init__(self, *, on_use: Callable[[], object], on_ask: Callable[[], object]) -> None:
        self._on_use, self._on_ask = on_use, on_ask
        self._press = Use.OFFERED
        self._pill = Pill(PillLook(text=""))
        self._title = Label(tr("Use what is here"), "heading", wrap=True)
        self._text = Label(tone="text2", wrap=True)
        self._text.setMinimumHeight(64)
        self.button = Button("", size="large", on_click=self._pressed)
        head = row(Icon("installed", 24, "accent_text"), None, self._pill)
        inside = column(
            head, 12, self._title, 4, self._text, None, 12, self.button, spacing=0, margins=(18, 18, 18, 16)
        )
        super().__init__("card", inside)

    @property
    def sentence(self) -> str:
        return self._text.text()

    def show_found(self, found: Found) -> None:
        self._press = found.use
        count = plural("{count} model found", "{count} models found", found.count)
        self._pill.show_look(PillLook(text=count, glyph="check"))
        self._text.setText(found_sentence(found))
        self._text.set_tone("bad" if found.use is Use.FAILED else "text2")
        words = use_words(found)
        self.button.set_content(words.text, words.icon)
        if words.forbidden is None:
            self.button.allow()
        else:
            self.button.forbid(words.forbidden)

    def _pressed(self) -> None:
        if self._press is Use.READY:
            self._on_ask()
        else:
            self._on_use()


class FileCard(Frame):
    """The way for who has a model file already."""

    def __init__(self, on_import: Callable[[], object]) -> None:
        self.button = Button(tr("Import a file…"), icon="plus", size="large", on_click=on_import)
        text = tr("A GGUF file that is on this computer is checked and listed. It stays where it is.")
        super().__init__("card", _filled("installed", tr("Use a file you have"), text, button=self.button))


def _cloud_card() -> Frame:
    text = tr("OpenAI or Google with your own key. This version has no cloud models: all stays on this computer.")
    layout = _filled("cloud", tr("Use a cloud model"), text, later=tr("Later version"))
    return Frame("card", layout)


def _filled(icon: str, title: str, text: str, *, button: Button | None = None, later: str = "") -> QVBoxLayout:
    """The inside of a card; one that comes `later` is muted and has nothing to press."""
    words = Label(text, tone="text3" if later else "text2", wrap=True)
    words.setMinimumHeight(64)
    mark = Icon(icon, 24, "text3" if later else "accent_text")
    head = row(mark, None, Pill(PillLook(text=later))) if later else row(mark, None)
    heading = Label(title, "heading", tone="text2" if later else "text", wrap=True)
    foot = (12, button) if button is not None else ()
    return column(head, 12, heading, 4, words, None, *foot, spacing=0, margins=(18, 18, 18, 16))
