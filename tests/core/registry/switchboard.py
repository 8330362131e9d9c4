"""Two engines of one model per process and an Ollama under one registry, for tests that switch between them."""

import asyncio
import json
import os
import signal
import urllib.request
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.core.runtimes.ollama_bench import HELLO, Bench, a_bench
from tests.fakes.gguf_files import write_tiny_llama
from tests.fakes.ollama_process import install_ollama
from venom_desktop.core.database import Database
from venom_desktop.core.errors import VenomError
from venom_desktop.core.governance.base import Purpose, Target
from venom_desktop.core.governance.gate import Gate
from venom_desktop.core.host.base import GraphicsMemory
from venom_desktop.core.host.nvidia import Nvidia
from venom_desktop.core.http import Client, make_local_client
from venom_desktop.core.operations.history import OperationHistory
from venom_desktop.core.operations.operation import ModelOperation
from venom_desktop.core.operations.service import OperationService
from venom_desktop.core.registry.activate import ActivateModel
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import ModelKey, ModelMetadata, ModelProvider
from venom_desktop.core.registry.switch_steps import SwitchStep
from venom_desktop.core.registry.workplace import Workplace
from venom_desktop.core.runtimes.active import ActiveModelStore
from venom_desktop.core.runtimes.ask import Ask
from venom_desktop.core.runtimes.base import LoadSettings, Runtime
from venom_desktop.core.runtimes.llama_cpp import LlamaCpp
from venom_desktop.core.runtimes.memory_return import MemoryReturn

ONE = ModelKey(name="one", runtime="llama_cpp")
TWO = ModelKey(name="two", runtime="llama_cpp")
OTHER = ModelKey(name="other", runtime="second")
FIRST = ModelKey(name="first:latest", runtime="ollama")
NEXT = ModelKey(name="next:latest", runtime="ollama")


class SecondEngine(LlamaCpp):
    """Another engine of one model per process, with a folder of its own."""

    @property
    def name(self) -> str:
        return "second"


@dataclass
class Options:
    """What a test turns before the first switch."""

    finish_within_s: float = 20.0
    memory_within_s: float = 20.0
    elsewhere: set[str] = field(default_factory=set)
    """Runtimes that do not share this machine's memory."""
    server_path: Path | None = None
    """A `llama-server` in place of the built-in engine."""


@dataclass
class Switchboard:
    folder: Path
    options: Options
    activating: ActivateModel
    operations: OperationService
    manifest: Manifest
    inventory: Inventory
    active: ActiveModelStore
    engine: LlamaCpp
    second: SecondEngine
    bench: Bench
    ask: Ask
    runtimes: dict[str, Runtime]
    steps: list[str] = field(default_factory=list)
    """Of every operation so far, each once in a row."""
    on_step: dict[SwitchStep, Callable[[], object]] = field(default_factory=dict)
    """What happens at the moment a step is told; each once."""

    @property
    def state_file(self) -> bytes:
        return (self.folder / "state" / "active.json").read_bytes()

    @property
    def operation(self) -> ModelOperation:
        return self.operations.operations[0]

    @property
    def loaded(self) -> list[ModelKey]:
        return [
            ModelKey(name=loaded.name, runtime=name)
            for name, runtime in self.runtimes.items()
            for loaded in runtime.snapshot.loaded
        ]

    async def switch(self, key: ModelKey, *, confirm: bool = False) -> ModelOperation:
        return await self.activating.activate(key.name, key.runtime, confirm=confirm)

    async def answers(self, key: ModelKey) -> bool:
        """Whether this model, and no other on its runtime, answers a question now."""
        try:
            await self.ask.whole(Target(runtime=key.runtime, model=key.name), HELLO, Purpose.PROMPT)
        except VenomError:
            return False
        return self.runtimes[key.runtime].upstream().model == key.name

    def kill(self, runtime: str) -> None:
        """kill -9 for the server's process."""
        pid = self.runtimes[runtime].snapshot.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    def call_now(self, method: str, **arguments: object) -> None:
        """As `bench.call`, from a moment that cannot wait."""
        self._post("/stand-in/call", {"method": method, "arguments": arguments})

    def load_by_another_program(self, key: ModelKey) -> None:
        """Ollama takes it into memory although nobody here asked."""
        self._post("/api/generate", {"model": key.name, "stream": False})

    def _post(self, path: str, body: object) -> None:
        with urllib.request.urlopen(self.bench.url + path, data=json.dumps(body).encode()) as answer:
            answer.read()

    async def reaches(self, step: SwitchStep) -> None:
        """Wait until that step is told."""
        told = asyncio.Event()
        before = self.on_step.pop(step, None)

        def tell() -> None:
            if before is not None:
                before()
            told.set()

        self.on_step[step] = tell
        async with asyncio.timeout(30):
            await told.wait()

    def hear(self, operation: ModelOperation) -> None:
        if operation.step is None or operation.status.is_final:
            return
        if not self.steps or self.steps[-1] != operation.step:
            self.steps.append(operation.step)
        happens = self.on_step.pop(SwitchStep(operation.step), None)
        if happens is not None:
            happens()


