"""The panel beside the list: what the selected model is, whether it runs here, and the one button that brings it."""

from collections.abc import Collection

from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QSizePolicy, QWidget

from venom_desktop.core.catalog.base import SAFETENSORS_RUNTIME, CatalogEntry
from venom_desktop.core.errors import CloudOnly, Cure, ProfileForbidsRuntime
from venom_desktop.ui.catalog.gate import GateNote, need_of
from venom_desktop.ui.catalog.memory import ContextSlider, MemoryBar
from venom_desktop.ui.catalog.offers import offers_of
from venom_desktop.ui.catalog.presenter import NextStep, memory_use, recommended, short_list
from venom_desktop.ui.catalog.primary import dress_primary, impossible, runtime_note
from venom_desktop.ui.catalog.quantizations import QuantizationTable, in_card
from venom_desktop.ui.catalog.selection import Chosen
from venom_desktop.ui.catalog.words import (
    ABILITY_ICONS,
    abilities_of,
    ability_words,
    hue_of,
    license_words,
    provider_words,
    runtime_words,
)
from venom_desktop.ui.i18n import NO_BREAK, ago, count_short, facts, plural, tokens_short, tr
from venom_desktop.ui.messages import Message, message_of, show_message
from venom_desktop.ui.widgets import (
    Banner,
    Button,
    Choice,
    DetailsPanel,
    ElidedLabel,
    FlowLayout,
    Label,
    Tile,
    ToolButton,
    clear,
    column,
    pill,
    row,
    wrapped,
)


