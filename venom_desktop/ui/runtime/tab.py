"""The Runtime tab: places cards, loaded models, charts and prompt, and ties them to core."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from PySide6.QtCore import QByteArray
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from venom_desktop.core.errors import Cure
from venom_desktop.core.host.monitor import HostMonitor
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.registry.names import is_remote
from venom_desktop.core.registry.registry import ModelRegistry
from venom_desktop.core.runtimes.active import ActiveModelStore
from venom_desktop.core.runtimes.ask import Ask
from venom_desktop.core.runtimes.base import FollowedRuntime, LoadSettings, Runtime
from venom_desktop.core.runtimes.crash_watch import CrashWatch
from venom_desktop.core.runtimes.live import RuntimeNews
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.core.settings.ui_state import UiState
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.runtime.card_facts import Verb
from venom_desktop.ui.runtime.cards import Mend, RuntimeCards
from venom_desktop.ui.runtime.charts import HostCharts
from venom_desktop.ui.runtime.loaded import LoadedTable
from venom_desktop.ui.runtime.loaded_rows import loaded_rows
from venom_desktop.ui.runtime.log_view import Log, LogView
from venom_desktop.ui.runtime.process_words import unit_words
from venom_desktop.ui.runtime.prompt import PromptPanel
from venom_desktop.ui.runtime.prompt_words import answerer_of
from venom_desktop.ui.runtime.remote_cards import RemoteCards
from venom_desktop.ui.runtime.server_tools import NO_TOOLS, ServerTools
from venom_desktop.ui.runtime.tuning_page import TuningPage
from venom_desktop.ui.runtime.verbs import RuntimeVerbs
from venom_desktop.ui.widgets import Button, SideSplitter, column, row, scrolling, wrapped

PROMPT_WIDTH = 380
_NONE: Final[Mapping[str, ServerTools]] = MappingProxyType({})


class RuntimeTab(QWidget):
    """`cure_wanted(Cure)` carries the cures that lie in other tabs (ACTIVATE_MODEL: Installed).

    `tools`: what a server has beside its runtime, by the runtime's name. `mend` opens a model's settings at an error.
    """

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
        tools: Mapping[str, ServerTools] = _NONE,
        crash_watch: CrashWatch | None = None,
        mend: Mend | None = None,
        settings: SettingsStore | None = None,
    ) -> None:
        super().__init__()
        self._bridge = bridge
        self._runtimes = runtimes
        self._registry = registry
        self._active = active
        self._host = host
        self._tools = tools
        self._narrow = False
        self.verbs = RuntimeVerbs(runtimes, registry=registry, active=active)
        self.panel = RuntimeCards(
            bridge,
            runtimes,
            verbs=self.verbs,
            active=active,
            operations=lambda: registry.operations.operations,
            tools=tools,
            load_settings=load_settings,
            crash_watch=crash_watch,
            mend=mend,
            settings=settings,
        )
        self.cards = self.panel.cards
        self.remotes = RemoteCards(
            bridge, runtimes, verbs=self.verbs, active=lambda: active.snapshot.key, count=self._count_models
        )
        self.loaded = LoadedTable()
        self.charts = HostCharts(bridge, host)
        self.log = LogView(bridge)
        self.tuning: TuningPage | None = None
        self._tunings: dict[str, TuningPage] = {}
        self.prompt = PromptPanel(bridge, ask=ask, ui_state=ui_state)
        self.prompt_button = Button(tr("Try a prompt"), icon="send", size="dense", on_click=self._toggle_prompt)
        self._place()
        self._listen()
        self.show_state()

    def _place(self) -> None:
        self._top = wrapped(row(None, self.prompt_button))
        page = column(
            self._top, self.panel, self.remotes, self.loaded, self.charts, None, spacing=12, margins=(16, 16, 16, 16)
        )
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
        bridge.listen_merged(RuntimeNews(self._runtimes), self, self._take_news)
        for tools in self._tools.values():
            if tools.setup is not None:
                bridge.listen_merged(tools.setup.changed, self, self._take_news)
        bridge.listen_merged(self._active.changed, self, self._take_news)
        bridge.listen_merged(registry.inventory.changed, self, self._take_news)
        bridge.listen_merged(registry.operations.changed, self, self._take_news)
        # Ages ("4 min ago") move on with the samples of the machine.
        bridge.listen_merged(self._host, self, self._take_news)
        self.panel.changed.connect(self.show_state)
        self.panel.log_wanted.connect(self.show_log)
        self.panel.tuning_wanted.connect(self.show_tuning)
        self.panel.cure_wanted.connect(self.cure)
        self.remotes.cure_wanted.connect(self.cure)
        self.loaded.unload_wanted.connect(lambda key: self._work_on(key, self.verbs.unload(key)))
        self.loaded.pin_wanted.connect(lambda key, pinned: self._work_on(key, self.verbs.pin(key, pinned=pinned)))
        self.log.closed.connect(self._close_page)
        self.prompt.cure_wanted.connect(self.cure)
        self.prompt.closed.connect(self._close_prompt)

    def show_state(self) -> None:
        """Show what runtimes, active model and operations are now."""
        self.panel.show_state()
        self.remotes.show_state()
        if self.tuning is not None and self.tuning.isVisible():
            self.tuning.look()
        self.loaded.show_rows(loaded_rows(self.panel.offered(), self._active.snapshot.key))
        active = self._active.snapshot
        answerer = answerer_of(
            active,
            self._runtimes,
            last_model=self.verbs.last_model(self._usual_runtime()),
            loading=self.verbs.loading(),
            capabilities=self.verbs.capabilities(active.key),
        )
        self.prompt.show_answerer(answerer)

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
        if self._main.currentIndex() > 0:
            self._close_page()
            return True
        return False

    def refresh(self) -> None:
        self._host.refresh()
        self.log.look()
        for name, runtime in self._runtimes.items():
            if isinstance(runtime, FollowedRuntime):
                self._bridge.start(f"runtime {name} look", runtime.refresh())

    def state(self) -> QByteArray:
        """Where the line between page and prompt stands, to be kept between runs."""
        return self.splitter.state()

    def restore(self, state: QByteArray) -> None:
        self.splitter.restore(state)

    def run_verb(self, name: str, verb: Verb) -> None:
        """Start, restart or stop a runtime; why it could not begin shows on its card."""
        self.panel.run_verb(name, verb)

    def start(self, name: str) -> None:
        self.panel.run_verb(name, Verb.START)

    def show_log(self, name: str) -> None:
        """Bring the log of a runtime over the page."""
        runtime, tools = self._runtimes[name], self._tools.get(name, NO_TOOLS)
        unit = tools.unit()
        self.log.show_log(
            Log(
                title=runtime.snapshot.title,
                lines=runtime.log_lines,
                ask=tools.read_log,
                path=self.verbs.log_file(name) if unit is None else None,
                where="" if unit is None else tr("Journal of {unit}", unit=unit_words(unit)),
            )
        )
        self._main.setCurrentWidget(self.log)

    def show_tuning(self, name: str) -> None:
        """Bring the tuning of a server over the page."""
        desk = self._tools.get(name, NO_TOOLS).tuning
        if desk is None:
            return
        page = self._tunings.get(name)
        if page is None:
            page = TuningPage(self._bridge, desk, snapshot=lambda: self._runtimes[name].snapshot)
            page.closed.connect(self._close_page)
            page.verb_wanted.connect(partial(self.run_verb, name))
            self._tunings[name] = page
            self._main.addWidget(page)
        page.look()
        self.tuning = page
        self._main.setCurrentWidget(page)

    def cure(self, cure: Cure) -> None:
        """Start a runtime or show its log; what lies in other tabs is passed on."""
        name = self._usual_runtime()
        if cure is Cure.START_RUNTIME and is_remote(name):
            self.remotes.ask_again(name)
            return
        startable = name in self.panel.servers or self.verbs.last_model(name) is not None
        if cure is Cure.START_RUNTIME and startable:
            self.run_verb(name, Verb.START)
        elif cure is Cure.OPEN_LOG:
            self.show_log(name)
        else:
            self.cure_wanted.emit(Cure.ACTIVATE_MODEL if cure is Cure.START_RUNTIME else cure)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._narrow:
            self._place_overlay()

    def _work_on(self, key: ModelKey, work: Coroutine[Any, Any, object]) -> None:
        """Do something with a loaded model; why it could not be done shows on its runtime's card."""
        cards = self.remotes if is_remote(key.runtime) else self.panel
        self.panel.forgive(key.runtime)
        self._bridge.start(f"memory {key.runtime} {key.name}", work, on_error=partial(cards.refuse, key.runtime))

    def _count_models(self, runtime: str) -> int | None:
        """None while the server never told."""
        inventory = self._registry.inventory.snapshot
        store = inventory.stores.get(runtime)
        return len(inventory.by_runtime.get(runtime, ())) if store is not None and store.listed else None

    def _usual_runtime(self) -> str:
        """The runtime of the active model, else the first one."""
        key = self._active.snapshot.key
        return key.runtime if key is not None and key.runtime in self._runtimes else next(iter(self._runtimes))

    def _take_news(self, _: Sequence[object]) -> None:
        self.show_state()

    def _toggle_prompt(self) -> None:
        if self.prompt.isVisible():
            self._close_prompt()
        else:
            self.open_prompt()

    def _close_prompt(self) -> None:
        self.prompt.hide()
        self.prompt_button.setFocus()

    def _close_page(self) -> None:
        self._main.setCurrentIndex(0)

    def _place_overlay(self) -> None:
        self.prompt.setGeometry(self.width() - PROMPT_WIDTH, 0, PROMPT_WIDTH, self.height())
