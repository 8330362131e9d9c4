"""Plans against the stand-in hub, impatient workers, and a server that says exactly what it is told."""

import asyncio
import contextlib
import random
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.hub import HubServer
from tests.fakes.hub_store import Content
from venom_desktop.core.downloads.base import DownloadPlan, DownloadProgress, FileToFetch
from venom_desktop.core.downloads.client import DownloadWorker
from venom_desktop.core.downloads.job import TransferLimits

REPO = "org/Model-GGUF"
SOURCE = "Hugging Face"
MIB = 1 << 20


def some_bytes(count: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(count)


@dataclass
class Wire:
    """A hub with one repository, and the folder to fetch it into."""

    hub: HubServer
    folder: Path
    contents: dict[str, bytes] = field(default_factory=dict)

    def publish(self, **contents: bytes) -> None:
        """Files by name; `__` stands for the dot."""
        self.contents = {name.replace("__", "."): content for name, content in contents.items()}
        files: dict[str, Content] = dict(self.contents)
        self.repo = self.hub.add_repo(REPO, files)

    def file(self, name: str, **changes: Any) -> FileToFetch:
        told = self.repo.files[name]
        known: dict[str, Any] = {
            "url": f"{self.hub.url}/{REPO}/resolve/{self.repo.sha}/{name}",
            "target": self.folder / name,
            "size_bytes": told.size_bytes,
            "sha256": told.sha256,
        }
        return FileToFetch(**{**known, **changes})

    def plan(self, *names: str, token: str | None = None, reserve_bytes: int = 0, **changes: Any) -> DownloadPlan:
        files = tuple(self.file(name, **changes) for name in names or self.contents)
        return DownloadPlan(
            files=files, source=SOURCE, token=token, token_host=self.hub.url, reserve_bytes=reserve_bytes
        )

    def parts(self) -> list[Path]:
        return sorted(self.folder.glob("*.part"))

    def leftovers(self) -> list[str]:
        """Whatever lies in the folder and is no file of the repository."""
        return sorted(path.name for path in self.folder.iterdir() if path.name not in self.contents)


@pytest.fixture
def wire(hub: HubServer, tmp_path: Path) -> Wire:
    return Wire(hub, tmp_path / "models")


@pytest.fixture
def wire_with_cdn(hub_with_cdn: HubServer, tmp_path: Path) -> Wire:
    return Wire(hub_with_cdn, tmp_path / "models")


def limits(**changes: Any) -> TransferLimits:
    """Patience of tests: three tries, hundredths of seconds between them."""
    return TransferLimits(**{"stall_s": 10.0, "tries": 3, "first_wait_s": 0.01, "longest_wait_s": 0.02, **changes})


def worker(**changes: Any) -> DownloadWorker:
    return DownloadWorker(limits=limits(**changes))


async def fetch(downloader: DownloadWorker, plan: DownloadPlan) -> list[DownloadProgress]:
    """Everything that was reported on the way to the end."""
    async with contextlib.aclosing(downloader.fetch(plan)) as steps:
        return [step async for step in steps]


@dataclass
class Spawned:
    """Starts real processes and remembers them."""

    processes: list[asyncio.subprocess.Process] = field(default_factory=list)
    commands: list[tuple[str, ...]] = field(default_factory=list)
    environments: list[dict[str, str]] = field(default_factory=list)

    async def __call__(self, *command: str, **options: Any) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(*command, **options)
        self.processes.append(process)
        self.commands.append(command)
        self.environments.append(options["env"])
        return process


@pytest.fixture
def spawned() -> Spawned:
    return Spawned()


class ScriptedServer:
    """Sends the given bytes, one answer a connection, and closes it; the last one repeats."""

    def __init__(self, *answers: bytes) -> None:
        self.requests: list[bytes] = []
        self._answers = answers
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                self.requests.append(connection.recv(65536))
                connection.sendall(self._answers[min(len(self.requests), len(self._answers)) - 1])
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):
                    pass


@pytest.fixture
def scripted() -> Iterator[Callable[..., ScriptedServer]]:
    servers: list[ScriptedServer] = []

    def start(*answers: bytes) -> ScriptedServer:
        servers.append(ScriptedServer(*answers))
        return servers[-1]

    yield start
    for server in servers:
        server.close()
