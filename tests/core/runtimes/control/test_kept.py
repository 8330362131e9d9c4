"""A server that is to stay outlives its program with its guard, and the next program takes it over."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.core.runtimes.control.servers import gone, queue_of, soon
from venom_desktop.core.runtimes.control.adoption import left_behind
from venom_desktop.core.runtimes.control.base import Exit
from venom_desktop.core.runtimes.control.child import ChildServer
from venom_desktop.core.runtimes.control.guard_door import door_of
from venom_desktop.core.runtimes.control.orphans import clean_up_orphans
from venom_desktop.core.runtimes.control.pid_file import read_records
from venom_desktop.core.runtimes.control.process_identity import started_mark

SERVER = """
import socket, subprocess, sys
runner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], runner.pid, flush=True)
while True:
    connection, _ = listener.accept()
    with connection:
        # Its pipe would be full after a few of these, with nobody to read them.
        print("asked " + "x" * 8000, flush=True)
        connection.sendall(b"answer")
"""
PROGRAM = r"""
import asyncio, sys
from pathlib import Path
from venom_desktop.core.runtimes.control.adoption import left_behind
from venom_desktop.core.runtimes.control.child import ChildServer

async def main():
    folder, server, ready, stays = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "ready", sys.argv[4] == "stays"
    child = ChildServer("kept", runtime_folder=folder / "run", log_file=folder / "kept.log")
    said = asyncio.Queue()
    child.said.subscribe(said.put_nowait)
    child.stay(stays)
    left = await left_behind(folder / "run", "kept")
    if left is None:
        await child.start([sys.executable, "-c", server])
    else:
        assert await child.take_over(left)
    port, runner = (await said.get()).split()
    if left is None and ready:
        child.become_ready(port=int(port), note="a note")
    print(child.pid, child.guard_pid, port, runner, flush=True)
    while (word := await asyncio.to_thread(sys.stdin.readline)) != "quit\n":
        child.stay(word == "stay\n")
        print(word, end="", flush=True)
    await child.close()

