"""A server as a child process of ours, kept by a guard that ends it when this program ends, unless it is to stay."""

import asyncio
import contextlib
import json
import os
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from venom_desktop.core.runtimes.control.base import GRACE_S, Exit
from venom_desktop.core.runtimes.control.guard_door import door_of
from venom_desktop.core.runtimes.control.guard_line import GuardLine, meet_guard, start_guard
from venom_desktop.core.runtimes.control.guard_output import LINES_KEPT
from venom_desktop.core.runtimes.control.memory_events import out_of_memory_kills
from venom_desktop.core.runtimes.control.orphans import end_group
from venom_desktop.core.runtimes.control.pid_file import SUFFIX, Left
from venom_desktop.core.signals import Signal
from venom_desktop.core.tasks import TaskScope

MET_WITHIN_S = 2.0
"""A guard that waits at its door answers at once."""
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
        self._own_pid_file = self._pid_file = runtime_folder / f"{name}-{os.getpid()}{SUFFIX}"
        self._log_file = log_file
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._lines_of_run: deque[str] = deque(maxlen=LINES_KEPT)
        self._tasks = TaskScope(f"child:{name}")
        self._guard: GuardLine | None = None
        self._pid: int | None = None
        self._started = ""
        self._requested = False
        self._stays = False
        self._is_ready = False
        self.note: str | None = None
        """What was noted for a later program when the server that runs became ready."""
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
    def is_staying(self) -> bool:
        """Whether the server of now goes on without this program."""
        return self._guard is not None and self._stays and self._is_ready

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
        self._pid_file = self._own_pid_file
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
        stops = self._stops
        guard = await self._start_guard()
        started = self._listen_to(guard)
        if self._stops == stops:
            guard.send(order)
        else:
            guard.hang_up()
        try:
            return await started
        except asyncio.CancelledError:
            # Its end is waited for by whoever stops or starts next.
            self._requested = True
            guard.hang_up()
            raise

    async def take_over(self, left: Left) -> bool:
        """Keep on with a server whose guard was told to keep it; False, and it is let be, where its guard is silent."""
        guard = await meet_guard(door_of(left.pid_file), left.record)
        if guard is None:
            return False
        self._pid_file = left.pid_file
        started = self._listen_to(guard)
        try:
            async with asyncio.timeout(MET_WITHIN_S):
                await started
            self.become_ready(port=left.record.port, note=self.note)
        except (StartRefused, TimeoutError):
            return False
        finally:
            if not self._is_ready:
                self._leave(guard)
        return True

    async def stop(self) -> None:
        """End the server and everything it started; returns when all of it is gone."""
        self._stops += 1
        guard = self._guard
        if guard is None:
            return
        self._requested = True
        guard.send({"keep": False})
        guard.hang_up()
        try:
            async with asyncio.timeout(2 * GRACE_S + 1):
                await self._gone.wait()
        except TimeoutError:
            guard.kill()
            await self._gone.wait()

    def become_ready(self, *, port: int | None, note: str | None = None) -> None:
        """It answers, so from now on it may stay; `port` is for its PID file, `note` may hold a secret."""
        self._is_ready, self.note = True, note
        if self._guard is not None:
            self._guard.send({"port": port, "note": note, "keep": self._stays})

    def stay(self, wanted: bool) -> None:
        """Whether the server, once it is ready, goes on without this program, however that ends."""
        changed, self._stays = wanted is not self._stays, wanted
        if changed and self._is_ready and self._guard is not None:
            self._guard.send({"keep": wanted})

    async def close(self) -> None:
        """End the server, unless it is to stay."""
        guard = self._guard
        if guard is not None and self.is_staying:
            self._leave(guard)
        else:
            await self.stop()
        await self._tasks.close()

    def _leave(self, guard: GuardLine) -> None:
        guard.leave()
        self._tasks.cancel("listen")
        self._forget()

    def _forget(self) -> None:
        """There is none that we look after."""
        self._guard, self._pid, self._is_ready, self.note = None, None, False, None
        self._gone.set()

    def _listen_to(self, guard: GuardLine) -> "asyncio.Future[int]":
        """The PID of its server, once it tells."""
        self._lines_of_run.clear()
        self._kills_before = out_of_memory_kills()
        started: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._guard, self._requested, self._is_ready = guard, False, False
        self._gone.clear()
        self._tasks.start("listen", self._listen(guard, started))
        return started

    async def _start_guard(self) -> GuardLine:
        environment = {key: value for key, value in os.environ.items() if key not in (*SECRETS, *MISREAD)}
        complaints = self._open_log()
        try:
            return await start_guard(environment, complaints)
        finally:
            if complaints is not None:
                complaints.close()

    def _open_log(self) -> IO[bytes] | None:
        try:
            self._log_file.parent.mkdir(parents=True, exist_ok=True)
            return self._log_file.open("ab")
        except OSError:
            return None

    async def _listen(self, guard: GuardLine, started: "asyncio.Future[int]") -> None:
        told = False
        # A guard that ends without having read our last word resets the line; all it said comes first.
        with contextlib.suppress(ConnectionError):
            async for raw in guard.reader:
                told = self._take(json.loads(raw), started) or told
        await guard.ended()
        if not told:
            await self._end_orphan()
        if not started.done():
            started.set_exception(StartRefused("it was stopped before it ran"))
        self._forget()

    def _take(self, event: Mapping[str, Any], started: asyncio.Future[int]) -> bool:
        """True for the last event of a server. A guard of another release may tell more, which is passed over."""
        match event["event"]:
            case "started":
                self._pid, self._started, self.note = event["pid"], event["started"], event.get("note")
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
                pass
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