class CatalogDetails(DetailsPanel):
    """Shows a `Chosen` and a `NextStep`; tells what is pressed. Where it is `closable` it has a button for that."""

    quantization_chosen = QtSignal(str)
    context_chosen = QtSignal(int)
    runtime_chosen = QtSignal(str)
    primary_pressed = QtSignal()
    page_wanted = QtSignal()
    again_wanted = QtSignal()
    cure_wanted = QtSignal(object)
    closed = QtSignal()

    def __init__(self, *, closable: bool = False) -> None:
        super().__init__(tr("Details of the model"))
        self._chosen: Chosen | None = None
        self._all_shown = False
        self._failure: Message | None = None
        self._tile = Tile()
        self._name = Label("", "heading", wrap=True)
        self._source = ElidedLabel("", "small", tone="text2", middle=True)
        self._description = Label(tone="text2", wrap=True)
        self._counts = Label("", "small", tone="text3", wrap=True)
        self._pills = FlowLayout(6)
        self.banner = Banner("cure")
        self._has_token: bool | None = None
        self.gate = GateNote(
            on_page=self.page_wanted.emit,
            on_token=lambda: self.cure_wanted.emit(Cure.OPEN_TOKEN_SETTINGS),
            on_again=self.again_wanted.emit,
        )
        self.table = QuantizationTable()
        self._table_title = Label(tr("Quantization"), "strong")
        self._best = ElidedLabel("", tone="text2")
        self._best.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self._more = Button("", "quiet", size="dense", icon="down", on_click=self._show_all)
        self.context = ContextSlider()
        self.memory = MemoryBar()
        self.runtime = Choice(tr("Run with"))
        self._run_with = wrapped(row(Label(tr("Run with"), tone="text2"), (self.runtime, 1)))
        self._runtime_note = Label("", "small", tone="text2", wrap=True)
        self.primary = Button("", "primary", size="large", on_click=self.primary_pressed.emit)
        self._fill_body(closable=closable)
        self._fill_foot()
        self.table.label_chosen.connect(self.quantization_chosen)
        self.context.chosen.connect(self.context_chosen)
        self.runtime.chosen.connect(lambda name: self.runtime_chosen.emit(str(name)))
        self.table.enter_pressed.connect(self.primary_pressed)

    @property
    def runtime_note(self) -> str:
        """What is in the way of the runtime, "" when nothing is."""
        return self._runtime_note.text()

    def show_chosen(self, chosen: Chosen | None) -> None:
        """The whole panel but its button; None when no model is selected."""
        self.area.setVisible(chosen is not None)
        self.show_foot(chosen is not None)
        if chosen is None:
            self._chosen = None
            return
        if self._chosen is None or self._chosen.entry.key != chosen.entry.key:
            self._all_shown = False
            self._failure = None
            self.area.verticalScrollBar().setValue(0)
        before, self._chosen = self._chosen, chosen
        if before is None or before.entry is not chosen.entry:
            self._show_entry(chosen.entry)
        self._show_gate(chosen)
        self._show_problem(chosen)
        self._show_quantizations(chosen)
        self._show_memory(chosen)

    def show_runtimes(self, at_home: Collection[str]) -> None:
        """The runtimes to choose from; in those `at_home` something of the model is installed."""
        chosen = self._chosen
        if chosen is None:
            return
        self._run_with.setVisible(bool(chosen.offered))
        words = [
            (name, facts(runtime_words(name), tr("installed") if name in at_home else None)) for name in chosen.offered
        ]
        self.runtime.show_choices(words, chosen.runtime)

    def show_next(self, step: NextStep) -> None:
        """The primary button, and what it has to do first."""
        dress_primary(self.primary, step, self._chosen)
        note = runtime_note(step, self._chosen)
        self._runtime_note.setText(note)
        self._runtime_note.setVisible(bool(note))

    def show_failure(self, failure: Message | None) -> None:
        """What stopped an install or an activation of this model; None forgets it."""
        self._failure = failure
        if self._chosen is not None:
            self._show_problem(self._chosen)
        if failure is not None:
            self.area.ensureWidgetVisible(self.banner)

    def show_token(self, has_token: bool | None) -> None:
        """Whether the hub's token is there; None while that is not known."""
        self._has_token = has_token
        if self._chosen is not None:
            self._show_gate(self._chosen)
            self._place_notices()

    def set_narrow(self, narrow: bool) -> None:
        self.table.set_narrow(narrow)

    def _fill_body(self, *, closable: bool) -> None:
        page = ToolButton("external", tr("Open the model page"), on_click=self.page_wanted.emit)
        close = (ToolButton("close", tr("Close"), on_click=self.closed.emit),) if closable else ()
        names = column(self._name, self._source, spacing=2)
        title = row(self._tile, (names, 1), row(page, *close, spacing=2), spacing=12)
        pills, self._quantizations = QWidget(), QWidget()
        pills.setLayout(self._pills)
        card = in_card(self.table)
        self._notices = wrapped(column(self.banner, self.gate, spacing=14, margins=(0, 0, 0, 14)))
        head = row(self._table_title, None, self._best)
        self._quantizations.setLayout(column(head, 6, card, row(self._more, None), 18, spacing=0))
        self._amounts = wrapped(column(self.context, 14, self.memory, spacing=0))
        for item in (
            *(title, 12, self._description, 6, self._counts, 12, pills, 16),
            *(self._notices, self._quantizations, self._amounts),
        ):
            if isinstance(item, int):
                self.body.addSpacing(item)
            elif isinstance(item, QWidget):
                self.body.addWidget(item)
            else:
                self.body.addLayout(item)
        self.body.addStretch(1)

    def _fill_foot(self) -> None:
        self._runtime_note.hide()
        self.foot.addWidget(self._run_with)
        self.foot.addWidget(self._runtime_note)
        self.foot.addWidget(self.primary)

    def _show_entry(self, entry: CatalogEntry) -> None:
        self._tile.show_name(entry.display_name, hue_of(entry))
        self._name.setText(entry.display_name)
        self._source.setText(entry.model_name)
        self._description.setText(entry.description or "")
        self._description.setVisible(bool(entry.description))
        self._counts.setText(_counts(entry))
        clear(self._pills)
        for ability in abilities_of(entry):
            self._pills.addWidget(pill(ability_words(ability), ABILITY_ICONS[ability]))
        if entry.context_length:
            self._pills.addWidget(pill(tr("{count} context", count=tokens_short(entry.context_length)), "papers"))
        if entry.only_cloud:
            self._pills.addWidget(pill(tr("Cloud only"), "cloud"))
        if entry.license:
            self._pills.addWidget(pill(tr("{name} licence", name=license_words(entry.license)), "lock"))

    def _show_gate(self, chosen: Chosen) -> None:
        self.gate.show_need(need_of(chosen, has_token=self._has_token))

    def _show_problem(self, chosen: Chosen) -> None:
        error = chosen.error or impossible(chosen)
        message = message_of(error) if error else self._failure
        if message is None:
            self.banner.hide()
        else:
            show_message(self.banner, message, self.cure_wanted.emit)
            if isinstance(error, (CloudOnly, ProfileForbidsRuntime)):
                # A fact about the model or a choice of the user's: nothing went wrong.
                self.banner.show_kind("box")
        self._place_notices()

    def _place_notices(self) -> None:
        # Without one to show, their frame would leave its margin as a hole.
        self._notices.setVisible(not (self.banner.isHidden() and self.gate.isHidden()))

    def _show_quantizations(self, chosen: Chosen) -> None:
        offered = chosen.variants
        label = chosen.quantization.label if chosen.quantization else None
        shown = offered if self._all_shown else short_list(offered, label)
        self._quantizations.setVisible(bool(offered))
        folder = chosen.runtime == SAFETENSORS_RUNTIME
        tags = any(one.digest for one in offered)
        self._table_title.setText(tr("Weights") if folder else tr("Tag") if tags else tr("Quantization"))
        # Of a single one nothing is recommended before the others.
        best = None if folder else recommended(offered, chosen.verdicts)
        self._best.setText(tr("{name} suits this computer", name=best.label) if best else "")
        self.table.show_offers(offers_of(shown, chosen.verdicts, best), label)
        left = len(offered) - len(shown)
        self._more.setVisible(left > 0)
        self._more.set_content(plural("Show {count} more", "Show {count} more", left), "down")

    def _show_memory(self, chosen: Chosen) -> None:
        verdict = chosen.verdict
        # Without its cards there is no bar to draw: the machine's own memory is no use to vLLM.
        shown = verdict is not None and not verdict.lacks_gpu and not verdict.lacks_cards
        self._amounts.setVisible(shown)
        if shown and verdict is not None and chosen.host is not None:
            self.context.show_steps(chosen.steps, chosen.context)
            self.memory.show_use(memory_use(verdict, chosen.host))

    def _show_all(self) -> None:
        self._all_shown = True
        if self._chosen is not None:
            self._show_quantizations(self._chosen)


def _counts(entry: CatalogEntry) -> str:
    downloads = None
    if entry.downloads is not None:
        downloads = tr("{count} downloads", count=count_short(entry.downloads))
    updated = tr("updated {when}", when=ago(entry.updated)) if entry.updated else None
    # A line may end at a dot between two facts, never inside one.
    parts = (provider_words(entry.provider), downloads, updated)
    return facts(*(part.replace(" ", NO_BREAK) for part in parts if part))
