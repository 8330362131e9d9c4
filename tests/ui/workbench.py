"""Real services over a home of their own, with jobs that do what a test tells them instead of reaching for a hub."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QApplication

from tests.support.nowhere import NOWHERE
from venom_desktop.app.compose import build
from venom_desktop.app.paths import Paths
from venom_desktop.core.errors import VenomError
from venom_desktop.core.operations.operation import ModelOperation, OperationType, Progress
from venom_desktop.core.operations.service import Kind
from venom_desktop.core.registry.model import ModelMetadata, ModelProvider
from venom_desktop.core.registry.registry import ModelRegistry
from venom_desktop.core.secrets.masking import Redactor
from venom_desktop.core.services import Services
from venom_desktop.core.tasks import TaskScope
from venom_desktop.ui.bridge import Bridge

WAIT_S = 60.0
NO_BREAK = "\u00a0"


class Script:
    """The work of one kind of job: every step comes from the test."""

    def __init__(self) -> None:
        self._steps: asyncio.Queue[Progress | VenomError | None] = asyncio.Queue()
        self.runs = 0

    def say(self, message: str | None = None, *, done: int | None = None, total: int | None = None) -> None:
        self._steps.put_nowait(Progress(message=message, done_bytes=done, total_bytes=total))

    def finish(self) -> None:
        self._steps.put_nowait(None)

    def fail(self, error: VenomError) -> None:
        self._steps.put_nowait(error)

    async def work(self, operation: ModelOperation) -> AsyncGenerator[Progress, None]:
        self.runs += 1
        while (step := await self._steps.get()) is not None:
            if isinstance(step, VenomError):
                raise step
            yield step


@dataclass
class Workbench:
    """`errors` are those that no widget took."""

    services: Services
    bridge: Bridge
    folder: Path
    scripts: dict[OperationType, Script] = field(default_factory=dict)
    errors: list[Exception] = field(default_factory=list)

    @property
    def registry(self) -> ModelRegistry:
        return self.services.registry

    @property
    def models_dir(self) -> Path:
        return self.registry.manifest.models_dir

    def script(self, kind: OperationType) -> Script:
        """Put a script in the place of the real work of a kind."""
        script = self.scripts[kind] = Script()
        can_pause = kind is OperationType.INSTALL
        self.registry.operations.register(kind, Kind(work=script.work, can_pause=can_pause))
        return script

    async def start(self, kind: OperationType = OperationType.INSTALL, name: str = "org/tiny:Q4_K_M") -> str:
        return await self.registry.operations.start(kind, name, runtime="llama_cpp")

    async def put(self, name: str = "org/tiny:Q4_K_M", *, size_bytes: int = 1000, **fields: Any) -> ModelMetadata:
        """A row whose file is there."""
        file = f"huggingface/{name.replace(':', '/')}/model.gguf"
        path = self.models_dir / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        values: dict[str, Any] = {
            "provider": ModelProvider.HUGGINGFACE,
            "display_name": name.rpartition("/")[2],
            "runtime": "llama_cpp",
            "local_path": path,
            "files": (file,),
            "size_bytes": size_bytes,
            **fields,
        }
        model = ModelMetadata(name=name, **values)
        await self.registry.manifest.put(model)
        return model


@asynccontextmanager
async def open_workbench(folder: Path, **environ: str) -> AsyncIterator[Workbench]:
    environment = {**NOWHERE, "VENOM_HOME": str(folder), **environ}
    paths = Paths.from_environment(environment)
    paths.make_private()
    composition = build(paths, environment, redactor=Redactor())
    await composition.lifecycle.start()
    scope = TaskScope("test")
    bench = Workbench(composition.services, Bridge(scope), folder)
    bench.bridge.on_error = bench.errors.append
    try:
        yield bench
    finally:
        await scope.close()
        await composition.lifecycle.stop()


async def until(fact: Callable[[], object]) -> None:
    """Let Qt and the loop take turns until the fact holds."""
    async with asyncio.timeout(WAIT_S):
        while not fact():
            QApplication.processEvents()
            await asyncio.sleep(0.002)


async def turns(count: int = 5) -> None:
    """Let what is due happen."""
    for _ in range(count):
        QApplication.processEvents()
        await asyncio.sleep(0)


def plain(text: str) -> str:
    """With ordinary spaces."""
    return text.replace(NO_BREAK, " ")
