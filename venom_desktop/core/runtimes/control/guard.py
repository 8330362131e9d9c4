"""Starts one server in a process group of its own and ends the whole group when standard input closes.

Runs as `python -m venom_desktop.core.runtimes.control.guard`, one per server, so it imports next to nothing.
The first line on stdin is the order as JSON. Later lines are objects, and what is unknown in one is passed over: `port`
goes to the PID file, `note` to whoever comes later, and after `keep` true the server outlives a closed stdin. Stdout
carries one JSON object a line: `started` or `refused`, then `said` (server's stdout) and `log` (its stderr), at last
`exited`.

A guard that keeps its server waits at a door beside the PID file (`guard_door.py`). Who comes in is to it what stdin
and stdout were, and is told `started`, the last lines and what follows.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from venom_desktop.core.runtimes.control.guard_door import Door, door_of
from venom_desktop.core.runtimes.control.guard_output import Log, Teller
from venom_desktop.core.runtimes.control.pid_file import PidRecord, with_port, write_record
from venom_desktop.core.runtimes.control.process_identity import started_mark

LONGEST_LINE_BYTES = 16 * 1024
LAST_LINES_S = 0.5
"""How long a crash may be kept from the app for the last lines; a grandchild can hold the pipe open."""
PIPE_BYTES = 1 << 20
"""The most that Linux gives to everybody."""
_WINDOWS = sys.platform == "win32"


class Guard:
    """One server and the threads that watch it."""

    def __init__(self, order: dict[str, Any], teller: Teller) -> None:
        self._order = order
        self._teller = teller
        self._log = Log(Path(order["log_file"]))
        self._pid_file = Path(order["pid_file"])
        self._door = Door(door_of(self._pid_file))
        self._grace_s = float(order["grace_s"])
        self._keeps = False
        self._note: str | None = None
        self._leader_gone = threading.Event()
        self._server: subprocess.Popen[bytes]
        self._record: PidRecord
        self._outputs: list[IO[bytes]] = []

    def run(self) -> int:
        try:
            self._start()
        except OSError as error:
            self._teller.tell("refused", problem=error.strerror or str(error), errno=error.errno)
            return 127
        pumps = [
            threading.Thread(target=self._pump, args=(self._outputs[0], "said"), daemon=True),
            threading.Thread(target=self._pump, args=(self._outputs[1], "log"), daemon=True),
        ]
        for thread in [*pumps, threading.Thread(target=self._listen, daemon=True)]:
            thread.start()
        self._end_rest_of_group(pumps, *self._wait_for_leader())
        return 0

    def _start(self) -> None:
        environment = {**os.environ, **self._order["environment"]}
        reading, writing = zip(*(output_pipe() for _ in ("stdout", "stderr")), strict=True)
        try:
            self._server = subprocess.Popen(
                self._order["command"],
                stdin=subprocess.PIPE,
                stdout=writing[0],
                stderr=writing[1],
                env=environment,
                start_new_session=not _WINDOWS,
            )
        finally:
            for descriptor in writing:
                os.close(descriptor)
        self._outputs = [os.fdopen(descriptor, "rb") for descriptor in reading]
        self._record = PidRecord(
            name=self._order["name"],
            pid=self._server.pid,
            started=started_mark(self._server.pid) or "",
            guard_pid=os.getpid(),
            guard_started=started_mark(os.getpid()) or "",
            port=self._order["port"],
        )
        with contextlib.suppress(OSError):
            write_record(self._pid_file, self._record)
        self._teller.tell("started", pid=self._record.pid, started=self._record.started)
        self._send_first_line()

    def _send_first_line(self) -> None:
        line = self._order.pop("stdin_line")
        if line is None or self._server.stdin is None:
            return
        with contextlib.suppress(OSError):
            self._server.stdin.write(line.encode() + b"\n")
            self._server.stdin.flush()

    def _pump(self, stream: IO[bytes], event: str) -> None:
        for line in iter(lambda: stream.readline(LONGEST_LINE_BYTES), b""):
            self._log.write(line)
            self._teller.tell_line(event, line.decode("utf-8", "replace").rstrip("\r\n"))

    def _listen(self) -> None:
        self._hear(sys.stdin.buffer)
        while self._keeps:
            self._teller.fall_silent()
            caller = self._door.next_caller()
            if caller is None:
                break
            self._teller.turn_to(
                caller,
                pid=self._record.pid,
                started=self._record.started,
                port=self._record.port,
                note=self._note,
            )
            # It stays open when the server ends, to be told how.
            with caller.makefile("rb") as lines:
                self._hear(lines)
        self.end()

    def _hear(self, lines: Iterable[bytes]) -> None:
        """Until the program hangs up, however roughly."""
        with contextlib.suppress(OSError):
            for line in lines:
                with contextlib.suppress(ValueError, TypeError, AttributeError):
                    self._obey(json.loads(line))

    def _obey(self, told: dict[str, Any]) -> None:
        self._keeps = not _WINDOWS and bool(told.get("keep", self._keeps))
        self._note = told.get("note", self._note)
        if told.get("port"):
            self._record = with_port(self._record, int(told["port"]))
            with contextlib.suppress(OSError):
                write_record(self._pid_file, self._record)

    def end(self) -> None:
        self._signal_group(gently=True)
        if not self._leader_gone.wait(self._grace_s):
            self._signal_group(gently=False)

    def _signal_group(self, *, gently: bool) -> None:
        if _WINDOWS:  # not run
            self._server.terminate()
            return
        # The leader is reaped last, so its number cannot have been given to another group meanwhile.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._server.pid, signal.SIGTERM if gently else signal.SIGKILL)

    def _wait_for_leader(self) -> tuple[int | None, int | None]:
        """The exit code or the signal; the dead leader stays a zombie, which keeps its group's number taken."""
        if _WINDOWS:  # not run
            code = self._server.wait()
            self._leader_gone.set()
            return code, None
        end = os.waitid(os.P_PID, self._server.pid, os.WEXITED | os.WNOWAIT)
        self._leader_gone.set()
        if end is None or end.si_code == os.CLD_EXITED:
            return (None if end is None else end.si_status), None
        return None, end.si_status

    def _end_rest_of_group(self, pumps: list[threading.Thread], code: int | None, number: int | None) -> None:
        self._signal_group(gently=True)
        join_all(pumps, LAST_LINES_S)
        self._teller.tell("exited", code=code, signal=number)
        join_all(pumps, self._grace_s)
        self._signal_group(gently=False)
        self._server.wait()
        self._pid_file.unlink(missing_ok=True)
        self._door.close()


