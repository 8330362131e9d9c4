"""An Ollama's process as the tests watch it: real programs at real ports, and one way to ask them."""

import asyncio
import contextlib
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from venom_desktop.core.runtimes.control.ports import free_port
from venom_desktop.core.runtimes.control.systemd import Patience, Systemd
from venom_desktop.core.runtimes.ollama_server import OllamaServer

ANSWER_WITHIN_S = 0.5


@dataclass
class Bench:
    """Makes servers over one folder and one port, and ends what the tests started."""

    root: Path
    port: int = field(default_factory=free_port)
    program: Path | None = None
    host: str = "127.0.0.1"
    environment: dict[str, str] = field(default_factory=dict)
    unit: str = ""
    asked: int = 0
    servers: list[OllamaServer] = field(default_factory=list)
    processes: list[subprocess.Popen[str]] = field(default_factory=list)
    hears: Callable[[], None] = lambda: None

    @property
    def endpoint(self) -> str:
        return f"http://{self.host}:{self.port}"

    def server(self, *, stalled_after_s: float = 60, systemd: Systemd | None = None) -> OllamaServer:
        server = OllamaServer(
            program=lambda: self.program,
            environment=lambda: self.environment,
            endpoint=lambda: self.endpoint,
            answers=self.answers,
            runtime_folder=self.root / "run",
            log_folder=self.root / "log",
            unit=lambda: self.unit,
            systemd=systemd or Systemd("Ollama", patience=Patience(look_s=10, act_s=10)),
            stalled_after_s=stalled_after_s,
            term_within_s=0.3,
        )
        self.servers.append(server)
        return server

    async def answers(self) -> bool:
        told = b""
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(ANSWER_WITHIN_S):
                told = await ask(self.port)
        self.asked += 1
        self.hears()
        return b'"version"' in told

    def run(self, program: Path) -> subprocess.Popen[str]:
        """A server that somebody else started; returns when it listens."""
        process = subprocess.Popen(
            [program, "serve"],
            env={"OLLAMA_HOST": f"127.0.0.1:{self.port}", "HOME": str(self.root), "PATH": os.environ["PATH"]},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Listening")
        return process

    async def close(self) -> None:
        for server in self.servers:
            await server.close()
        for process in self.processes:
            process.kill()
            process.wait()
            if process.stdout is not None:
                process.stdout.close()


async def ask(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(b"GET /api/version HTTP/1.1\r\nHost: x\r\n\r\n")
        return await reader.read()
    finally:
        writer.close()
