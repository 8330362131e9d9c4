"""Ollama: what we add to a load, to an activation and to a pull of its own, and a list where nobody answers.

The server is the stand-in, as a process of its own; with VENOM_TEST_OLLAMA the real one is measured as well.
"""

import asyncio
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.contract.ollama_bench import BINARY, RealServer
from tests.fakes import docker_registry
from tests.fakes.docker_registry import DockerRegistry
from tests.fakes.gguf_files import write_tiny_llama
from tests.fakes.oci_registry import OciRegistryServer
from tests.fakes.ollama_server import OllamaStandIn
from venom_desktop.app.compose import Composition, build
from venom_desktop.app.paths import Paths
from venom_desktop.core.http import make_local_client
from venom_desktop.core.operations.operation import OperationStatus
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.runtimes.base import LoadSettings
from venom_desktop.core.secrets.masking import Redactor

LOADS: Final = 12
PULLS: Final = 3
PULL_S: Final = 10.0
PULL_BYTES: Final = 120_000_000
LINES_PER_S: Final = 50
ROOT: Final = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server: two small models in it, and one to pull."""

    url: str
    registry_url: str
    models: tuple[str, str]
    to_pull: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """`cpu_share` of one core, of this process with all its threads."""

    seconds: float
    cpu_share: float


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder, _stand_in(Path(folder)) as server:
        await _measure(server, Path(folder) / "home", name="ollama")
    if BINARY is not None and docker_registry.is_installed():
        with tempfile.TemporaryDirectory() as folder, _real(Path(folder)) as server:
            await _measure(server, Path(folder) / "venom", name="ollama_real")
    with tempfile.TemporaryDirectory() as folder:
        await _down(Path(folder))


async def _measure(server: Server, home: Path, *, name: str) -> None:
    async with _built(server.url, server.registry_url, home) as built, _Plain(server.url) as plain:
        await built.services.registry.inventory.refresh()
        if not await plain.names():
            await _make(built, server.models, home)
        await built.ollama.models.refresh()
        await built.ollama.runtime.refresh()
        await _loads(built, plain, server.models[0], name=name)
        await _pulls(built, plain, server.to_pull, name=name)


async def _loads(built: Composition, plain: "_Plain", model: str, *, name: str) -> None:
    row = await built.ollama.models.describe(model)

    async def load() -> None:
        await built.ollama.runtime.load(row, LoadSettings())

    async def plain_activation() -> None:
        await plain.load(model)
        await plain.one_token(model)

    async def activate() -> None:
        await built.services.registry.activate_model(model, "ollama")

    ways: dict[str, Callable[[], Awaitable[None]]] = {
        "load_plain": lambda: plain.load(model),
        "load": load,
        "activation_plain": plain_activation,
        "activation": activate,
    }
    found = await _turn_by_turn(ways, rounds=LOADS, before=plain.empty_memory)
    middle = {way: statistics.median(turn.seconds for turn in turns) * 1e3 for way, turns in found.items()}
    for way, value in middle.items():
        print(f"{name}_{way} {value:.1f} ms")
    for way in ("load", "activation"):
        print(f"{name}_{way}_added {middle[way] - middle[f'{way}_plain']:.1f} ms")


async def _pulls(built: Composition, plain: "_Plain", model: str, *, name: str) -> None:
    async def install() -> None:
        registry = built.services.registry
        operation_id = await registry.install_model(model_name=model, provider=ModelProvider.OLLAMA, runtime="ollama")
        operation = await registry.wait(operation_id)
        if operation.status is not OperationStatus.COMPLETED:
            raise RuntimeError(f"the install ended as {operation.status}: {operation.error}")

    async def forget() -> None:
        await plain.delete(model)
        await built.ollama.models.refresh()

    ways: dict[str, Callable[[], Awaitable[None]]] = {"pull_plain": lambda: plain.pull(model), "install": install}
    found = await _turn_by_turn(ways, rounds=PULLS, before=forget)
    middle = {way: statistics.median(turn.seconds for turn in turns) for way, turns in found.items()}
    percent = {way: statistics.median(turn.cpu_share for turn in turns) * 100 for way, turns in found.items()}
    for way, value in middle.items():
        print(f"{name}_{way} {value:.2f} s")
    print(f"{name}_install_over_plain_pull {middle['install'] / middle['pull_plain']:.3f} ratio")
    print(f"{name}_pull_lines {plain.lines / PULLS / middle['pull_plain']:.0f} 1/s")
    if name == "ollama":
        # The registry of the real one sends its bytes from this process.
        print(f"{name}_install_cpu {percent['install']:.2f} %")
    print(f"{name}_install_cpu_over_plain_pull {percent['install'] - percent['pull_plain']:.2f} %")


async def _turn_by_turn(
    ways: dict[str, Callable[[], Awaitable[None]]], *, rounds: int, before: Callable[[], Awaitable[None]]
) -> dict[str, list[Turn]]:
    """Turns by way; each goes first in turn, so that a busy moment of the machine hits all of them."""
    found: dict[str, list[Turn]] = {way: [] for way in ways}
    for number in range(rounds):
        for way in ways if number % 2 == 0 else reversed(ways):
            await before()
            began, used = time.perf_counter(), time.process_time()
            await ways[way]()
            seconds = time.perf_counter() - began
            found[way].append(Turn(seconds=seconds, cpu_share=(time.process_time() - used) / seconds))
    return found


async def _down(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
    async with _built(url, url, folder / "home") as built:
        times = []
        for _ in range(20):
            began = time.perf_counter()
            found = await built.ollama.models.refresh()
            times.append(time.perf_counter() - began)
            if found.reachable or found.error is None:
                raise RuntimeError("a server that is not there was heard")
    print(f"ollama_down_list_worst {max(times):.3f} s")
    print(f"ollama_down_list {statistics.median(times):.3f} s")


class _Plain:
    """What a program without us does: the same requests by an HTTP client."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = make_local_client()
        self.lines = 0

    async def __aenter__(self) -> "_Plain":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def load(self, model: str) -> None:
        (await self._http.post(f"{self._url}/api/generate", json={"model": model, "stream": False})).raise_for_status()

    async def one_token(self, model: str) -> None:
        body = {
            "model": model,
            "messages": [{"role": "user", "content": "Hi"}],
            "options": {"num_predict": 1, "temperature": 0.0},
            "stream": True,
        }
        (await self._http.post(f"{self._url}/api/chat", json=body)).raise_for_status()

    async def pull(self, model: str) -> None:
        last = b""
        body = {"model": model, "insecure": True}
        async with self._http.stream("POST", f"{self._url}/api/pull", json=body) as answer:
            async for block in answer.aiter_bytes():
                self.lines += block.count(b"\n")
                last = block
        if b"success" not in last:
            raise RuntimeError(f"the plain pull ended with {last!r}")

    async def names(self) -> list[str]:
        return [row["name"] for row in (await self._http.get(f"{self._url}/api/tags")).json()["models"]]

    async def delete(self, model: str) -> None:
        await self._http.request("DELETE", f"{self._url}/api/delete", json={"model": model})

    async def empty_memory(self) -> None:
        while rows := (await self._http.get(f"{self._url}/api/ps")).json()["models"]:
            for row in rows:
                body = {"model": row["name"], "keep_alive": 0, "stream": False}
                await self._http.post(f"{self._url}/api/generate", json=body)


