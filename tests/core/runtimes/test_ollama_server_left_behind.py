"""Nothing outlives this program but by accident, and what does is found again by PID, start time and port."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.core.runtimes.ollama_programs import ollama_program
from tests.core.runtimes.ollama_servers import Bench
from venom_desktop.core.runtimes.base import Control
from venom_desktop.core.runtimes.control import memory_events
from venom_desktop.core.runtimes.control.base import Exit
from venom_desktop.core.runtimes.control.orphans import clean_up_orphans, wait_for_end
from venom_desktop.core.runtimes.control.pid_file import PidRecord, read_records, write_record
from venom_desktop.core.runtimes.control.ports import free_port
from venom_desktop.core.runtimes.control.process_identity import started_mark
from venom_desktop.core.runtimes.ollama_facts import NAME

Leave = Callable[[Bench], Awaitable[int]]
APP = """
import asyncio, sys
from pathlib import Path
from tests.core.runtimes.ollama_servers import Bench

async def main():
    root, port, program, *stays = sys.argv[1:]
    bench = Bench(Path(root), port=int(port), program=Path(program))
    server = bench.server()
    server.stay(bool(stays))
    facts = await server.start()
    print(facts.pid, server._own.child.guard_pid, flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path, program=ollama_program(tmp_path / "bin"))
    yield bench
    await bench.close()