def output_pipe() -> tuple[int, int]:
    """A descriptor to read and one for the server.

    A server whose guard is killed would die of its next line, nobody reading it (Go programs do). Where the system
    allows, its end is one that reads too, so that it lives on until it is adopted or the pipe is full.
    """
    reading, writing = os.pipe()
    if sys.platform != "linux":
        return reading, writing
    with contextlib.suppress(OSError):
        both = os.open(f"/proc/self/fd/{writing}", os.O_RDWR | os.O_CLOEXEC)
        os.close(writing)
        writing = both
        import fcntl

        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return reading, writing


def join_all(threads: list[threading.Thread], within_s: float) -> None:
    deadline = time.monotonic() + within_s
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


def forbid_core_dumps() -> None:
    """A crashed engine would write a file as large as its model."""
    if _WINDOWS:  # not run; the module does not exist there
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> int:
    forbid_core_dumps()
    order = sys.stdin.buffer.readline()
    if not order:
        return 0
    guard = Guard(json.loads(order), Teller())
    for number in (signal.SIGTERM, signal.SIGINT) if _WINDOWS else (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: threading.Thread(target=guard.end, daemon=True).start())
    return guard.run()


if __name__ == "__main__":
    # Nothing is left to be written; what a reader that is gone never took would only complain.
    os._exit(main())
