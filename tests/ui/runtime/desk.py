"""The Runtime tab over the real core and the real engine, on a Qt loop that runs both."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import qasync
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.fakes.gguf_files import write_tiny_llama
from venom_desktop.app.compose import build
from venom_desktop.app.paths import Paths
from venom_desktop.core.errors import Cure, VenomError
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.base import LoadSettings, Runtime, RuntimeState
from venom_desktop.core.secrets.masking import Redactor
from venom_desktop.core.services import Services
from venom_desktop.core.settings.ui_state import UiState
from venom_desktop.core.tasks import TaskScope
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.garbage import GarbageOnThisThread
from venom_desktop.ui.installed.vllm_models import VllmModels
from venom_desktop.ui.runtime.prompt_exchange import ExchangeView
from venom_desktop.ui.runtime.prompt_session import Exchange
from venom_desktop.ui.runtime.server_tools import ServerTools
from venom_desktop.ui.runtime.tab import RuntimeTab
from venom_desktop.ui.server_watch import ServerWatch

WAIT_S = 60.0
_NONE: Mapping[str, Runtime] = MappingProxyType({})
_NO_TOOLS: Mapping[str, ServerTools] = MappingProxyType({})
NAME = "llama_cpp"


@dataclass
class Desk:
    """A tab on the screen with everything behind it."""

    services: Services
    tab: RuntimeTab
    ui_state: UiState
    cures: list[Cure]
    folder: Path

    @property
    def runtime(self) -> Runtime:
        return self.services.runtimes[NAME]

    @property
    def pid(self) -> int:
        pid = self.runtime.snapshot.pid
        assert pid is not None
        return pid

    @property
    def last(self) -> Exchange:
        last = self.tab.prompt.session.last
        assert last is not None
        return last

    @property
    def view(self) -> ExchangeView:
        return self.tab.prompt.conversation.views[-1]

    @property
    def answer(self) -> str:
        """The answer as it can be read on the screen."""
        return "\n".join(text.toPlainText() for text in self.view.answer.texts).rstrip("▍\u2003 ")

    async def until(self, fact: Callable[[], object], *, within_s: float = WAIT_S) -> None:
        """Let Qt and the loop work until `fact` holds."""
        async with asyncio.timeout(within_s):
            while not fact():  # noqa: ASYNC110 - Qt has no event for what a test wants to see
                await asyncio.sleep(0.005)

    async def install(self, name: str = "tiny", *, context: int = 2048, **options: Any) -> ModelKey:
        """A model of this name in the list, not loaded."""
        file = write_tiny_llama(self.folder / f"{name}.gguf", context=context, **options)
        key = await self.services.registry.import_file(file)
        await self.services.model_settings.save(key, LoadSettings(context=context, threads=1))
        return key

    async def activate(self, name: str = "tiny", **options: Any) -> ModelKey:
        """A model that answers."""
        key = await self.install(name, **options)
        await self.services.registry.activate_model(key.name, key.runtime)
        await self.until(lambda: self.state_word == "Running")
        return key

    @property
    def state_word(self) -> str:
        return self.tab.cards[NAME].pill.look.text

    async def ask(self, question: str) -> None:
        """Type a question and send it with the keyboard, as soon as somebody would answer."""
        field = self.tab.prompt.input
        field.setPlainText(question)
        await self.until(self.tab.prompt.send_button.isEnabled)
        QTest.keyClick(field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        assert self.last.question == question

    async def ended(self) -> Exchange:
        """The last exchange, once its answer is over and shown."""
        await self.until(lambda: not self.tab.prompt.session.busy)
        await self.until(lambda: self.view.shown.state.is_final)
        return self.last

    async def stopped(self) -> None:
        await self.until(lambda: self.runtime.snapshot.state is RuntimeState.STOPPED)


def run_desk(
    app: QApplication,
    home: Path,
    scenario: Callable[[Desk], Awaitable[None]],
    *,
    servers: Mapping[str, Runtime] = _NONE,
    tools: Mapping[str, ServerTools] = _NO_TOOLS,
    environ: Mapping[str, str] | None = None,
    whole: bool = False,
) -> None:
    """Run `scenario` on a Qt loop with an open tab; everything is closed afterwards.

    `servers` stand before llama.cpp. With `environ` the program's own Ollama does instead, as that describes it.
    `whole` shows every runtime of the program, also those that come later.
    Where it has a `VLLM_PORT`, vLLM has its tools, and every runtime is shown.
    """

    async def run() -> None:
        async with _open(home, servers, tools, environ, whole=whole) as desk:
            await scenario(desk)

    # Closing the last window would end the loop before the core is closed.
    app.setQuitOnLastWindowClosed(False)
    garbage = GarbageOnThisThread()
    try:
        with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app, already_running=False)) as runner:
            runner.run(run())
    finally:
        garbage.close()


@asynccontextmanager
async def _open(
    home: Path,
    servers: Mapping[str, Runtime],
    tools: Mapping[str, ServerTools],
    extra: Mapping[str, str] | None,
    *,
    whole: bool,
) -> AsyncIterator[Desk]:
    home.mkdir(exist_ok=True)
    environ = {"VENOM_HOME": str(home), "HF_ENDPOINT": "http://127.0.0.1:9", **(extra or {})}
    paths = Paths.from_environment(environ)
    composition = build(paths, environ, redactor=Redactor())
    services = composition.services
    await composition.lifecycle.start()
    if extra is not None:
        from venom_desktop.app.ollama_tools import ollama_tools

        servers = {"ollama": services.runtimes["ollama"]}
        tools = {"ollama": ollama_tools(composition.ollama, services.settings)}
    if "VLLM_PORT" in environ:
        from venom_desktop.app.vllm_tools import vllm_tools

        servers = services.runtimes
        tools = {**tools, "vllm": vllm_tools(composition.vllm, services.settings)}
    scope = TaskScope("tab")
    ui_state = UiState(paths.ui_state_file)
    runtimes = (
        services.runtimes if whole or servers is services.runtimes else {**servers, NAME: services.runtimes[NAME]}
    )
    models: list[VllmModels] = []

    async def mend(key: ModelKey, error: VenomError) -> None:
        await models[0].mend(key, error)

    tab = RuntimeTab(
        Bridge(scope),
        runtimes=runtimes,
        registry=services.registry,
        active=services.active,
        ask=services.ask,
        host=services.host,
        ui_state=ui_state,
        load_settings=services.model_settings.get,
        tools=tools,
        crash_watch=services.crash_watch,
        mend=mend,
        settings=services.settings,
    )
    models.append(
        VllmModels(
            runtimes=services.runtimes,
            registry=services.registry,
            model_settings=services.model_settings,
            window=tab,
        )
    )
    cures: list[Cure] = []
    tab.cure_wanted.connect(cures.append)
    watch = ServerWatch(tab, runtimes)
    tab.resize(1280, 676)
    tab.show()
    try:
        yield Desk(services, tab, ui_state, cures, home)
    finally:
        await scope.close()
        watch.close()
        tab.close()
        tab.deleteLater()
        await asyncio.sleep(0)
        await composition.lifecycle.stop()
