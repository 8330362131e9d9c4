"""An Ollama server on a loopback port, with models, a registry to pull from and faults of the test's choosing."""

import asyncio
import socket
import threading
from collections.abc import Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.fakes.hub_wire import Reply, Request, WireServer
from tests.fakes.ollama_answers import Answers, Say
from tests.fakes.ollama_downloads import Downloads, Hold
from tests.fakes.ollama_faults import Effect, Fault, Faults
from tests.fakes.ollama_memory import Memory, duration, now
from tests.fakes.ollama_models import Content, Facts, Model, make_model
from tests.fakes.ollama_names import parse
from tests.fakes.ollama_registry import PublishedModels
from tests.fakes.ollama_routes import Routes
from tests.fakes.ollama_send import Sender
from tests.fakes.ollama_store import Store

WAIT_S = 60.0
VERSION = "0.16.3"


class OllamaStandIn:
    """Speaks Ollama's wire as 0.16.3 does (`tests/contract/test_ollama_contract.py` holds it to that).

    Use it as `async with OllamaStandIn(tmp_path / "models") as ollama:` (or plain `with`), or call `start` and `stop`;
    leaving it fails the test if the stand-in itself made a mistake. It runs in threads of its own, so a test that
    blocks the loop does not stop it. `ollama.url` is what a client takes as its endpoint.

    - Installed models: `add_model("llama3:8b", layers=(4_000_000_000, ))`. A layer is real bytes or a size: such a
      blob is a sparse file. Everything lies in `folder` as in a real OLLAMA_MODELS, and a second stand-in over the
      same folder finds it again.
    - Models to pull: `publish("llama3:8b", layers=..., facts=Facts(...))`, also under `hf.co/org/repo:quant`; a name
      with a loopback address is pulled from that registry over HTTP. Publish again with another `seed` for an update.
      `bytes_per_second`, `hold_downloads(at_bytes)` and `free_bytes` decide how a pull goes.
    - Answers: `say = Say(text=..., thinking=..., tool_calls=...)`. `loads` tells what was taken into memory.
    - Faults: `fault(Hangs(after_lines=2), "/api/pull")` and its kin of ollama_faults.py; `go_down()` and `come_back()`
      end and restart the server on the same port, `restart()` does both and prunes as a real one does.
    - What was asked: `requests`, `requests_for`, `wait_for`; `wait_left` waits until a client has gone away early.

    `environment` is read as the real one reads its own: OLLAMA_KEEP_ALIVE, OLLAMA_CONTEXT_LENGTH, OLLAMA_NOPRUNE.
    `ollama_process.py` runs it as a program.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int = 0,
        version: str = VERSION,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.version = version
        self.environment = dict(environment or {})
        self.store = Store(folder)
        self.published = PublishedModels()
        self.downloads = Downloads(self.store, self.published)
        self.memory = Memory(
            keep_alive=self._keep_alive(), context=int(self.environment.get("OLLAMA_CONTEXT_LENGTH") or 4096), clock=now
        )
        self._answers = Answers(store=self.store, memory=self.memory)
        self._routes = Routes(store=self.store, downloads=self.downloads, answers=self._answers, version=version)
        self._faults = Faults()
        self._sender = Sender(self._faults, self._on_left)
        self._requests: list[Request] = []
        self._left: list[str] = []
        self._noted = threading.Condition()
        self._wanted_port = port
        self._wire: WireServer | None = None

    def start_now(self) -> None:
        if not self.environment.get("OLLAMA_NOPRUNE"):
            self.store.prune()
        self._wire = WireServer("ollama", self._hear, self._send, port=self._wanted_port)

    def stop_now(self) -> None:
        # Cut first, release afterwards: what hangs must not be sent after all.
        self._server.go_down()
        self.downloads.stop()
        self._faults.clear()
        self._server.stop()

    async def start(self) -> Self:
        self.start_now()
        return self

    async def stop(self) -> None:
        await asyncio.to_thread(self.stop_now)

    def __enter__(self) -> Self:
        self.start_now()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_now()
        if self._server.mistakes and error is None:
            raise self._server.mistakes[0]

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.to_thread(self.__exit__, kind, error, trace)

    @property
    def port(self) -> int:
        return self._server.port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # What it has

    def add_model(
        self, name: str, *, layers: tuple[Content, ...] = (4_000_000,), facts: Facts | None = None, seed: str = ""
    ) -> Model:
        """Install a model. Models with the same `seed` and the same sizes share their blobs."""
        parsed = parse(name)
        assert parsed is not None, f"{name} is no name for Ollama"
        model = make_model(layers, facts or Facts(), seed=seed or f"{parsed.namespace}/{parsed.model}")
        self.store.install(parsed, model)
        return model

    def remove_model(self, name: str) -> None:
        """As another program would."""
        parsed = parse(name)
        assert parsed is not None
        self.store.remove(parsed)

    def publish(
        self,
        name: str,
        *,
        layers: tuple[Content, ...] = (4_000_000,),
        facts: Facts | None = None,
        seed: str = "",
        wrong_digest: bool = False,
    ) -> Model:
        """Offer a model for pulls, or a newer one under the same name. `wrong_digest`: its weights are other bytes."""
        return self.published.publish(name, layers, facts or Facts(), seed=seed or None, wrong_digest=wrong_digest)

    def hold_downloads(self, at_bytes: int) -> Hold:
        """Let every download stand still once it has so many bytes, until `release`."""
        self.downloads.hold = Hold(at_bytes)
        return self.downloads.hold

    @property
    def bytes_per_second(self) -> int | None:
        return self.downloads.bytes_per_second

    @bytes_per_second.setter
    def bytes_per_second(self, rate: int | None) -> None:
        self.downloads.bytes_per_second = rate

    @property
    def free_bytes(self) -> int | None:
        """What is left on its disk; None is a disk that is never full."""
        return self.downloads.free_bytes

    @free_bytes.setter
    def free_bytes(self, count: int | None) -> None:
        self.downloads.free_bytes = count

    @property
    def say(self) -> Say:
        return self._answers.say

    @say.setter
    def say(self, say: Say) -> None:
        self._answers.say = say

    @property
    def loads(self) -> list[tuple[str, dict[str, Any]]]:
        """Every time weights were taken into memory: name and options; one that was there already does not count."""
        return list(self.memory.loads)

    # What goes wrong

    def fault(self, effect: Effect, pattern: str = "*", *, times: int | None = 1, method: str | None = None) -> Fault:
        """Let `effect` happen to the next `times` (None: all) answers whose path matches `pattern`."""
        return self._faults.add(Fault(effect=effect, pattern=pattern, method=method, times=times))

    def clear_faults(self) -> None:
        self._faults.clear()

    def go_down(self) -> None:
        """Refuse connections and end the open ones until `come_back`; the port stays ours, memory is empty."""
        self._server.go_down()
        self.downloads.stop()
        self.memory.clear()

    def come_back(self) -> None:
        if not self.environment.get("OLLAMA_NOPRUNE"):
            self.store.prune()
        self._server.come_back()

    def restart(self) -> None:
        self.go_down()
        self.come_back()

    # What was asked

    @property
    def requests(self) -> list[Request]:
        with self._noted:
            return list(self._requests)

    def requests_for(self, pattern: str, *, method: str | None = None) -> list[Request]:
        return [one for one in self.requests if fnmatchcase(one.path, pattern) and method in (None, one.method)]

    @property
    def left_paths(self) -> list[str]:
        """The path of every request whose asker went away before the end."""
        with self._noted:
            return list(self._left)

    async def wait_for(self, pattern: str, *, count: int = 1, timeout_s: float = WAIT_S) -> None:
        """Wait until so many matching requests have come in."""
        await asyncio.to_thread(self._wait, lambda: len(self.requests_for(pattern)) >= count, pattern, timeout_s)

    async def wait_left(self, pattern: str, *, timeout_s: float = WAIT_S) -> None:
        """Wait until a client has closed the connection of a matching request before its end."""

        def left() -> bool:
            return any(fnmatchcase(path, pattern) for path in self._left)

        await asyncio.to_thread(self._wait, left, pattern, timeout_s)

    def forget_requests(self) -> None:
        with self._noted:
            self._requests.clear()
            self._left.clear()

    def _wait(self, came: Any, pattern: str, timeout_s: float) -> None:
        with self._noted:
            if not self._noted.wait_for(came, timeout_s):
                raise TimeoutError(f"nothing for {pattern} within {timeout_s} s")

    @property
    def _server(self) -> WireServer:
        assert self._wire is not None, "not started"
        return self._wire

    def _keep_alive(self) -> timedelta:
        told = self.environment.get("OLLAMA_KEEP_ALIVE", "")
        return duration(int(told) if told.lstrip("-").isdigit() else told or "5m")

    def _hear(self, request: Request) -> Reply:
        with self._noted:
            self._requests.append(request)
            self._noted.notify_all()
        return self._routes.answer(request)

    def _send(self, connection: socket.socket, request: Request, reply: Reply) -> bool:
        return self._sender.send(connection, request, reply)

    def _on_left(self, request: Request) -> None:
        with self._noted:
            self._left.append(request.path)
            self._noted.notify_all()


def folder_of(environment: Mapping[str, str]) -> Path:
    """Where a server with this environment keeps its models."""
    told, home = environment.get("OLLAMA_MODELS"), environment.get("HOME")
    return Path(told) if told else (Path(home) if home else Path.home()) / ".ollama" / "models"
