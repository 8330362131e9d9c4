"""What the tab shows while nothing is installed: one model that suits this machine, in one click."""

from datetime import datetime

from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QWidget

from venom_desktop.core.host.sample import HostSample
from venom_desktop.ui.catalog.first_start import Phase, Start
from venom_desktop.ui.i18n import date, duration_left, facts, gigabytes, gigabytes_of, percent, plural, speed, tr
from venom_desktop.ui.messages import message_of, message_of_operation
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
SMALL_BYTES = 6_000_000_000


class FirstRunPage(QWidget):
    """Hero, a sentence on this machine, three cards and the way to the whole catalog."""

    install_wanted = QtSignal()
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
        cards = row((self.card, 1), (_here_card(), 1), (_cloud_card(), 1), spacing=GAP)
        foot = row(self._note_icon, (self._note, 1), self.browse)
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
        self._start = Start()
        head = row(Icon("download", 24, "accent_text"), None, self._pill)
        progress = wrapped(column(self._bar, self._figures, spacing=6))
        self._progress = progress
        super().__init__(
            "card",
            column(
                *(head, 12, self._title, 4, self._text, None, 8, progress, 8, self.button),
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
        self._title.setText(_title(start))
        self._text.setText(_text(start))
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
        self._figures.setText(_figures(start, fraction))

    def _show_button(self, start: Start) -> None:
        text, icon, reason = _button(start)
        self.button.set_content(text, icon)
        if reason is None:
            self.button.allow()
        else:
            self.button.forbid(reason)

    def _press(self) -> None:
        match self._start.phase:
            case Phase.READY:
                self._page.prompt_wanted.emit()
            case Phase.NOTHING_FITS:
                self._page.browse_wanted.emit()
            case _:
                self._page.install_wanted.emit()


def machine_sentence(host: HostSample) -> str:
    """ "This computer has 16 cores, 33.5 GB of memory and no graphics card that models can use. ..." """
    cores = plural("{count} core", "{count} cores", host.cpu_count)
    memory = gigabytes(host.memory_total_bytes)
    if host.memory_total_bytes < SMALL_BYTES:
        outlook = tr("Very small models will answer.")
    else:
        outlook = tr("Small models will answer well.")
    if host.gpus:
        text = tr(
            "This computer has {cores} and {memory} of memory. The built-in engine does not use its {card} yet.",
            cores=cores,
            memory=memory,
            card=host.gpus[0].name,
        )
    else:
        text = tr(
            "This computer has {cores}, {memory} of memory and no graphics card that models can use.",
            cores=cores,
            memory=memory,
        )
    return f"{text} {outlook}"


def _title(start: Start) -> str:
    if start.suggestion is None:
        return tr("Install a model")
    if start.phase is Phase.READY:
        return tr("{model} is ready", model=start.suggestion.title)
    return tr("Install {model}", model=start.suggestion.title)


def _text(start: Start) -> str:
    match start.phase:
        case Phase.LOOKING:
            return tr("Looking for a model that suits this machine.")
        case Phase.NOTHING_FITS:
            return tr("No suggested model fits into the memory that is free now. Close other programs, or browse.")
        case Phase.FAILED:
            message = message_of_operation(start.operation) if start.operation else None
            error = message_of(start.error) if start.error else None
            return (error or message or message_of(RuntimeError())).sentence
        case Phase.READY:
            return tr("It is installed, verified and active: ask it something in the Runtime tab.")
        case Phase.OFFERED | Phase.INSTALLING | Phase.PAUSED | Phase.ACTIVATING:
            return tr(
                "A good all-round model for this machine. Runs with the built-in llama.cpp: nothing else to install."
            )


def _figures(start: Start, fraction: float | None) -> str:
    operation = start.operation
    if start.phase is Phase.ACTIVATING:
        return tr("Loading it into memory")
    if operation is None:
        return ""
    done = gigabytes_of(operation.done_bytes, operation.total_bytes) if operation.done_bytes else None
    if start.phase is Phase.PAUSED:
        return facts(tr("Paused"), done)
    rate = speed(operation.bytes_per_s) if operation.bytes_per_s else None
    left = duration_left(operation.eta_s) if operation.eta_s is not None else None
    return facts(percent(fraction) if fraction is not None else tr("Starting"), rate, left)


def _button(start: Start) -> tuple[str, str | None, str | None]:
    """Words, icon, and why it cannot be pressed."""
    size = start.suggestion.size_bytes if start.suggestion else None
    match start.phase:
        case Phase.LOOKING:
            return tr("Install"), "download", tr("A suitable model is being looked for")
        case Phase.NOTHING_FITS:
            return tr("Browse the catalog"), None, None
        case Phase.OFFERED:
            text = tr("Install · {size}", size=gigabytes(size)) if size is not None else tr("Install")
            return text, "download", None
        case Phase.INSTALLING:
            return tr("Installing…"), None, tr("It is being installed: pause or cancel it below")
        case Phase.PAUSED:
            return tr("Resume"), "play", None
        case Phase.ACTIVATING:
            return tr("Activating…"), None, tr("It is being loaded")
        case Phase.FAILED:
            return tr("Retry"), "refresh", None
        case Phase.READY:
            return tr("Try a prompt"), "send", None


def _card(icon: str, title: str, text: str, *, button: Button) -> Frame:
    words = Label(text, tone="text2", wrap=True)
    words.setMinimumHeight(64)
    head = row(Icon(icon, 24, "text3"), None, Pill(PillLook(text=tr("Not yet"))))
    items = (head, 12, Label(title, "heading", wrap=True), 4, words, None, 12, button)
    return Frame("card", column(*items, spacing=0, margins=(18, 18, 18, 16)))


def _later(words: str, reason: str) -> Button:
    button = Button(words, size="large")
    button.forbid(reason)
    return button


def _here_card() -> Frame:
    return _card(
        "installed",
        tr("Use what is here"),
        tr("A later version finds the models of Ollama and the GGUF files on this computer."),
        button=_later(tr("Import a file…"), tr("This version installs from the catalog alone")),
    )


def _cloud_card() -> Frame:
    return _card(
        "cloud",
        tr("Use a cloud model"),
        tr(
            "A later version answers through OpenAI or Google with your own key. Until then all stays on this computer."
        ),
        button=_later(tr("Add a key…"), tr("This version has no cloud models")),
    )
