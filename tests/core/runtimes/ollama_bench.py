"""An Ollama runtime for tests, with all that it said, over a server of the test's choosing."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from venom_desktop.core.errors import VenomError
from venom_desktop.core.http import Client, make_local_client
from venom_desktop.core.registry.model import ModelMetadata, ModelProvider
from venom_desktop.core.runtimes.base import (
    ChatChunk,
    ChatMessage,
    ChatRequest,
    LoadSettings,
    Runtime,
    RuntimeSnapshot,
    RuntimeState,
)
from venom_desktop.core.runtimes.ollama import Ollama
from venom_desktop.core.runtimes.ollama_client import OllamaClient, Patience
from venom_desktop.core.runtimes.ollama_models import OllamaModels
from venom_desktop.core.runtimes.ollama_server import OllamaServer
from venom_desktop.core.runtimes.ollama_watch import Pace
from venom_desktop.core.runtimes.pulse import Pulse

SETTINGS = LoadSettings(context=512)
HELLO = ChatRequest(messages=(ChatMessage(role="user", content="Hello"),), temperature=0)
WITHIN_S = 60
R = TypeVar("R", bound=Runtime)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def model_named(name: str, **more: Any) -> ModelMetadata:
    return ModelMetadata(name=name, provider=ModelProvider.OLLAMA, display_name=name, runtime="ollama", **more)


class Heard(Generic[R]):
    """A runtime with all that it said."""

    def __init__(self, runtime: R) -> None:
        self.runtime = runtime
        self.states: list[RuntimeState] = []
        self.news: asyncio.Queue[RuntimeSnapshot] = asyncio.Queue()
        runtime.changed.subscribe(self._hear)

    @property
    def now(self) -> RuntimeSnapshot:
        return self.runtime.snapshot

    @property
    def loaded(self) -> list[str]:
        return [loaded.name for loaded in self.now.loaded]

    async def state(self, wanted: RuntimeState) -> RuntimeSnapshot:
        async with asyncio.timeout(WITHIN_S):
            while True:
                snapshot = await self.news.get()
                if snapshot.state is wanted:
                    return snapshot

    async def everything(self, request: ChatRequest = HELLO) -> list[ChatChunk]:
        async with aclosing(self.runtime.chat(request)) as chunks:
            return [chunk async for chunk in chunks]

    async def text(self, request: ChatRequest = HELLO) -> str:
        return "".join(chunk.text for chunk in await self.everything(request)).strip()

    def _hear(self, snapshot: RuntimeSnapshot) -> None:
        if not self.states or self.states[-1] is not snapshot.state:
            self.states.append(snapshot.state)
        self.news.put_nowait(snapshot)


class Bench(Heard[Ollama]):
    """`environment` is what a server that the runtime starts is given."""

    def __init__(self, folder: Path, http: Client, url: str, *, program: Path | None, listing_s: float) -> None:
        self.folder = folder
        self.url = url
        self.http = http
        self.program = program
        self.environment: dict[str, str] = {"OLLAMA_MODELS": str(folder / "models")}
        self.client = OllamaClient(http, lambda: self.url, patience=Patience(listing_s=listing_s, asking_s=5.0))
        self.models = OllamaModels(self.client)
        self.server = OllamaServer(
            program=lambda: self.program,
            environment=lambda: self.environment,
            endpoint=lambda: self.url,
            answers=self._answers,
            runtime_folder=folder / "run",
            log_folder=folder / "log",
        )
        super().__init__(
            Ollama(
                server=self.server,
                client=self.client,
                models=self.models,
                program=lambda: self.program,
                default_keep_alive=lambda: "7m",
                pulse=Pulse(self.client.version, source="Ollama", every_s=0.05, silent_after_s=2.0),
                pace=Pace(running_s=0.02, absent_s=0.02),
            )
        )

    def expiry(self) -> datetime | None:
        """Of the first loaded model."""
        return self.now.loaded[0].expires_at

    async def call(self, method: str, **arguments: Any) -> None:
        """Have a stand-in that runs as a process do something."""
        answer = await self.http.post(f"{self.url}/stand-in/call", json={"method": method, "arguments": arguments})
        answer.raise_for_status()

    async def close(self) -> None:
        await self.runtime.close()

    async def _answers(self) -> bool:
        try:
            await self.client.version()
        except VenomError:
            return False
        return True


@asynccontextmanager
async def a_bench(
    folder: Path, url: str | None = None, *, program: Path | None = None, listing_s: float = 2.0
) -> AsyncIterator[Bench]:
    """Without `url` the server listens at a port of its own once it is started."""
    async with make_local_client() as http:
        bench = Bench(folder, http, url or f"http://127.0.0.1:{free_port()}", program=program, listing_s=listing_s)
        try:
            yield bench
        finally:
            await bench.close()