async def crash(bench: Bench, *, with_guard: bool) -> int:
    """Another program starts the server and is killed; returns the server's PID."""
    command = [sys.executable, "-c", APP, str(bench.root), str(bench.port), str(bench.program)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as app:
        assert app.stdout is not None
        line = await asyncio.to_thread(app.stdout.readline)
        pid, guard = (int(word) for word in line.split())
        mark = started_mark(guard)
        if with_guard:
            # The guard must not see its owner go, nor the owner its guard.
            os.kill(app.pid, signal.SIGSTOP)
            os.kill(guard, signal.SIGKILL)
        app.kill()
    assert mark is None or await wait_for_end(guard, mark, within_s=10)
    return pid


async def crash_with_guard(bench: Bench) -> int:
    return await crash(bench, with_guard=True)


async def crash_and_leave(bench: Bench) -> int:
    """As `crash`, of a program whose server is to stay; its guard waits for the next one."""
    command = [sys.executable, "-c", APP, str(bench.root), str(bench.port), str(bench.program), "stays"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as app:
        assert app.stdout is not None
        pid, _ = (await asyncio.to_thread(app.stdout.readline)).split()
        app.kill()
    async with asyncio.timeout(10):
        while not list((bench.root / "run").glob("*.door")):  # noqa: ASYNC110 - another process has no event for us
            await asyncio.sleep(0.01)
    return int(pid)


async def test_a_crash_of_this_program_ends_its_server(bench: Bench) -> None:
    pid = await crash(bench, with_guard=False)
    mark = started_mark(pid)
    assert mark is None or await wait_for_end(pid, mark, within_s=10)
    assert (await bench.server().look()).control is None


async def test_what_a_killed_guard_left_is_adopted_and_serves_on(bench: Bench) -> None:
    pid = await crash_with_guard(bench)
    # It writes a line for each answer, with nobody there to read it.
    assert await bench.answers()
    server = bench.server()
    facts = await server.start()
    assert (facts.control, facts.pid, facts.port) == (Control.CHILD, pid, bench.port)
    assert facts.environment is not None
    assert await bench.answers()
    assert "GET /api/version" in server.log_lines()
    await server.stop()
    assert started_mark(pid) is None
    assert not list((bench.root / "run").iterdir())


async def test_the_end_of_an_adopted_server_is_told_with_its_last_lines(bench: Bench) -> None:
    pid = await crash_with_guard(bench)
    server = bench.server()
    heard: asyncio.Queue[Exit] = asyncio.Queue()
    server.exited.subscribe(heard.put_nowait)
    await server.start()
    assert await bench.answers()
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(60):
        end = await heard.get()
    assert not end.requested
    assert "GET /api/version" in end.lines
    assert (await server.look()).control is None


async def test_the_memory_killer_is_told_also_of_an_adopted_server(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = tmp_path / "vmstat"
    counter.write_text("oom_kill 3\n")
    monkeypatch.setattr(memory_events, "_COUNTERS", (counter,))
    pid = await crash_with_guard(bench)
    server = bench.server()
    heard: asyncio.Queue[Exit] = asyncio.Queue()
    server.exited.subscribe(heard.put_nowait)
    await server.start()
    counter.write_text("oom_kill 4\n")
    os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(10):
        assert (await heard.get()).out_of_memory


async def test_restarting_an_adopted_server_puts_it_under_a_guard_again(bench: Bench) -> None:
    pid = await crash_with_guard(bench)
    server = bench.server()
    facts = await server.restart()
    assert facts.control is Control.CHILD
    assert facts.pid not in (None, pid)
    assert started_mark(pid) is None


async def test_only_one_program_adopts(bench: Bench) -> None:
    pid = await crash_with_guard(bench)
    first, second = bench.server(), bench.server()
    assert (await first.look()).control is Control.CHILD
    assert (await second.look()).control is Control.EXTERNAL
    await clean_up_orphans(bench.root / "run")
    assert started_mark(pid) is not None


async def test_cleaning_up_leaves_what_its_owner_may_adopt(bench: Bench) -> None:
    pid = await crash_with_guard(bench)
    assert await clean_up_orphans(bench.root / "run", leave={NAME}) == ()
    assert (await bench.server().look()).pid == pid


@pytest.mark.parametrize("leave", [crash_with_guard, crash_and_leave])
@pytest.mark.parametrize("host", ["127.0.0.1", "far.invalid"], ids=["another port", "another machine"])
async def test_one_at_an_address_that_is_not_used_any_more_is_ended(bench: Bench, leave: Leave, host: str) -> None:
    pid = await leave(bench)
    bench.host, bench.port = host, free_port()
    assert (await bench.server().look()).control is None
    assert started_mark(pid) is None
    assert not list((bench.root / "run").iterdir())


async def test_a_pid_that_was_given_to_another_process_is_not_touched(bench: Bench) -> None:
    other = bench.run(ollama_program(bench.root / "other"))
    record = PidRecord(
        name=NAME, pid=other.pid, started="another-boot:1", guard_pid=2**22 + 1, guard_started="gone", port=bench.port
    )
    write_record(bench.root / "run" / f"{NAME}-1.pid.json", record)
    server = bench.server()
    assert (await server.look()).control is Control.EXTERNAL
    assert not read_records(bench.root / "run")
    await server.close()
    assert other.poll() is None


@pytest.mark.parametrize("leave", [crash_with_guard, crash_and_leave])
async def test_a_record_of_the_right_process_at_another_port_ends_it_and_the_listener_stays(
    bench: Bench, leave: Leave
) -> None:
    pid = await leave(bench)
    [(path, record)] = read_records(bench.root / "run").items()
    assert record is not None
    bench.port = free_port()
    other = bench.run(ollama_program(bench.root / "other"))
    write_record(path, replace(record, port=bench.port))
    facts = await bench.server().look()
    assert (facts.control, facts.pid) == (Control.EXTERNAL, other.pid)
    assert started_mark(pid) is None


async def test_one_that_is_to_stay_is_ours_again_with_its_log_and_its_guard(bench: Bench) -> None:
    bench.environment = {"OLLAMA_KEEP_ALIVE": "30m"}
    pid = await crash_and_leave(bench)
    server = bench.server()
    heard: asyncio.Queue[Exit] = asyncio.Queue()
    server.exited.subscribe(heard.put_nowait)
    facts = await server.start()
    assert (facts.control, facts.pid, facts.port) == (Control.CHILD, pid, bench.port)
    assert server.log_lines()[0] == f"Listening on 127.0.0.1:{bench.port}"
    os.kill(pid, signal.SIGSEGV)
    async with asyncio.timeout(10):
        assert (await heard.get()).signal == signal.SIGSEGV
    again = await server.start()
    assert again.control is Control.CHILD
    assert again.pid not in (None, pid)


async def test_one_that_stays_is_restarted_and_stopped_like_any_other(bench: Bench) -> None:
    pid = await crash_and_leave(bench)
    server = bench.server()
    facts = await server.restart()
    assert facts.control is Control.CHILD
    assert facts.pid not in (None, pid)
    assert started_mark(pid) is None
    await server.stop()
    assert not list((bench.root / "run").iterdir())


async def test_behind_a_script_of_the_users_it_is_found_again(bench: Bench) -> None:
    script = bench.root / "scripts" / "ollama"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\n{bench.program} "$@"\n')
    script.chmod(0o755)
    bench.program = script
    pid = await crash_and_leave(bench)
    facts = await bench.server().look()
    assert (facts.control, facts.pid) == (Control.CHILD, pid)


async def test_a_program_of_another_home_sees_it_as_somebody_elses(bench: Bench) -> None:
    pid = await crash_and_leave(bench)
    elsewhere = Bench(bench.root / "elsewhere", port=bench.port, program=bench.program)
    server = elsewhere.server()
    server.stay(True)
    facts = await server.look()
    assert (facts.control, facts.pid) == (Control.EXTERNAL, pid)
    await elsewhere.close()
    assert started_mark(pid) is not None
    assert (await bench.server().look()).control is Control.CHILD
