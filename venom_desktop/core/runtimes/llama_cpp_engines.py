"""The two engines of the llama.cpp runtime: ours from the xllamacpp wheel, and a `llama-server` of the user."""

import json
import os
import re
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from venom_desktop.core.http import Client, HttpError
from venom_desktop.core.programs import own_program
from venom_desktop.core.runtimes.base import Device
from venom_desktop.core.runtimes.control.child import ChildServer
from venom_desktop.core.runtimes.control.one_shot import answer_of
from venom_desktop.core.runtimes.control.ports import free_port
from venom_desktop.core.runtimes.llama_cpp_server import ALL_LAYERS, Order

SERVER = "venom_desktop.core.runtimes.llama_cpp_server"
PROGRAM = "llama-server"
MIB = 1 << 20


class Engine(Protocol):
    """How one kind of server is started and asked; an object serves one start."""

    version: str | None

    async def start(self, child: ChildServer, order: Order) -> None:
        """Have `child` run it. Raises `StartRefused`, `OSError`."""

    async def port_when_ready(self) -> int | None:
        """Its port once it has loaded the model; None while it has not."""

    def forget_start(self) -> None:
        """Remove what only the start needed."""

    async def devices(self) -> tuple[Device, ...]:
        """Raises `StartRefused`."""


class BuiltInEngine:
    def __init__(self) -> None:
        self.version: str | None = None
        self._port: int | None = None
        self._end: Callable[[], None] = lambda: None

    async def start(self, child: ChildServer, order: Order) -> None:
        self._end = child.said.subscribe(self._hear)
        await child.start(own_program(SERVER), stdin_line=order.as_line())

    async def port_when_ready(self) -> int | None:
        return self._port

    def forget_start(self) -> None:
        self._end()

    async def devices(self) -> tuple[Device, ...]:
        told = await answer_of(own_program(SERVER), stdin=b'{"task": "devices"}\n')
        return tuple(Device(**device) for device in json.loads(told)["devices"])

    def _hear(self, line: str) -> None:
        try:
            event: Any = json.loads(line)
        except ValueError:
            return
        if isinstance(event, dict) and event.get("event") == "ready":
            self.version = event["version"]
            self._port = event["port"]


class LlamaServerEngine:
    """`llama-server` by path. It cannot tell the port it chose, so it is given one that was free a moment ago."""

    def __init__(self, program: Path, *, http: Client, key_file: Path) -> None:
        self.version: str | None = None
        self._program = program
        self._http = http
        self._key_file = key_file
        self._port = 0

    async def start(self, child: ChildServer, order: Order) -> None:
        self._write_key(order.api_key)
        self._port = free_port()
        await child.start(arguments(self._program, order, port=self._port, key_file=self._key_file), port=self._port)

    async def port_when_ready(self) -> int | None:
        try:
            response = await self._http.get(f"http://127.0.0.1:{self._port}/health")
        except HttpError:
            return None
        return self._port if response.status_code == 200 else None

    def forget_start(self) -> None:
        self._key_file.unlink(missing_ok=True)

    async def devices(self) -> tuple[Device, ...]:
        return parse_devices(await answer_of([str(self._program), "--list-devices"]))

    def _write_key(self, key: str) -> None:
        """Readable by this user alone, and only until the server has read it."""
        self._key_file.parent.mkdir(parents=True, exist_ok=True)
        self._key_file.unlink(missing_ok=True)
        descriptor = os.open(self._key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(f"{key}\n")


def choose_engine(configured: Path | None, *, http: Client, runtime_folder: Path) -> Engine | None:
    """`llama-server` where the user named one or has one on PATH, else the built-in engine; None without either."""
    program = configured
    if program is None and (found := shutil.which(PROGRAM)) is not None:
        program = Path(found)
    if program is not None:
        return LlamaServerEngine(program, http=http, key_file=runtime_folder / f"llama_cpp-{os.getpid()}.key")
    return BuiltInEngine() if find_spec("xllamacpp") is not None else None


def arguments(program: Path, order: Order, *, port: int, key_file: Path) -> list[str]:
    """The command line of `llama-server`, in options that builds from 2024 to 2026 share."""
    command = [str(program), "--model", order.model_path, "--alias", order.alias]
    command += ["--host", "127.0.0.1", "--port", str(port), "--api-key-file", str(key_file)]
    if order.projector_path is not None:
        command += ["--mmproj", order.projector_path]
    if order.context is not None:
        command += ["--ctx-size", str(order.context)]
    if order.gpu_layers is not None:
        command += ["--n-gpu-layers", str(ALL_LAYERS if order.gpu_layers < 0 else order.gpu_layers)]
    if order.parallel is not None:
        command += ["--parallel", str(order.parallel)]
    if order.threads is not None:
        command += ["--threads", str(order.threads)]
    if order.kv_type is not None:
        command += ["--cache-type-k", order.kv_type, "--cache-type-v", order.kv_type]
    return command


_DEVICE = re.compile(r"^\s+(?P<name>\w+): (?P<description>.+) \((?P<total>\d+) MiB, (?P<free>\d+) MiB free\)\s*$")


def parse_devices(text: str) -> tuple[Device, ...]:
    """`llama-server --list-devices` prints `  CUDA0: NVIDIA ... (24080 MiB, 23500 MiB free)`, and no CPU."""
    found = (_DEVICE.match(line) for line in text.splitlines())
    return tuple(
        Device(
            name=match["name"],
            description=match["description"],
            kind="gpu",
            memory_free_bytes=int(match["free"]) * MIB,
            memory_total_bytes=int(match["total"]) * MIB,
        )
        for match in found
        if match is not None
    )
