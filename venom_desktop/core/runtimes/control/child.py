"""A server as a child process of ours, kept by a guard that ends it when this program ends, however it ends."""

import asyncio
import json
import os
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from venom_desktop.core.programs import own_program
from venom_desktop.core.runtimes.control.base import GRACE_S, Exit
from venom_desktop.core.runtimes.control.memory_events import out_of_memory_kills
from venom_desktop.core.runtimes.control.orphans import end_group
from venom_desktop.core.runtimes.control.pid_file import SUFFIX
from venom_desktop.core.signals import Signal
from venom_desktop.core.tasks import TaskScope

GUARD = "venom_desktop.core.runtimes.control.guard"
LINES_KEPT = 400
LONGEST_EVENT_BYTES = 1 << 20
SECRETS = ("HF_TOKEN", "OPENAI_API_KEY", "GOOGLE_API_KEY", "LLAMA_API_KEY", "VLLM_API_KEY")
"""Variables that no local server has a use for."""
MISREAD = ("VLLM_PORT",)
"""Ours is the port of the server; vLLM itself reads it as the first of its inner ones (0.20, envs.py)."""


class StartRefused(Exception):
    """The operating system would not start the program; the argument says why in its words."""


class ChildServer:
    """One server at a time under one name; `said` carries what it writes to stdout, line by line."""

    def __init__(self, name: str, *, runtime_folder: Path, log_file: Path) -> None:
        self.exited: Signal[Exit] = Signal()
        self.said: Signal[str] = Signal()
        self.moved: Signal[str] = Signal()
        """Every line of both streams, as it comes."""
        self._name = name
        # Two programs may share the folder; neither may overwrite what finds the other's orphan.
        self._pid_file = runtime_folder / f"{name}-{os.getpid()}{SUFFIX}"
        self._log_file = log_file
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._lines_of_run: deque[str] = deque(maxlen=LINES_KEPT)
        self._tasks = TaskScope(f"child:{name}")
        self._guard: Process | None = None
        self._pid: int | None = None
        self._started = ""
        self._requested = False
        self._stops = 0
        self._kills_before = 0
        self._gone = asyncio.Event()
        self._gone.set()

    @property
    def pid(self) -> int | None:
        return self._pid

    @property
    def guard_pid(self) -> int | None:
        return None if self._guard is None else self._guard.pid

    @property
    def is_running(self) -> bool:
        return self._pid is not None

    @property
    def log_file(self) -> Path:
        return self._log_file

    def log_lines(self) -> tuple[str, ...]:
        """The last lines of this run and the ones before it, oldest first."""
        return tuple(self._lines)

    async def start(
        self,
        command: Sequence[str],
        *,
        stdin_line: str | None = None,
        environment: Mapping[str, str] | None = None,
        port: int | None = None,
    ) -> int:
        """Start the server and return its PID; `stdin_line` may hold a secret.

        Raises `StartRefused`, also when `stop` is called before there is a process.
        """
        await self.stop()
        order = {
            "name": self._name,
            "command": list(command),
            "environment": dict(environment or {}),
            "stdin_line": stdin_line,
            "port": port,
            "grace_s": GRACE_S,
            "pid_file": str(self._pid_file),
            "log_file": str(self._log_file),
        }
        self._lines_of_run.clear()
        self._kills_before = out_of_memory_kills()
        stops = self._stops
        guard = await self._spawn_guard()
        started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._guard, self._requested = guard, False
        self._gone.clear()
        self._tasks.start("listen", self._listen(guard, started))
        if self._stops == stops:
            self._send(guard, order)
        else:
            self._let_go(guard)
        try:
            return await started
        except asyncio.CancelledError:
            # Its end is waited for by whoever stops or starts next.
            self._requested = True
            self._let_go(guard)
            raise

    async def stop(self) -> None:
        """End the server and everything it started; returns when all of it is gone."""
        self._stops += 1
        guard = self._guard
        if guard is None:
            return
        self._requested = True
        self._let_go(guard)
        try:
            async with asyncio.timeout(2 * GRACE_S + 1):
                await self._gone.wait()
        except TimeoutError:
            guard.kill()
            await self._gone.wait()

    def tell_port(self, port: int) -> None:
        """Have the port written to the PID file, once it is known."""
        if self._guard is not None:
            self._send(self._guard, {"port": port})

    async def close(self) -> None:
        await self.stop()
        await self._tasks.close()

    async def _spawn_guard(self) -> Process:
        environment = {key: value for key, value in os.environ.items() if key not in (*SECRETS, *MISREAD)}
        complaints = self._open_log()
        try:
            return await asyncio.create_subprocess_exec(
                *own_program(GUARD),
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL if complaints is None else complaints,
                env=environment,
                limit=LONGEST_EVENT_BYTES,
                start_new_session=True,
            )
        finally:
            if complaints is not None:
                complaints.close()

    def _open_log(self) -> IO[bytes] | None:
        try:
            self._log_file.parent.mkdir(parents=True, exist_ok=True)
            return self._log_file.open("ab")
        except OSError:
            return None

    def _send(self, guard: Process, content: Mapping[str, Any]) -> None:
        if guard.stdin is not None and not guard.stdin.is_closing():
            guard.stdin.write(json.dumps(content).encode() + b"\n")

    def _let_go(self, guard: Process) -> None:
        if guard.stdin is not None:
            guard.stdin.close()

    async def _listen(self, guard: Process, started: asyncio.Future[int]) -> None:
        told = False
        if guard.stdout is not None:
            async for raw in guard.stdout:
                event = json.loads(raw)
                told = self._take(event, started) or told
        await guard.wait()
        if not told:
            await self._end_orphan()
        if not started.done():
            started.set_exception(StartRefused("it was stopped before it ran"))
        self._guard = None
        self._let_go(guard)
        self._gone.set()

    def _take(self, event: Mapping[str, Any], started: asyncio.Future[int]) -> bool:
        """True for the last event of a server."""
        match event["event"]:
            case "started":
                self._pid, self._started = event["pid"], event["started"]
                if not started.done():
                    started.set_result(event["pid"])
            case "refused":
                if not started.done():
                    started.set_exception(StartRefused(event["problem"]))
                return True
            case "said" | "log" as stream:
                self._hear(event["line"], said=stream == "said")
            case "exited":
                self._pid = None
                self.exited.publish(self._exit(code=event["code"], number=event["signal"]))
                return True
            case _:
                raise ValueError(f"A guard told {event['event']}")
        return False

    async def _end_orphan(self) -> None:
        """The guard was killed, so nobody else ends what it kept."""
        pid, self._pid = self._pid, None
        if pid is None:
            return
        await end_group(pid, self._started)
        self._pid_file.unlink(missing_ok=True)
        self.exited.publish(self._exit(code=None, number=None))

    def _exit(self, *, code: int | None, number: int | None) -> Exit:
        return Exit(
            code=code,
            signal=number,
            requested=self._requested,
            out_of_memory=out_of_memory_kills() > self._kills_before,
            lines=tuple(self._lines_of_run),
        )

    def _hear(self, line: str, *, said: bool) -> None:
        self._lines.append(line)
        self._lines_of_run.append(line)
        self.moved.publish(line)
        if said:
            self.said.publish(line)