@contextlib.asynccontextmanager
async def _built(url: str, registry_url: str, home: Path) -> AsyncIterator[Composition]:
    paths = Paths.under(home)
    paths.make_private()
    built = build(paths, {"OLLAMA_HOST": url, "VENOM_OLLAMA_REGISTRY_URL": registry_url}, redactor=Redactor())
    await built.lifecycle.start()
    try:
        yield built
    finally:
        await built.lifecycle.stop()


async def _make(built: Composition, names: tuple[str, str], folder: Path) -> None:
    for number, name in enumerate(names):
        file = await asyncio.to_thread(write_tiny_llama, folder / f"{number}.gguf", seed=number)
        async for _ in built.ollama.models.create(name, file):
            pass


@contextlib.contextmanager
def _stand_in(folder: Path) -> Iterator[Server]:
    """In a process of its own, so that nobody is measured with the server's work."""
    command = [sys.executable, "-m", "bench.ollama", "serve", str(folder / "models")]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the server was started without pipes")
        told = json.loads(process.stdout.readline())
        yield Server(**told, models=("one:latest", "two:latest"), to_pull="big:latest")
        process.stdin.close()


def _serve(folder: Path) -> None:
    with OllamaStandIn(folder) as ollama, OciRegistryServer() as registry:
        ollama.downloads.line_every_s = 1 / LINES_PER_S
        ollama.bytes_per_second = round(PULL_BYTES / PULL_S)
        for name in ("one:latest", "two:latest"):
            ollama.add_model(name, seed=name)
        model = ollama.publish("big:latest", layers=(PULL_BYTES,))
        registry.publish_manifest("library/big:latest", model.manifest_bytes)
        print(json.dumps({"url": ollama.url, "registry_url": registry.url}), flush=True)
        sys.stdin.read()


@contextlib.contextmanager
def _real(folder: Path) -> Iterator[Server]:
    with DockerRegistry(folder) as registry:
        weights = write_tiny_llama(folder / "big.gguf", seed=7, pad_to_bytes=PULL_BYTES).read_bytes()
        server = RealServer(folder, registry)
        name, _, _ = server.publish("big", weights)
        server.slow_down(round(PULL_BYTES / PULL_S))
        server.start()
        try:
            url = f"http://{registry.host}"
            yield Server(url=server.url, registry_url=url, models=("one:latest", "two:latest"), to_pull=name)
        finally:
            server.kill()


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        _serve(Path(sys.argv[2]))
    else:
        os.environ.pop("OLLAMA_HOST", None)
        asyncio.run(main())