asyncio.run(main())
"""


@dataclass
class Program:
    """One that starts the server, or takes it over, and then waits; `kill` leaves it no time for anything."""

    process: subprocess.Popen[str]
    pid: int
    guard_pid: int
    port: int
    runner: int

    async def hears(self, word: str) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{word}\n")
        self.process.stdin.flush()
        assert await asyncio.to_thread(self.process.stdout.readline) == f"{word}\n"

    def kill(self) -> None:
        self.process.kill()

    def quit(self) -> None:
        _, told = self.process.communicate("quit\n", timeout=30)
        assert (self.process.returncode, told) == (0, "")


@dataclass
class Home:
    folder: Path
    programs: list[Program] = field(default_factory=list)
    children: list[ChildServer] = field(default_factory=list)

    async def program(self, *, ready: bool = True, stays: bool = True) -> Program:
        words = ["ready" if ready else "loading", "stays" if stays else "goes"]
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(self.folder), SERVER, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        line = await asyncio.to_thread(process.stdout.readline)
        self.programs.append(Program(process, *(int(word) for word in line.split())))
        return self.programs[-1]

    async def next(self, *, stays: bool = True) -> ChildServer:
        """The program after it, which has taken the server over."""
        await self.door_opens()
        child = ChildServer("kept", runtime_folder=self.folder / "run", log_file=self.folder / "kept.log")
        self.children.append(child)
        child.stay(stays)
        left = await left_behind(self.folder / "run", "kept")
        assert left is not None
        assert await child.take_over(left)
        return child

    async def next_program(self) -> Program:
        await self.door_opens()
        return await self.program()

    async def door_opens(self) -> None:
        await until(lambda: any(door_of(path).exists() for path in read_records(self.folder / "run")))

    async def close(self) -> None:
        for child in self.children:
            child.stay(False)
            await child.close()
        for program in self.programs:
            program.process.kill()
            program.process.communicate()
        await clean_up_orphans(self.folder / "run")


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    home = Home(tmp_path)
    yield home
    await home.close()


async def until(fact: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not fact():  # noqa: ASYNC110 - another process has no event for us
            await asyncio.sleep(0.01)


async def ask(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = await reader.read()
    writer.close()
    return answer


def lives(*pids: int) -> bool:
    return all(started_mark(pid) is not None for pid in pids)


@pytest.mark.parametrize("end", [Program.quit, Program.kill], ids=["quit", "kill -9"])
async def test_it_outlives_its_program_and_goes_on_writing_its_log(home: Home, end: Callable[[Program], None]) -> None:
    one = await home.program()
    end(one)
    await home.door_opens()
    for _ in range(400):
        assert await ask(one.port) == b"answer"
    assert lives(one.pid, one.guard_pid, one.runner)
    older, newer = home.folder / "kept.log.1", home.folder / "kept.log"
    await until(lambda: older.exists() and (older.read_text() + newer.read_text()).count("asked") == 400)
    [record] = read_records(home.folder / "run").values()
    assert record is not None
    assert (record.pid, record.guard_pid, record.port) == (one.pid, one.guard_pid, one.port)


async def test_the_next_program_has_its_lines_its_note_and_its_end_with_the_reason(home: Home) -> None:
    one = await home.program()
    await ask(one.port)
    one.quit()
    child = await home.next()
    exits = queue_of(child.exited)
    assert (child.pid, child.guard_pid, child.note) == (one.pid, one.guard_pid, "a note")
    assert [line[:5] for line in child.log_lines()] == [str(one.port)[:5], "asked"]
    moved = queue_of(child.moved)
    await ask(one.port)
    assert (await soon(moved)).startswith("asked")
    os.kill(one.pid, signal.SIGKILL)
    end = await soon(exits)
    assert (end.signal, end.requested, len(end.lines)) == (signal.SIGKILL, False, 3)
    assert await gone(one.guard_pid)
    assert await gone(one.runner)
    assert not list((home.folder / "run").iterdir())


async def test_stopping_it_later_ends_the_group_and_the_guard_and_leaves_no_file(home: Home) -> None:
    one = await home.program()
    one.quit()
    child = await home.next()
    exits = queue_of(child.exited)
    await child.stop()
    assert (await soon(exits)).requested
    assert not any(started_mark(pid) for pid in (one.pid, one.guard_pid))
    assert await gone(one.runner)
    assert not list((home.folder / "run").iterdir())
    assert await child.start([sys.executable, "-c", SERVER]) != one.pid


async def test_it_goes_from_one_program_to_the_next(home: Home) -> None:
    one = await home.program()
    one.quit()
    for _ in range(3):
        child = await home.next()
        assert child.note == "a note"
        await child.close()
    assert lives(one.pid, one.guard_pid)
    child = await home.next()
    assert not (home.folder / "run" / "kept.door").exists()
    # While one talks to it, nobody else finds it.
    assert await left_behind(home.folder / "run", "kept") is None
    assert await clean_up_orphans(home.folder / "run") == ()
    assert child.is_running


@pytest.mark.parametrize("taken_over", [False, True], ids=["its program", "the next one"])
async def test_whoever_looks_after_it_withdraws_the_wish_and_then_no_crash_leaves_it(
    home: Home, taken_over: bool
) -> None:
    one = await home.program()
    if taken_over:
        one.kill()
        one = await home.next_program()
    await one.hears("go")
    one.kill()
    for pid in (one.pid, one.guard_pid, one.runner):
        assert await gone(pid)


@pytest.mark.parametrize(("ready", "stays"), [(False, True), (True, False)], ids=["not ready", "not wanted"])
@pytest.mark.parametrize("end", [Program.quit, Program.kill], ids=["quit", "kill -9"])
async def test_one_that_is_not_ready_or_not_wanted_ends_with_its_program(
    home: Home, ready: bool, stays: bool, end: Callable[[Program], None]
) -> None:
    one = await home.program(ready=ready, stays=False)
    if stays:
        await one.hears("stay")
    end(one)
    for pid in (one.pid, one.guard_pid, one.runner):
        assert await gone(pid)


async def test_what_nobody_will_take_over_is_cleaned_up_through_its_guard(home: Home) -> None:
    one = await home.program()
    one.quit()
    await home.door_opens()
    assert await clean_up_orphans(home.folder / "run", leave={"kept"}) == ()
    assert lives(one.pid)
    [ended] = await clean_up_orphans(home.folder / "run")
    assert ended.pid == one.pid
    assert not any(started_mark(pid) for pid in (one.pid, one.guard_pid))
    assert await gone(one.runner)
    assert not list((home.folder / "run").iterdir())


async def test_one_that_dies_alone_leaves_no_guard_and_no_file(home: Home) -> None:
    one = await home.program()
    one.quit()
    await home.door_opens()
    os.kill(one.pid, signal.SIGKILL)
    assert await gone(one.guard_pid)
    assert await gone(one.runner)
    assert not list((home.folder / "run").iterdir())


async def test_a_guard_that_is_killed_with_words_unread_takes_it_along(home: Home) -> None:
    one = await home.program()
    one.quit()
    child = await home.next()
    exits = queue_of(child.exited)
    os.kill(one.guard_pid, signal.SIGSTOP)
    child.stay(False)
    os.kill(one.guard_pid, signal.SIGKILL)
    assert (await soon(exits)).signal is None
    for pid in (one.pid, one.runner):
        assert await gone(pid)
    assert not child.is_running


async def test_a_guard_of_another_release_may_tell_and_be_told_more(home: Home) -> None:
    one = await home.program()
    one.quit()
    child = await home.next()
    assert child._guard is not None
    child._guard.send({"later": [1]})
    child._guard.send({"port": "none", "keep": True})
    assert not child._take({"event": "later", "more": 1}, asyncio.get_running_loop().create_future())
    await ask(one.port)
    assert child.is_running
    assert json.loads(next((home.folder / "run").glob("*.pid.json")).read_text())["port"] == one.port


async def test_a_guard_that_does_not_answer_is_let_be(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    one = await home.program()
    one.quit()
    await home.door_opens()
    left = await left_behind(home.folder / "run", "kept")
    assert left is not None
    os.kill(one.guard_pid, signal.SIGSTOP)
    child = ChildServer("kept", runtime_folder=home.folder / "run", log_file=home.folder / "kept.log")
    exits: asyncio.Queue[Exit] = queue_of(child.exited)
    with monkeypatch.context() as patient:
        patient.setattr("venom_desktop.core.runtimes.control.child.MET_WITHIN_S", 0.2)
        assert not await child.take_over(left)
    await child.close()
    assert lives(one.pid)
    assert exits.empty()
    os.kill(one.guard_pid, signal.SIGCONT)
    # The talk that came to nothing has ended for the guard too.
    assert (await home.next()).pid == one.pid
