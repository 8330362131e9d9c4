"""A child server ends with its owner, whatever happens to either, and tells how it ended."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core.runtimes.control.servers import DEAF, WAITS, WITH_GRANDCHILD, gone, queue_of, soon
from venom_desktop.core.runtimes.control.base import Exit
from venom_desktop.core.runtimes.control.child import ChildServer, StartRefused
from venom_desktop.core.runtimes.control.process_identity import started_mark

PARENT = """
import asyncio, sys
from pathlib import Path
from venom_desktop.core.runtimes.control.child import ChildServer

async def main():
    folder = Path(sys.argv[1])
    server = ChildServer("parented", runtime_folder=folder, log_file=folder / "parented.log")
    said = asyncio.Queue()
    server.said.subscribe(said.put_nowait)
    pid = await server.start([sys.executable, "-c", sys.argv[2]])
    print(pid, server.guard_pid, await said.get(), flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[ChildServer]:
    child = ChildServer("stand-in", runtime_folder=tmp_path / "run", log_file=tmp_path / "log" / "stand-in.log")
    yield child
    await child.close()


async def test_stopping_ends_the_server_and_its_guard(server: ChildServer) -> None:
    exits = queue_of(server.exited)
    pid = await server.start(WAITS)
    guard_pid = server.guard_pid
    await server.stop()
    assert started_mark(pid) is None
    assert guard_pid is not None
    assert started_mark(guard_pid) is None
    assert (await soon(exits)).requested
    assert not server.is_running


async def test_a_server_that_ignores_sigterm_is_killed(server: ChildServer) -> None:
    exits, said = queue_of(server.exited), queue_of(server.said)
    pid = await server.start(DEAF)
    assert await soon(said) == "up"
    await server.stop()
    assert started_mark(pid) is None
    assert (await soon(exits)).signal == signal.SIGKILL


async def test_what_the_server_started_ends_with_it(server: ChildServer) -> None:
    said = queue_of(server.said)
    await server.start(WITH_GRANDCHILD)
    told = await soon(said)
    grandchild = int(told)
    assert started_mark(grandchild) is not None
    await server.stop()
    assert await gone(grandchild)


async def test_a_killed_server_is_noticed_with_its_signal_and_last_lines(server: ChildServer) -> None:
    exits, said = queue_of(server.exited), queue_of(server.said)
    pid = await server.start(WAITS)
    await soon(said)
    os.kill(pid, signal.SIGKILL)
    end = await asyncio.wait_for(exits.get(), 2)
    assert end == Exit(signal=signal.SIGKILL, lines=("up",))


async def test_a_dead_server_is_told_although_what_it_started_still_holds_its_output(server: ChildServer) -> None:
    exits, said = queue_of(server.exited), queue_of(server.said)
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    )
    program = f"import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', {stubborn!r}]); time.sleep(600)"
    pid = await server.start([sys.executable, "-c", program])
    assert await soon(said) == "up"
    os.kill(pid, signal.SIGKILL)
    assert (await asyncio.wait_for(exits.get(), 2)).signal == signal.SIGKILL


async def test_an_exit_code_is_told(server: ChildServer) -> None:
    exits = queue_of(server.exited)
    await server.start([sys.executable, "-c", "import sys; print('last words', file=sys.stderr); sys.exit(7)"])
    end = await soon(exits)
    assert (end.code, end.signal, end.requested) == (7, None, False)
    assert end.lines == ("last words",)


async def test_a_program_that_does_not_exist_is_refused_in_words(server: ChildServer, tmp_path: Path) -> None:
    with pytest.raises(StartRefused, match="No such file"):
        await server.start([str(tmp_path / "nothing-here")])
    assert not server.is_running


async def test_the_first_line_reaches_the_server_and_no_process_table(server: ChildServer) -> None:
    said = queue_of(server.said)
    program = "import sys; print(sys.stdin.readline().strip()[::-1], flush=True); sys.stdin.read()"
    pid = await server.start([sys.executable, "-c", program], stdin_line="terces-eht")
    assert await soon(said) == "the-secret"
    assert server.guard_pid is not None
    for process in (pid, server.guard_pid):
        for part in ("cmdline", "environ"):
            assert b"terces-eht" not in Path(f"/proc/{process}/{part}").read_bytes()


async def test_keys_of_clouds_are_not_handed_to_a_server(server: ChildServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_made_up")
    said = queue_of(server.said)
    await server.start([sys.executable, "-c", "import os; print('HF_TOKEN' in os.environ, flush=True)"])
    assert await soon(said) == "False"


async def test_core_dumps_are_off(server: ChildServer) -> None:
    said = queue_of(server.said)
    await server.start([sys.executable, "-c", "import resource as r; print(r.getrlimit(r.RLIMIT_CORE), flush=True)"])
    assert await soon(said) == "(0, 0)"


async def test_output_goes_to_the_log_file_and_is_rotated(server: ChildServer, tmp_path: Path) -> None:
    exits = queue_of(server.exited)
    await server.start([sys.executable, "-c", "for n in range(3000): print(f'{n:06}' + 'x' * 1000)"])
    assert (await soon(exits)).code == 0
    await server.stop()
    older, newer = (tmp_path / "log" / name for name in ("stand-in.log.1", "stand-in.log"))
    lines = (older.read_text() + newer.read_text()).splitlines()
    assert [int(line[:6]) for line in lines] == list(range(3000))
    assert server.log_lines()[-1].startswith("002999")


async def test_a_killed_guard_takes_its_server_along(server: ChildServer) -> None:
    exits, said = queue_of(server.exited), queue_of(server.said)
    pid = await server.start(DEAF)
    assert await soon(said) == "up"
    assert server.guard_pid is not None
    os.kill(server.guard_pid, signal.SIGKILL)
    end = await soon(exits)
    assert (end.code, end.signal) == (None, None)
    assert await gone(pid)
    await server.stop()


async def test_the_pid_file_names_server_guard_and_port_while_it_runs(server: ChildServer, tmp_path: Path) -> None:
    said = queue_of(server.said)
    pid = await server.start(WAITS, port=4711)
    await soon(said)
    [file] = (tmp_path / "run").iterdir()
    record = json.loads(file.read_text())
    assert (record["pid"], record["guard_pid"], record["port"]) == (pid, server.guard_pid, 4711)
    assert record["started"] == started_mark(pid)
    await server.stop()
    assert not file.exists()


@pytest.mark.parametrize("program", [WITH_GRANDCHILD[2], DEAF[2]], ids=["with a grandchild", "deaf"])
async def test_kill_9_of_the_parent_leaves_no_orphan(tmp_path: Path, program: str) -> None:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path), program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    with parent.stdout:
        pid, guard_pid, said = (await asyncio.to_thread(parent.stdout.readline)).split()
    parent.kill()
    parent.wait()
    assert await gone(int(guard_pid))
    assert await gone(int(pid))
    if said.isdigit():
        assert await gone(int(said))
