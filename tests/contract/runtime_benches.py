"""Local runtimes for the contract suite, each with all that it said and with models to load."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.fakes.gguf_files import write_tiny_llama
from tests.fakes.gguf_llama import SPEECH
from tests.fakes.vllm import install_vllm, write_model
from venom_desktop.core.host.sample import GpuSample
from venom_desktop.core.http import Client
from venom_desktop.core.registry.model import ModelKey, ModelMetadata, ModelProvider
from venom_desktop.core.runtimes.base import ChatChunk, ChatMessage, ChatRequest, LoadSettings, RuntimeSnapshot
from venom_desktop.core.runtimes.control.orphans import wait_for_end
from venom_desktop.core.runtimes.control.ports import free_port
from venom_desktop.core.runtimes.control.process_identity import started_mark
from venom_desktop.core.runtimes.control.systemd import Patience, Systemd
from venom_desktop.core.runtimes.llama_cpp import LlamaCpp
from venom_desktop.core.runtimes.state import RuntimeState
from venom_desktop.core.runtimes.vllm import Pace, Vllm
from venom_desktop.core.runtimes.vllm_client import VllmClient
from venom_desktop.core.runtimes.vllm_program import VllmProgram
from venom_desktop.core.runtimes.vllm_server import VllmServer
from venom_desktop.core.runtimes.vllm_settings import VllmOptions, VllmSettings

SETTINGS = LoadSettings(context=512)
HELLO = ChatRequest(messages=(ChatMessage(role="user", content="Hello"),), temperature=0)
WITHIN_S = 60


class Bench(ABC):
    """`speech` is what its models say, `key_is_in_environment` whether the user's own processes may read the key."""

    title: str
    speech: str = SPEECH
    key_is_in_environment = False

    def __init__(self, folder: Path, http: Client) -> None:
        self.folder = folder
        self.http = http
        self.known: dict[ModelKey, ModelMetadata] = {}
        self.runtime: LlamaCpp | Vllm = self.another()
        self.states: list[RuntimeState] = []
        self.news: asyncio.Queue[RuntimeSnapshot] = asyncio.Queue()
        self.runtime.changed.subscribe(self._hear)

    @abstractmethod
    def another(self, *, stalled_after_s: float = 120.0, stays: bool = False) -> LlamaCpp | Vllm:
        """One more runtime over the same folders; `stays` for its server."""

    @abstractmethod
    async def next(self) -> LlamaCpp | Vllm:
        """The runtime of the next program, after its first look."""

    async def leave(self, model: ModelMetadata | None = None) -> LlamaCpp | Vllm:
        """Have the server stay, load a small model, quit; returns the next program's runtime."""
        first = self.another(stays=True)
        await first.load(model or self.model(), SETTINGS)
        await first.close()
        async with asyncio.timeout(WITHIN_S):
            while not list((self.folder / "run").glob("*.door")):  # noqa: ASYNC110 - another process has no event for us
                await asyncio.sleep(0.01)
        self.runtime = await self.next()
        self.runtime.changed.subscribe(self._hear)
        return self.runtime

    @abstractmethod
    def model(self, name: str = "tiny", **options: Any) -> ModelMetadata:
        """A small model; `speech`, `endless`, `context`, `system_role`."""

    @abstractmethod
    def model_of(self, file: Path) -> ModelMetadata: ...

    @abstractmethod
    async def is_answering(self) -> bool:
        """Whether its server is producing an answer, as the server sees it."""

    async def state(self, wanted: RuntimeState) -> RuntimeSnapshot:
        while True:
            snapshot = await asyncio.wait_for(self.news.get(), WITHIN_S)
            if snapshot.state is wanted:
                return snapshot

    async def everything(self, request: ChatRequest = HELLO) -> list[ChatChunk]:
        async with aclosing(self.runtime.chat(request)) as chunks:
            return [chunk async for chunk in chunks]

    async def told(self, path: str) -> Any:
        upstream = self.runtime.upstream()
        return (await self.http.get(f"{upstream.base_url}{path}", headers=dict(upstream.headers))).json()

    def _hear(self, snapshot: RuntimeSnapshot) -> None:
        if not self.states or self.states[-1] is not snapshot.state:
            self.states.append(snapshot.state)
        self.news.put_nowait(snapshot)