@asynccontextmanager
async def a_switchboard(folder: Path, *, graphics: GraphicsMemory | None = None) -> AsyncIterator[Switchboard]:
    """Ollama's server runs with two models in its store; nothing is active."""
    program = install_ollama(folder)
    async with a_bench(folder / "server", program=program) as bench, make_local_client() as http:
        await bench.runtime.start()
        for key in (FIRST, NEXT):
            await bench.call("add_model", name=key.name, seed=key.name)
        await bench.models.refresh()
        async with _built(folder, bench, http, graphics or Nvidia()) as board:
            for number, key in enumerate((ONE, TWO, OTHER)):
                await board.manifest.put(_row(key, write_tiny_llama(folder / f"{key.name}.gguf", seed=number)))
            await board.inventory.refresh()
            yield board


@asynccontextmanager
async def _built(folder: Path, bench: Bench, http: Client, graphics: GraphicsMemory) -> AsyncIterator[Switchboard]:
    options = Options()
    database = Database(folder / "history.db")
    await database.open()
    manifest = Manifest(folder / "models")
    manifest.open()
    operations = OperationService(OperationHistory(database))
    await operations.open()
    active = ActiveModelStore(folder / "state")
    inventory = Inventory(manifest, stores=[bench.models])
    engine, second = (
        kind(
            http=http,
            runtime_folder=folder / place / "run",
            log_folder=folder / place / "log",
            server_path=lambda: options.server_path,
        )
        for kind, place in ((LlamaCpp, "llama_cpp"), (SecondEngine, "second"))
    )
    assert isinstance(second, SecondEngine)
    runtimes: dict[str, Runtime] = {"ollama": bench.runtime, "llama_cpp": engine, "second": second}
    ask = Ask(Gate(), runtimes.__getitem__)
    activating = ActivateModel(
        Workplace(
            manifest=manifest,
            inventory=inventory,
            active=active,
            runtimes=runtimes,
            ask=ask,
            load_settings=lambda _: LoadSettings(context=512),
            require_runtime=lambda _: None,
            memory=MemoryReturn(graphics, within_s=lambda: options.memory_within_s),
            stores={"ollama": bench.models},
            unloaded_within_s=lambda: options.memory_within_s,
            is_local=lambda name: name not in options.elsewhere,
        ),
        operations=operations,
        finish_within_s=lambda: options.finish_within_s,
    )
    board = Switchboard(
        folder=folder,
        options=options,
        activating=activating,
        operations=operations,
        manifest=manifest,
        inventory=inventory,
        active=active,
        engine=engine,
        second=second,
        bench=bench,
        ask=ask,
        runtimes=runtimes,
    )
    operations.changed.subscribe(board.hear)
    try:
        yield board
    finally:
        await operations.close()
        await engine.close()
        await second.close()
        await manifest.close()
        await database.close()


def _row(key: ModelKey, path: Path) -> ModelMetadata:
    return ModelMetadata(
        name=key.name,
        provider=ModelProvider.LOCAL,
        display_name=key.name,
        runtime=key.runtime,
        local_path=path,
        used_in_place=True,
    )
