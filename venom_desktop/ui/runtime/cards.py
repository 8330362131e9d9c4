"""The cards of all runtimes: shows how each stands, carries out what is pressed, and asks before it ends much."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import assert_never

from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QWidget

from venom_desktop.core.errors import Cure, NotOurServer, ServerPortTaken, SwitchInProgress, VenomError
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.registry.names import is_remote
from venom_desktop.core.runtimes.active import ActiveModelStore
from venom_desktop.core.runtimes.base import (
    FollowedRuntime,
    LoadSettings,
    Runtime,
    RuntimeSnapshot,
    RuntimeState,
    ServerRuntime,
)
from venom_desktop.core.runtimes.crash_watch import CrashWatch
from venom_desktop.core.runtimes.profiles import RuntimeProfile
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.dialogs import answer, ask
from venom_desktop.ui.links import open_link
from venom_desktop.ui.runtime.card import RuntimeCard
from venom_desktop.ui.runtime.card_facts import CardFacts, Verb
from venom_desktop.ui.runtime.card_grid import CardLayout
from venom_desktop.ui.runtime.card_menu import MenuEntries, fill_menu
from venom_desktop.ui.runtime.card_words import card_look
from venom_desktop.ui.runtime.process_words import failure_of
from venom_desktop.ui.runtime.questions import restart_question, stop_question
from venom_desktop.ui.runtime.server_desk import ServerDesk, keeper_words
from venom_desktop.ui.runtime.server_tools import NO_TOOLS, ServerTools, ServiceDesk
from venom_desktop.ui.runtime.service_dialog import ServiceDialog
from venom_desktop.ui.runtime.verbs import RuntimeVerbs

LINES_IN_TIP = 4
Mend = Callable[[ModelKey, VenomError], Awaitable[object]]
"""Opens the settings of a model at what an error told, and starts it with them."""


class RuntimeCards(QWidget):
    """`log_wanted` and `tuning_wanted` name the runtime; `cure_wanted` carries the cures that lie elsewhere."""

    log_wanted = QtSignal(str)
    tuning_wanted = QtSignal(str)
    cure_wanted = QtSignal(object)
    changed = QtSignal()

    def __init__(
        self,
        bridge: Bridge,
        runtimes: Mapping[str, Runtime],
        *,
        verbs: RuntimeVerbs,
        active: ActiveModelStore,
        operations: Callable[[], tuple[ModelOperation, ...]],
        tools: Mapping[str, ServerTools],
        load_settings: Callable[[ModelKey], LoadSettings],
        crash_watch: CrashWatch | None = None,
        mend: Mend | None = None,
        settings: SettingsStore | None = None,
    ) -> None:
        super().__init__()
        self._mend_settings = mend
        self._crash_watch = crash_watch
        self._bridge = bridge
        self._runtimes = runtimes
        self._verbs = verbs
        self._active = active
        self._operations = operations
        self._load_settings = load_settings
        self._refused: dict[str, tuple[Exception, RuntimeSnapshot]] = {}
        self._settings = settings
        self._tools = tools
        self.servers: dict[str, ServerDesk] = {}
        self.cards: dict[str, RuntimeCard] = {}
        self._layout = CardLayout()
        self.setLayout(self._layout)
        self._follow()
        for source in (settings, crash_watch):
            if source is not None:
                bridge.listen_merged(source.changed, self, lambda _: self.changed.emit())

    def _make_card(self, name: str, runtime: Runtime) -> RuntimeCard:
        card = RuntimeCard(runtime.snapshot.title)
        card.verb_pressed.connect(partial(self.run_verb, name))
        card.log_wanted.connect(partial(self.log_wanted.emit, name))
        card.cure_wanted.connect(partial(self.cure, name))
        card.menu.aboutToShow.connect(lambda: fill_menu(card.menu, self._menu(name)))
        return card

    def offered(self) -> dict[str, Runtime]:
        """Those that the profile allows."""
        if self._settings is None:
            return dict(self._runtimes)
        profile = RuntimeProfile(self._settings.snapshot.runtime_profile.value)
        return {name: runtime for name, runtime in self._runtimes.items() if profile.allows(name)}

    def _follow(self) -> None:
        """One card for each runtime of this computer, also for one that came later; a forbidden one is hidden."""
        now = {name: runtime for name, runtime in self._runtimes.items() if not is_remote(name)}
        for name in [name for name in self.cards if name not in now]:
            card = self.cards.pop(name)
            self.servers.pop(name, None)
            self._layout.removeWidget(card)
            card.deleteLater()
        for name, runtime in now.items():
            if name in self.cards:
                continue
            if isinstance(runtime, ServerRuntime):
                self.servers[name] = ServerDesk(runtime, self._tools.get(name, NO_TOOLS))
            self.cards[name] = self._make_card(name, runtime)
            self._layout.addWidget(self.cards[name])
        offered = self.offered()
        for name, card in self.cards.items():
            card.setVisible(name in offered)

    def show_state(self) -> None:
        self._follow()
        for name, card in self.cards.items():
            card.show_look(card_look(self.facts(name)))

    def facts(self, name: str) -> CardFacts:
        snapshot, last_model = self._runtimes[name].snapshot, self._verbs.last_model(name)
        model = snapshot.loaded[0].name if snapshot.loaded else last_model
        server = self.servers.get(name)
        return CardFacts(
            snapshot=snapshot,
            active=self._active.snapshot.key,
            last_model=last_model,
            settings=self._load_settings(ModelKey(name=model, runtime=name)) if model else LoadSettings(),
            activation=self._verbs.activation(name),
            refused=self._refusal(name),
            server=None if server is None else server.facts(self._operations()),
            keeper="" if server is not None else keeper_words(self._tools.get(name, NO_TOOLS), snapshot),
            has_guide=bool(self._tools.get(name, NO_TOOLS).guide),
            returns_in_s=None if self._crash_watch is None else self._crash_watch.returns_in_s(name),
            gave_up=self._crash_watch is not None and self._crash_watch.gave_up(name),
            last_lines=self._runtimes[name].log_lines()[-LINES_IN_TIP:] if snapshot.error is not None else (),
        )

    def run_verb(self, name: str, verb: Verb) -> None:
        """Carry out what was pressed; why it could not begin shows on the card."""
        self._run(name, partial(self._carry_out, name, verb))

    def activate_last(self, name: str) -> None:
        self._run(name, partial(self._verbs.activate_last, name))

    def cure(self, name: str, cure: Cure) -> None:
        """What lies in other places is passed on."""
        runtime, server, tools = self._runtimes[name], self.servers.get(name), self._tools.get(name, NO_TOOLS)
        error = failure_of(self.facts(name))
        match cure:
            case Cure.USE_SERVER if isinstance(runtime, FollowedRuntime):
                self._run(name, runtime.refresh)
            case Cure.USE_FREE_PORT if server is not None and isinstance(error, ServerPortTaken):
                self._run(name, partial(server.use_free_port, int(error.parameters["free_port"])))
            case Cure.USE_FREE_PORT if tools.use_free_port is not None and isinstance(error, ServerPortTaken):
                self._run(name, partial(self._move, name, tools.use_free_port, int(error.parameters["free_port"])))
            case Cure.LOWER_MEMORY | Cure.CHANGE_MODEL_SETTINGS if isinstance(error, VenomError):
                self._run(name, partial(self._mend, name, error))
            case Cure.INSTALL_RUNTIME if server is not None:
                self._run(name, server.install)
            case _:
                self.cure_wanted.emit(cure)

    def refuse(self, name: str, error: Exception) -> None:
        """Say on the card why something could not be done, until it is tried again or the runtime changes."""
        self._refused[name] = (error, self._runtimes[name].snapshot)
        self.show_state()

    def forgive(self, name: str) -> None:
        self._refused.pop(name, None)

    def _run(self, name: str, work: Callable[[], Awaitable[object]]) -> None:
        self.forgive(name)
        self._bridge.start(f"runtime {name}", self._then_show(work), on_error=partial(self.refuse, name))

    async def _then_show(self, work: Callable[[], Awaitable[object]]) -> None:
        await work()
        self.changed.emit()

    async def _carry_out(self, name: str, verb: Verb) -> None:
        match verb:
            case Verb.START:
                await self._verbs.start(name)
            case Verb.RESTART:
                await self._restart(name)
            case Verb.STOP:
                await self._stop(name)
            case Verb.CANCEL:
                await self._cancel(name)
            case Verb.RESUME:
                await self._resume(name)
            case Verb.INSTALL if name not in self.servers:
                open_link(self._tools[name].guide)
            case Verb.INSTALL:
                await self.servers[name].install()
                await self._start_when_set_up(name)
            case Verb.UPDATE:
                await self.servers[name].install()
            case Verb.STAY_DOWN:
                if self._crash_watch is not None:
                    self._crash_watch.stay_down(name)
            case other:
                assert_never(other)

    async def _mend(self, name: str, error: VenomError) -> None:
        """Open the settings of the model that failed to load."""
        activation = self._verbs.activation(name)
        model = self._verbs.last_model(name) if activation is None else activation.model_name
        if model is not None and self._mend_settings is not None:
            await self._mend_settings(ModelKey(name=model, runtime=name), error)

    async def _move(self, name: str, use_port: Callable[[int], Awaitable[object]], port: int) -> None:
        await use_port(port)
        await self._verbs.start(name)

    async def _stop(self, name: str) -> None:
        try:
            await self._verbs.stop(name)
        except NotOurServer:
            if await ask(self, stop_question(self._runtimes[name].snapshot)):
                await self._verbs.stop(name, force=True)

    async def _restart(self, name: str) -> None:
        try:
            await self._verbs.restart(name)
        except NotOurServer:
            if await ask(self, restart_question(self._runtimes[name].snapshot)):
                await self._verbs.restart(name, force=True)

    async def _make_service(self, name: str, service: ServiceDesk) -> None:
        if self._verbs.is_switching():
            raise SwitchInProgress
        file = await service.file()
        if await answer(ServiceDialog(self, file, self.facts(name))):
            await service.install(file)
            await self._verbs.restart(name)

    async def _cancel(self, name: str) -> None:
        work = self._setup_work(name)
        if work is None:
            await self._verbs.stop(name)
        else:
            self._verbs.cancel(work.operation_id)

    async def _resume(self, name: str) -> None:
        if (work := self._setup_work(name)) is not None:
            self._verbs.resume(work.operation_id)
            await self._start_when_set_up(name)

    async def _start_when_set_up(self, name: str) -> None:
        """Who had no server and installed one wants it to run; an update leaves a server as it is."""
        work, runtime = self._setup_work(name), self._runtimes[name]
        if work is None or runtime.snapshot.state is not RuntimeState.UNAVAILABLE:
            return
        if (await self._verbs.wait(work.operation_id)).status is OperationStatus.COMPLETED:
            await self._verbs.start(name)

    def _setup_work(self, name: str) -> ModelOperation | None:
        """The setup of this server's program that is not over."""
        server = self.servers.get(name)
        work = None if server is None else server.work(self._operations())
        return None if work is None or work.status.is_final else work

    def _refusal(self, name: str) -> Exception | None:
        error, before = self._refused.get(name, (None, None))
        now = self._runtimes[name].snapshot
        if before is not None and (before.state, before.pid) != (now.state, now.pid):
            # What was refused was refused by a runtime that stood otherwise.
            self.forgive(name)
            return None
        return error

    def _menu(self, name: str) -> MenuEntries:
        server, facts = self.servers.get(name), self.facts(name)
        setup = None if server is None else server.tools.setup
        service = self._tools.get(name, NO_TOOLS).service
        if service is not None and not service.can_install():
            service = None
        return MenuEntries(
            facts=facts,
            log_file=self._verbs.log_file(name),
            activate=partial(self.activate_last, name),
            tune=partial(self.tuning_wanted.emit, name) if server is not None and server.tools.tuning else None,
            show_log=partial(self.log_wanted.emit, name),
            update=None if setup is None or server is None else partial(self._run, name, server.install),
            check=None if setup is None or server is None else partial(self._run, name, server.check),
            roll_back=None if setup is None or server is None else partial(self._run, name, server.roll_back),
            previous_version=None if setup is None else setup.snapshot.previous,
            installed_version=None if setup is None else setup.snapshot.installed,
            make_service=partial(self._run, name, partial(self._make_service, name, service)) if service else None,
            settings=partial(self.cure_wanted.emit, Cure.OPEN_RUNTIME_SETTINGS),
        )