class LlamaBench(Bench):
    """`program` None is the built-in engine."""

    title = "llama.cpp"

    def __init__(self, folder: Path, http: Client, program: Path | None) -> None:
        self.program = program
        super().__init__(folder, http)

    def another(self, *, stalled_after_s: float = 120.0, stays: bool = False) -> LlamaCpp:
        runtime = LlamaCpp(
            http=self.http,
            runtime_folder=self.folder / "run",
            log_folder=self.folder / "log",
            server_path=lambda: self.program,
            known=self.known.get,
            stalled_after_s=stalled_after_s,
        )
        runtime.stay(stays)
        return runtime

    async def next(self) -> LlamaCpp:
        runtime = self.another()
        await runtime.take_over()
        return runtime

    def model(self, name: str = "tiny", **options: Any) -> ModelMetadata:
        return self.model_of(write_tiny_llama(self.folder / f"{name}.gguf", **options))

    def model_of(self, file: Path) -> ModelMetadata:
        return ModelMetadata(
            name=file.stem, provider=ModelProvider.LOCAL, display_name=file.stem, runtime="llama_cpp", local_path=file
        )

    async def is_answering(self) -> bool:
        return bool((await self.told("/slots"))[0]["is_processing"])


class VllmBench(Bench):
    """Over the stand-in unless `program` is a real one, which then loads `real_model` and says what it says."""

    title = "vLLM"
    key_is_in_environment = True

    runtime: Vllm

    def __init__(self, folder: Path, http: Client, program: Path | None = None) -> None:
        self.program: Path | None = program or install_vllm(folder / "bin")
        self.options = VllmOptions(port=free_port())
        self.unit = ""
        self.foreign_key: str | None = None
        self.chosen = VllmSettings()
        self.cards: tuple[GpuSample, ...] | None = None
        super().__init__(folder, http)

    def another(self, *, stalled_after_s: float = 120.0, stays: bool = False) -> Vllm:
        server = VllmServer(
            client=VllmClient(self.http),
            options=lambda: self.options,
            runtime_folder=self.folder / "run",
            log_folder=self.folder / "log",
            unit=lambda: self.unit,
            unit_folder=self.folder / "config",
            systemd=Systemd("vLLM", patience=Patience(look_s=WITHIN_S, act_s=WITHIN_S)),
            stalled_after_s=stalled_after_s,
            term_within_s=0.3,
        )
        server.stay(stays)
        return Vllm(
            http=self.http,
            server=server,
            program=VllmProgram(lambda: self.program, environ={"PATH": str(self.folder / "nowhere")}),
            options=lambda: self.options,
            settings_of=lambda _: self.chosen,
            foreign_key=lambda: self.foreign_key,
            cards=self._tell_cards,
            known=self.known.get,
            pace=Pace(every_s=0.05),
        )

    async def next(self) -> Vllm:
        runtime = self.another()
        await runtime.refresh()
        return runtime

    def model(self, name: str = "tiny", **options: Any) -> ModelMetadata:
        options.pop("system_role", None)
        return self.model_of(write_model(self.folder / "models" / name, **{"speech": self.speech, **options}))

    def model_of(self, file: Path) -> ModelMetadata:
        return ModelMetadata(
            name=file.name, provider=ModelProvider.LOCAL, display_name=file.name, runtime="vllm", local_path=file
        )

    async def is_answering(self) -> bool:
        return bool((await self.told("/stand-in/busy"))["busy"])

    async def _tell_cards(self) -> tuple[GpuSample, ...] | None:
        return self.cards


async def gone(pid: int | None) -> bool:
    assert pid is not None
    mark = started_mark(pid)
    return mark is None or await wait_for_end(pid, mark, within_s=10)


async def until(fact: Callable[[], Any]) -> None:
    """Ask an outside server until it says so."""
    async with asyncio.timeout(WITHIN_S):
        while not await fact():  # noqa: ASYNC110 - another process has no event for us
            await asyncio.sleep(0.01)


async def listen_and(bench: Bench, act: Callable[[], object], *, after: int) -> None:
    """Ask for a long answer and `act` after so many pieces."""
    number = 0
    async with aclosing(bench.runtime.chat(replace(HELLO, max_tokens=2000))) as chunks:
        async for _ in _counted(chunks):
            number += 1
            if number == after:
                act()


async def _counted(items: AsyncIterator[ChatChunk]) -> AsyncIterator[ChatChunk]:
    async for item in items:
        yield item
