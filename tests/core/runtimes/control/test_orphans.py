"""What a killed guard left behind is found by PID and start time; a reused PID is never touched."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from venom_desktop.core.runtimes.control.adoption import AdoptedServer, left_behind
from venom_desktop.core.runtimes.control.base import Exit
from venom_desktop.core.runtimes.control.orphans import clean_up_orphans, wait_for_end
from venom_desktop.core.runtimes.control.pid_file import PidRecord, write_record
from venom_desktop.core.runtimes.control.process_identity import started_mark

LISTENS = """
import socket, time
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
time.sleep(600)
"""


@pytest.fixture
def stray() -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server that listens, in a group of its own, with nobody to look after it; and its port."""
    server = subprocess.Popen(
        [sys.executable, "-c", LISTENS], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert server.stdout is not None
    with server.stdout:
        port = int(server.stdout.readline())
    yield server, port
    server.kill()
    server.wait()


def record_of(pid: int, *, port: int | None = None) -> PidRecord:
    """A record whose guard is no longer there."""
    started = started_mark(pid)
    assert started is not None
    return PidRecord(name="lost", pid=pid, started=started, guard_pid=2**22 + 1, guard_started="gone", port=port)


async def test_an_orphan_is_ended_and_its_file_removed(
    tmp_path: Path, stray: tuple[subprocess.Popen[str], int]
) -> None:
    record = record_of(stray[0].pid)
    write_record(tmp_path / "lost.pid.json", record)
    assert await clean_up_orphans(tmp_path) == (record,)
    assert started_mark(record.pid) is None
    assert not list(tmp_path.iterdir())


async def test_a_reused_pid_is_never_touched(tmp_path: Path, stray: tuple[subprocess.Popen[str], int]) -> None:
    record = replace(record_of(stray[0].pid), started="another-boot:1")
    write_record(tmp_path / "lost.pid.json", record)
    assert await clean_up_orphans(tmp_path) == ()
    assert stray[0].poll() is None
    assert not list(tmp_path.iterdir())


async def test_a_server_whose_guard_lives_is_left_alone(
    tmp_path: Path, stray: tuple[subprocess.Popen[str], int]
) -> None:
    guard = stray[0].pid
    record = replace(record_of(guard), guard_pid=guard, guard_started=started_mark(guard) or "")
    write_record(tmp_path / "kept.pid.json", record)
    assert await clean_up_orphans(tmp_path) == ()
    assert stray[0].poll() is None
    assert (tmp_path / "kept.pid.json").exists()


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{", '{"pid": 0}', '{"pid": -1, "guard_pid": 5, "name": "x", "started": "x", "guard_started": "x"}'],
)
async def test_a_damaged_pid_file_ends_nothing_and_goes(tmp_path: Path, content: str) -> None:
    (tmp_path / "damaged.pid.json").write_text(content)
    assert await clean_up_orphans(tmp_path) == ()
    assert not list(tmp_path.iterdir())


async def test_an_orphan_is_adopted_at_its_port_and_its_end_is_told(
    tmp_path: Path, stray: tuple[subprocess.Popen[str], int]
) -> None:
    process, port = stray
    write_record(tmp_path / "lost.pid.json", record_of(process.pid, port=port))
    left = await left_behind(tmp_path, "lost", port=port)
    assert left is not None
    server = AdoptedServer(left, log_file=tmp_path / "lost.log")
    exits: asyncio.Queue[Exit] = asyncio.Queue()
    server.exited.subscribe(exits.put_nowait)
    process.kill()
    assert await asyncio.wait_for(exits.get(), 5) == Exit()
    await server.close()


async def test_an_orphan_that_does_not_listen_at_its_port_is_not_adopted(
    tmp_path: Path, stray: tuple[subprocess.Popen[str], int]
) -> None:
    record = record_of(stray[0].pid)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        write_record(tmp_path / "lost.pid.json", replace(record, port=port))
        assert await left_behind(tmp_path, "lost", port=port) is None
    assert started_mark(record.pid) is None


async def test_waiting_for_a_process_that_stays_gives_up_in_time() -> None:
    assert not await wait_for_end(1, started_mark(1) or "", within_s=0.05)
