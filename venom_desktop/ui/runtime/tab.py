"""The Runtime tab: places cards, loaded models, charts and prompt, and ties them to core."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from PySide6.QtCore import QByteArray
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QGuiApplication, QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from venom_desktop.core.errors import Cure
from venom_desktop.core.host.monitor import HostMonitor
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.registry.registry import ModelRegistry
from venom_desktop.core.runtimes.active import ActiveModelStore
from venom_desktop.core.runtimes.ask import Ask
from venom_desktop.core.runtimes.base import LoadSettings, Runtime
from venom_desktop.core.settings.ui_state import UiState
from venom_desktop.ui import icons
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.links import open_file
from venom_desktop.ui.runtime.card import RuntimeCard
from venom_desktop.ui.runtime.card_words import CardFacts, Verb, card_look
from venom_desktop.ui.runtime.charts import HostCharts
from venom_desktop.ui.runtime.loaded import LoadedTable, loaded_rows
from venom_desktop.ui.runtime.log_view import LogView
from venom_desktop.ui.runtime.prompt import PromptPanel
from venom_desktop.ui.runtime.prompt_words import answerer_of
from venom_desktop.ui.runtime.verbs import RuntimeVerbs
from venom_desktop.ui.widgets import Button, SideSplitter, column, row, scrolling, wrapped

PROMPT_WIDTH = 380


class RuntimeTab(QWidget):
    """`cure_wanted(Cure)` carries the cures that lie in other tabs (ACTIVATE_MODEL: Installed)."""

    cure_wanted = QtSignal(object)

    def __init__(
        self,
        bridge: Bridge,
        *,
        runtimes: Mapping[str, Runtime],
        registry: ModelRegistry,
        active: ActiveModelStore,
        ask: Ask,
        host: HostMonitor,
        ui_state: UiState,
        load_settings: Callable[[ModelKey], LoadSettings] = lambda key: LoadSettings(),
    ) -> None:
        super().__init__()
        self._bridge = bridge
        self._runtimes = runtimes
        self._registry = registry
        self._active = active
        self._host = host
        self._load_settings = load_settings
        self._refused: dict[str, Exception] = {}
        self._narrow = False
        self.verbs = RuntimeVerbs(runtimes, registry=registry, active=active)
        self.cards = {name: self._make_card(name, runtime) for name, runtime in runtimes.items()}
        self.loaded = LoadedTable()
        self.charts = HostCharts(bridge, host)
        self.log = LogView()
        self.prompt = PromptPanel(bridge, ask=ask, ui_state=ui_state)
        self.prompt_button = Button(tr("Try a prompt"), icon="send", size="dense", on_click=self._toggle_prompt)
        self._place()
        self._listen()
        self.show_state()

    def _make_card(self, name: str, runtime: Runtime) -> RuntimeCard:
        card = RuntimeCard(runtime.snapshot.title)
        card.verb_pressed.connect(partial(self.run_verb, name))
        card.log_wanted.connect(partial(self.show_log, name))
        card.cure_wanted.connect(self.cure)
        card.menu.aboutToShow.connect(partial(self._fill_menu, name))
        return card

    def _place(self) -> None:
        self._top = wrapped(row(None, self.prompt_button))
        cards = row(*((card, 1) for card in self.cards.values()), spacing=12)
        page = column(self._top, cards, self.loaded, self.charts, None, spacing=12, margins=(16, 16, 16, 16))
        self._main = QStackedWidget()
        self._main.addWidget(scrolling(wrapped(page)))
        self._main.addWidget(self.log)
        self._prompt_column: QVBoxLayout = column(self.prompt, spacing=0)
        self._prompt_place = wrapped(self._prompt_column)
        self.splitter = SideSplitter(self._main, self._prompt_place, width=PROMPT_WIDTH, narrow=PROMPT_WIDTH)
        self.setLayout(column((self.splitter, 1), spacing=0))
        self._top.hide()

    def _listen(self) -> None:
        bridge, registry = self._bridge, self._registry
        for runtime in self._runtimes.values():
            bridge.listen_merged(runtime.changed, self, self._take_news)
        bridge.listen_merged(self._active.changed, self, self._take_news)
        bridge.listen_merged(registry.inventory.changed, self, self._take_news)
        bridge.listen_merged(registry.operations.changed, self, self._take_news)
        # Ages ("4 min ago") move on with the samples of the machine.
        bridge.listen_merged(self._host, self, self._take_news)
        self.loaded.unload_wanted.connect(self._unload)
        self.log.closed.connect(self._close_log)
        self.prompt.cure_wanted.connect(self.cure)
        self.prompt.closed.connect(self._close_prompt)

    def show_state(self) -> None:
        """Show what runtimes, active model and operations are now."""
        for name, card in self.cards.items():
            card.show_look(card_look(self._facts(name)))
        self.loaded.show_rows(loaded_rows(self._runtimes, self._active.snapshot.key))
        last_model = self.verbs.last_model(self._usual_runtime())
        switching, active = self.verbs.is_switching(), self._active.snapshot
        self.prompt.show_answerer(answerer_of(active, self._runtimes, last_model=last_model, switching=switching))

    def set_narrow(self, narrow: bool) -> None:
        """Under 1100 px the prompt leaves the page and comes back over it when it is asked for."""
        if narrow == self._narrow:
            return
        self._narrow = narrow
        self._top.setVisible(narrow)
        self._prompt_place.setVisible(not narrow)
        self.prompt.as_overlay(narrow)
        if narrow:
            self.prompt.setParent(self)
            self.prompt.hide()
        else:
            self._prompt_column.addWidget(self.prompt)
            self.prompt.show()
            self.splitter.fit()

    def open_prompt(self) -> None:
        """Bring the prompt up, where the next question can be typed."""
        if self._narrow:
            self._place_overlay()
            self.prompt.show()
            self.prompt.raise_()
        self.prompt.focus_input()

    def go_back(self) -> bool:
        """Close what lies over the page, the topmost first."""
        if self.prompt.isVisible() and self.prompt.go_back():
            return True
        if self._narrow and self.prompt.isVisible():
            self._close_prompt()
            return True
        if self._main.currentWidget() is self.log:
            self._close_log()
            return True
        return False

    def refresh(self) -> None:
        self._host.refresh()
        self.log.look()

    def state(self) -> QByteArray:
        """Where the line between page and prompt stands, to be kept between runs."""
        return self.splitter.state()

    def restore(self, state: QByteArray) -> None:
        self.splitter.restore(state)

    def run_verb(self, name: str, verb: Verb) -> None:
        """Start, restart or stop a runtime; why it could not begin shows on its card."""
        self._refused.pop(name, None)
        self._bridge.start(f"runtime {name}", self._carry_out(name, verb), on_error=partial(self._refuse, name))

    def show_log(self, name: str) -> None:
        runtime = self._runtimes[name]
        self.log.show_log(runtime.snapshot.title, self.verbs.log_file(name), runtime.log_lines)
        self._main.setCurrentWidget(self.log)

    def cure(self, cure: Cure) -> None:
        """Start a runtime or show its log; what lies in other tabs is passed on."""
        name = self._usual_runtime()
        if cure is Cure.START_RUNTIME and self.verbs.last_model(name) is not None:
            self.run_verb(name, Verb.START)
        elif cure is Cure.OPEN_LOG:
            self.show_log(name)
        else:
            self.cure_wanted.emit(Cure.ACTIVATE_MODEL if cure is Cure.START_RUNTIME else cure)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._narrow:
            self._place_overlay()

    async def _carry_out(self, name: str, verb: Verb) -> None:
        match verb:
            case Verb.START:
                await self.verbs.start(name)
            case Verb.RESTART:
                await self.verbs.restart(name)
            case Verb.STOP | Verb.CANCEL:
                await self.verbs.stop(name)

    def _refuse(self, name: str, error: Exception) -> None:
        self._refused[name] = error
        self.show_state()

    def _unload(self, key: ModelKey) -> None:
        self._refused.pop(key.runtime, None)
        self._bridge.start(f"unload {key.runtime}", self.verbs.unload(key), on_error=partial(self._refuse, key.runtime))

    def _facts(self, name: str) -> CardFacts:
        snapshot, last_model = self._runtimes[name].snapshot, self.verbs.last_model(name)
        model = snapshot.loaded[0].name if snapshot.loaded else last_model
        return CardFacts(
            snapshot=snapshot,
            active=self._active.snapshot.key,
            last_model=last_model,
            settings=self._load_settings(ModelKey(name=model, runtime=name)) if model else LoadSettings(),
            activation=self.verbs.activation(name),
            refused=self._refused.get(name),
        )

    def _usual_runtime(self) -> str:
        """The runtime of the active model, else the first one."""
        key = self._active.snapshot.key
        return key.runtime if key is not None and key.runtime in self._runtimes else next(iter(self._runtimes))

    def _take_news(self, news: Sequence[object]) -> None:
        del news
        self.show_state()

    def _fill_menu(self, name: str) -> None:
        menu, endpoint, log_file = (
            self.cards[name].menu,
            self._runtimes[name].snapshot.endpoint,
            self.verbs.log_file(name),
        )
        menu.clear()
        copy = menu.addAction(icons.icon("copy"), tr("Copy the server's address"), partial(_copy, f"{endpoint}/v1"))
        copy.setEnabled(endpoint is not None)
        if log_file is not None:
            opened = menu.addAction(icons.icon("log"), tr("Open the log file"), partial(open_file, str(log_file)))
            opened.setEnabled(log_file.exists())
        menu.addAction(icons.icon("settings"), tr("Runtime settings"), partial(self.cure, Cure.OPEN_SETTINGS))

    def _toggle_prompt(self) -> None:
        if self.prompt.isVisible():
            self._close_prompt()
        else:
            self.open_prompt()

    def _close_prompt(self) -> None:
        self.prompt.hide()
        self.prompt_button.setFocus()

    def _close_log(self) -> None:
        self._main.setCurrentIndex(0)

    def _place_overlay(self) -> None:
        self.prompt.setGeometry(self.width() - PROMPT_WIDTH, 0, PROMPT_WIDTH, self.height())


def _copy(text: str) -> None:
    QGuiApplication.clipboard().setText(text)
