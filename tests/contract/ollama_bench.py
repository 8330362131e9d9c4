"""Ollama servers to hold to one contract: the stand-in, the same before a real registry, and the real program."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import threading
import urllib.request
from contextlib import aclosing
from pathlib import Path
from typing import Protocol

from tests.fakes.docker_registry import DockerRegistry
from tests.fakes.hub_faults import Slow
from tests.fakes.ollama_models import MODEL, TEMPLATE, Facts, as_written, config_bytes, digest_of
from tests.fakes.ollama_server import OllamaStandIn
from venom_desktop.core.http import Client
from venom_desktop.core.runtimes.model_store import PullStep
from venom_desktop.core.runtimes.ollama_client import OllamaClient

# Read before any test takes the variables of this machine away.
BINARY = os.environ.get("VENOM_TEST_OLLAMA") or shutil.which("ollama")
STARTS_WITHIN_S = 60.0
CONFIG = config_bytes(Facts(parameters="129K", quantization="F32", license=""), known=False)


class Server(Protocol):
    """A running server and the registry it pulls from."""

    @property
    def url(self) -> str: ...

    def publish(self, name: str, weights: bytes, *, template: str = "") -> tuple[str, str, str]:
        """Offer a model; returns its full name, and the digests of its manifest (64 hex) and its weights."""

    def spoil(self, digest: str) -> None:
        """Turn a byte of published weights around."""

    def slow_down(self, bytes_per_second: int | None) -> None:
        """How fast its registry sends; None as fast as it goes."""

    def fetches(self, digest: str) -> list[int]:
        """The first byte of every download of a blob, in order."""

    def pulls_ended(self) -> int:
        """How many pulls are over for the server, those that were left too."""

    def kill(self) -> None:
        """End it without a word."""

    def start(self) -> None:
        """On the same port, over the same folder."""


class StandIn:
    """The stand-in; with `registry` it pulls over HTTP as a real one does."""

    def __init__(self, folder: Path, registry: DockerRegistry | None) -> None:
        self.ollama = OllamaStandIn(folder / "models")
        self._registry = registry

    @property
    def url(self) -> str:
        return self.ollama.url

    def publish(self, name: str, weights: bytes, *, template: str = "") -> tuple[str, str, str]:
        if self._registry is not None:
            return push(self._registry, name, weights, template=template)
        facts = Facts(template=template, parameters="129K", quantization="F32", context=2048)
        model = self.ollama.publish(f"{name}:latest", layers=(weights,), facts=facts)
        return f"{name}:latest", model.digest, model.layers[0]["digest"]

    def spoil(self, digest: str) -> None:
        if self._registry is not None:
            self._registry.spoil(digest)
        else:
            self.ollama.published.spoil(digest)

    def slow_down(self, bytes_per_second: int | None) -> None:
        self.ollama.bytes_per_second = bytes_per_second

    def fetches(self, digest: str) -> list[int]:
        return [start for fetched, start in self.ollama.downloads.started if fetched == digest]

    def pulls_ended(self) -> int:
        return self.ollama.left_paths.count("/api/pull")

    def kill(self) -> None:
        self.ollama.go_down()

    def start(self) -> None:
        self.ollama.come_back()


class RealServer:
    """A process of the real Ollama, with a home and a folder of models of its own."""

    def __init__(self, folder: Path, registry: DockerRegistry) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self._host = f"127.0.0.1:{probe.getsockname()[1]}"
        self.url = f"http://{self._host}"
        self._folder = folder
        self._registry = registry
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert BINARY is not None
        home = self._folder / "home"
        home.mkdir(exist_ok=True)
        ours = {"OLLAMA_HOST": self._host, "OLLAMA_MODELS": str(self._folder / "models"), "HOME": str(home)}
        with (self._folder / "ollama.log").open("ab") as log:
            self._process = subprocess.Popen(
                [BINARY, "serve"],
                env={**os.environ, **ours, "OLLAMA_NO_CLOUD": "1"},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        ended = threading.Event()
        for _ in range(int(STARTS_WITHIN_S / 0.02)):
            try:
                urllib.request.urlopen(self.url, timeout=5).close()
            except OSError:
                ended.wait(0.02)
            else:
                return
        raise TimeoutError((self._folder / "ollama.log").read_text()[-2000:])

    def pulls_ended(self) -> int:
        return (self._folder / "ollama.log").read_text().count('"/api/pull"')

    def kill(self) -> None:
        assert self._process is not None
        # Its runners are processes of the same group.
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)

    def publish(self, name: str, weights: bytes, *, template: str = "") -> tuple[str, str, str]:
        return push(self._registry, name, weights, template=template)

    def spoil(self, digest: str) -> None:
        self._registry.spoil(digest)

    def slow_down(self, bytes_per_second: int | None) -> None:
        self._registry.blobs.clear_faults()
        if bytes_per_second is not None:
            self._registry.blobs.fault(Slow(bytes_per_second=bytes_per_second), times=None, method="GET")

    def fetches(self, digest: str) -> list[int]:
        return [int(told.removeprefix("bytes=").partition("-")[0]) for told in self._registry.fetches(digest)]


class Bench:
    """A server with a client of ours."""

    def __init__(self, server: Server, http: Client) -> None:
        self.server = server
        self.http = http
        self.client = OllamaClient(http, lambda: server.url)

    async def pull(self, name: str) -> list[PullStep]:
        async with aclosing(self.client.pull(name, insecure=True)) as steps:
            return [step async for step in steps]

    async def install(self, name: str, weights: bytes, *, template: str = "") -> str:
        """Publish and pull; returns the full name."""
        full, _, _ = self.server.publish(name, weights, template=template)
        await self.pull(full)
        return full

    async def names(self) -> set[str]:
        return {model.name for model in await self.client.models()}

    async def leave(self, name: str, *, at_bytes: int) -> None:
        """Pull until a layer has so many bytes, go away, and wait until the server has noticed."""
        ended = self.server.pulls_ended()
        async with aclosing(self.client.pull(name, insecure=True)) as steps:
            async for step in steps:
                if step.done_bytes and step.done_bytes >= at_bytes:
                    break
        async with asyncio.timeout(60):
            while self.server.pulls_ended() == ended:  # noqa: ASYNC110 - another program's log has no event
                await asyncio.sleep(0.02)

    async def kill_in_pull(self, name: str) -> None:
        """Pull, and end the server once bytes have come; goes on as the pull does."""
        async with aclosing(self.client.pull(name, insecure=True)) as steps:
            async for step in steps:
                if step.done_bytes:
                    await asyncio.to_thread(self.server.kill)

    async def gone_from_memory(self) -> None:
        """A model leaves it a moment after it was told to."""
        async with asyncio.timeout(60):
            while await self.client.loaded():  # noqa: ASYNC110 - another program's memory has no event
                await asyncio.sleep(0.02)

    async def empty(self) -> None:
        """Leave nothing for the next test, in memory nor on disk."""
        self.server.slow_down(None)
        for loaded in await self.client.loaded():
            if loaded.name in await self.names():
                await self.client.unload(loaded.name)
        for name in await self.names():
            await self.client.delete(name)


def push(registry: DockerRegistry, name: str, weights: bytes, *, template: str) -> tuple[str, str, str]:
    layers = [(MODEL, weights), *([(TEMPLATE, template.encode())] if template else [])]
    manifest = registry.push(f"library/{name}", "latest", layers=layers, config=CONFIG)
    digest = digest_of(as_written(manifest)).removeprefix("sha256:")
    return f"{registry.host}/library/{name}:latest", digest, manifest["layers"][0]["digest"]
