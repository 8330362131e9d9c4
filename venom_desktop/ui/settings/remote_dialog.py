"""Adds or changes a server elsewhere: its address, a key that is never shown, prices, and a try before it is kept."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from venom_desktop.core.errors import InvalidInput, KeyTravelsOpenly
from venom_desktop.core.governance.base import MOST_REQUESTS, NO_TERMS, Terms
from venom_desktop.core.runtimes.remote_base import RemoteDraft, RemoteKind, host_of
from venom_desktop.core.runtimes.remotes import Tried
from venom_desktop.ui import theme
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.dialogs import Dialog, Question, ask
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.installed.form import OptionalNumber
from venom_desktop.ui.messages import message_of
from venom_desktop.ui.remote_words import kind_words, tried_words
from venom_desktop.ui.settings.path_row import path_label
from venom_desktop.ui.settings.picking import Picker
from venom_desktop.ui.theme_tokens import ColorRole
from venom_desktop.ui.widgets import Button, Choice, Label, ToolButton, column, row, wrapped

TRY_KEY = "settings.remote.try"
SAVE_KEY = "settings.remote.save"
FIELD_WIDTH = 300
DIALOG_WIDTH = 520
T = TypeVar("T")
NEW = RemoteDraft(title="", kind=RemoteKind.OPENAI, url="")
Save = Callable[[RemoteDraft, str | None, bool], Awaitable[object]]
"""With draft, key (None leaves what is kept, "" removes it) and whether the key may travel openly."""
Try = Callable[[RemoteDraft, str | None, bool], Awaitable[Tried]]


class RemoteDialog(Dialog):
    """Stays open until `save` has taken what was typed; what it refuses is said in place. `mask` is of a kept key."""

    def __init__(
        self,
        parent: QWidget,
        bridge: Bridge,
        *,
        save: Save,
        try_out: Try,
        picker: Picker,
        draft: RemoteDraft = NEW,
        mask: str | None = None,
    ) -> None:
        new = draft == NEW
        title = tr("Add a server") if new else tr("Change {server}", server=draft.title)
        super().__init__(parent, title, safe=tr("Cancel"), action=tr("Add server") if new else tr("Save"))
        self._bridge, self._save, self._try_out, self._picker = bridge, save, try_out, picker
        self._certificate_file = draft.certificate_file
        self.title = _line(draft.title, tr("Lab box"))
        self.kind = Choice(tr("Kind"), [(kind, kind_words(kind)) for kind in (RemoteKind.OPENAI, RemoteKind.OLLAMA)])
        self.kind.choose(draft.kind)
        self.url = _line(draft.url, "https://models.example.org:8000")
        self.key = _line("", tr("Kept: {mask}", mask=mask) if mask else tr("None"))
        self.key.setEchoMode(QLineEdit.EchoMode.Password)
        self.key.setAccessibleName(tr("Key"))
        self.forget_button = ToolButton("close", tr("Remove the kept key"), icon_size=14, on_click=self._forget_key)
        self.forget_button.setVisible(mask is not None)
        self._forgets = False
        self.input_usd = _line(_price_text(draft.terms.input_usd), tr("unknown"))
        self.output_usd = _line(_price_text(draft.terms.output_usd), tr("unknown"))
        self.limit = OptionalNumber(1, MOST_REQUESTS, automatic=tr("No limit"))
        self.limit.show_number(draft.terms.requests_per_minute)
        self.authority = path_label()
        self.choose_button = Button(tr("Choose…"), size="dense", on_click=self._choose_authority)
        self.clear_button = ToolButton(
            "close", tr("Trust the system's authorities"), icon_size=14, on_click=lambda: self._show_authority(None)
        )
        self.try_button = Button(tr("Test"), icon="refresh", size="dense", on_click=self.try_now)
        self.told = Label("", "small", tone="text2", wrap=True)
        self._place()
        self._show_authority(draft.certificate_file)
        self.setMinimumWidth(DIALOG_WIDTH)
        for field in (self.title, self.url):
            field.textChanged.connect(lambda _: self._judge())
        self._judge()

    @property
    def draft(self) -> RemoteDraft:
        """What was typed. Raises `InvalidInput` for a price that is no number."""
        kind = self.kind.value
        return RemoteDraft(
            title=self.title.text(),
            kind=kind if isinstance(kind, RemoteKind) else RemoteKind.OPENAI,
            url=self.url.text(),
            certificate_file=self._certificate_file,
            terms=Terms(
                input_usd=_price(self.input_usd.text()),
                output_usd=_price(self.output_usd.text()),
                requests_per_minute=self.limit.number,
            ),
        )

    def try_now(self) -> None:
        """Ask the server as it is described now."""
        self._run(TRY_KEY, self._try())

    def accept(self) -> None:
        if self.action.isEnabled():
            self._run(SAVE_KEY, self._keep())

    def done(self, result: int) -> None:
        # A dialog that waits to be deleted must not hold a key.
        self.key.clear()
        for work in (TRY_KEY, SAVE_KEY):
            self._bridge.cancel(work)
        super().done(result)

    def event(self, event: QEvent) -> bool:
        handled = super().event(event)
        if event.type() is QEvent.Type.LayoutRequest:
            # Before it the layout remembers the height of the sentence that was there.
            self._grow()
        return handled

    def focus_first(self) -> None:
        self.title.setFocus(Qt.FocusReason.TabFocusReason)

    def _place(self) -> None:
        authority = wrapped(row((self.authority, 1), self.choose_button, self.clear_button, spacing=8))
        prices = wrapped(row((self.input_usd, 1), Label(tr("in"), tone="text2"), (self.output_usd, 1),
                             Label(tr("out"), tone="text2"), spacing=6))  # fmt: skip
        self.input_usd.setAccessibleName(tr("Dollars per million tokens in"))
        self.output_usd.setAccessibleName(tr("Dollars per million tokens out"))
        lines = [
            (tr("Name"), self.title),
            (tr("Kind"), self.kind),
            (tr("Address"), self.url),
            (tr("Key"), wrapped(row((self.key, 1), self.forget_button, spacing=8))),
            (tr("Authority of its certificate"), authority),
            (tr("Dollars per million tokens"), prices),
            (tr("Requests a minute"), self.limit),
        ]
        form: QVBoxLayout = column(*(_named(words, field) for words, field in lines), spacing=8)
        self.body.addLayout(form)
        self.body.addSpacing(4)
        self.body.addLayout(row(self.try_button, (self.told, 1), spacing=12))

    def _judge(self) -> None:
        ready = bool(self.title.text().strip() and self.url.text().strip())
        for button, usable in ((self.action, ready), (self.try_button, bool(self.url.text().strip()))):
            if usable:
                button.allow()
            else:
                button.forbid(tr("Enter a name and an address first"))

    def _typed_key(self) -> str | None:
        return self.key.text().strip() or ("" if self._forgets else None)

    def _forget_key(self) -> None:
        """Until it is saved, Cancel takes this back."""
        self._forgets = True
        self.forget_button.hide()
        self.key.clear()
        self.key.setPlaceholderText(tr("Removed when you save"))
        self.key.setFocus()

    def _run(self, key: str, work: Awaitable[None]) -> None:
        async def awaited() -> None:
            await work

        self._bridge.start(key, awaited(), on_error=self._show_problem)

    async def _try(self) -> None:
        draft = self.draft
        self._say(tr("Asking {address}…", address=host_of(draft.url) or draft.url.strip()), "text2")
        asked = RemoteDraft(
            title=draft.title.strip() or tr("The server"),
            kind=draft.kind,
            url=draft.url,
            certificate_file=draft.certificate_file,
        )
        found = await self._unless_open(partial(self._try_out, asked, self._typed_key()))
        if found is not None:
            self._say(tried_words(draft.kind, found), "ok")

    async def _keep(self) -> None:
        kept = await self._unless_open(partial(self._save, self.draft, self._typed_key()))
        if kept is not None:
            super().accept()

    def _grow(self) -> None:
        """As high as the sentence needs."""
        layout = self.layout()
        if layout is not None:
            self.resize(self.width(), max(self.height(), layout.totalHeightForWidth(self.width())))

    async def _unless_open(self, work: Callable[[bool], Awaitable[T]]) -> T | None:
        """What `work` gives; a key that would travel openly is asked about first, None when it shall not."""
        try:
            return await work(False)
        except KeyTravelsOpenly as error:
            if not await ask(self, _open_question(str(error.parameters["host"]))):
                return None
            return await work(True)

    def _choose_authority(self) -> None:
        self._run("settings.remote.authority", self._pick_authority())

    async def _pick_authority(self) -> None:
        start = self._certificate_file.parent if self._certificate_file else Path.home()
        chosen = await self._picker.file(self, tr("Choose the authority's certificates (PEM)"), start)
        if chosen is not None:
            self._show_authority(chosen)

    def _show_authority(self, file: Path | None) -> None:
        self._certificate_file = file
        self.authority.setText(tr("The system's") if file is None else str(file))
        self.clear_button.setVisible(file is not None)

    def _show_problem(self, error: Exception) -> None:
        message = message_of(error)
        self._say(message.sentence, "bad", tip=message.tip)

    def _say(self, sentence: str, tone: ColorRole, *, tip: str = "") -> None:
        self.told.setText(sentence)
        self.told.set_tone(tone)
        self.told.setToolTip(tip)


def _open_question(host: str) -> Question:
    return Question(
        title=tr("Send the key without encryption?"),
        consequence=tr(
            "{host} is another machine and its address is plain http: whoever is on the way could read the key. "
            "Use https if the server offers it.",
            host=host,
        ),
        safe=tr("Do not send it"),
        action=tr("Send it all the same"),
    )


def _named(words: str, field: QWidget) -> QWidget:
    field.setAccessibleName(words)
    field.setFixedWidth(FIELD_WIDTH)
    label = Label(words)
    label.setBuddy(field)
    return wrapped(row((label, 1), field, spacing=16))


def _line(text: str, hint: str) -> QLineEdit:
    line = QLineEdit(text)
    line.setPlaceholderText(hint)
    theme.set_font(line, "body")
    return line


def _price(text: str) -> float | None:
    """None for an empty field: the price is unknown. Raises `InvalidInput`."""
    bare = text.strip().replace(",", ".").removeprefix("$")
    if not bare:
        return NO_TERMS.input_usd
    try:
        return float(bare)
    except ValueError as error:
        raise InvalidInput(problem="A price is a number of dollars, or nothing when it is unknown.") from error


def _price_text(price: float | None) -> str:
    return "" if price is None else f"{price:g}"
