"""An Ollama is started once, found when it runs, ended when it is ours, and left alone when it is not."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from tests.core.runtimes.ollama_programs import ollama_program
from tests.core.runtimes.ollama_servers import Bench
from venom_desktop.core.errors import (
    ControlRefused,
    LoadCancelled,
    NotOurServer,
    ProgramMissing,
    RuntimeFailed,
    ServerPortTaken,
    ServerRunsAlready,
)
from venom_desktop.core.runtimes.base import Control
from venom_desktop.core.runtimes.control.base import Exit
from venom_desktop.core.runtimes.control.ports import Holder, free_port, port_holder
from venom_desktop.core.runtimes.control.process_identity import started_mark
from venom_desktop.core.runtimes.ollama_server import OllamaServer


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path, program=ollama_program(tmp_path / "bin"))
    yield bench
    await bench.close()


def exits_of(server: OllamaServer) -> asyncio.Queue[Exit]:
    heard: asyncio.Queue[Exit] = asyncio.Queue()
    server.exited.subscribe(heard.put_nowait)
    return heard


async def soon(queue: asyncio.Queue[Exit]) -> Exit:
    async with asyncio.timeout(60):
        return await queue.get()


async def test_a_server_is_started_seen_and_stopped(bench: Bench) -> None:
    bench.environment = {"OLLAMA_KEEP_ALIVE": "30m", "OLLAMA_HOST": "0.0.0.0"}
    server = bench.server()
    exits = exits_of(server)
    assert (await server.look()).control is None
    facts = await server.start()
    assert (facts.control, facts.port) == (Control.CHILD, bench.port)
    assert facts.pid is not None
    assert facts.environment is not None
    assert facts.environment["OLLAMA_KEEP_ALIVE"] == "30m"
    assert facts.environment["OLLAMA_HOST"] == f"0.0.0.0:{bench.port}"
    assert facts.started_at is not None
    assert server.log_lines()[0] == f"Listening on 127.0.0.1:{bench.port}"
    assert "Listening" in server.log_file.read_text()
    await server.stop()
    assert (await soon(exits)).requested
    assert (await server.look()).control is None
    assert started_mark(facts.pid) is None
    assert not Path(f"/proc/{facts.pid}").exists()


async def test_a_program_behind_a_script_of_the_users_is_started_and_stopped(bench: Bench) -> None:
    script = bench.root / "scripts" / "ollama"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\n{bench.program} "$@"\n')
    script.chmod(0o755)
    bench.program = script
    server = bench.server(stalled_after_s=5)
    async with asyncio.timeout(60):
        facts = await server.start()
    assert facts.control is Control.CHILD
    await server.stop()
    assert await asyncio.to_thread(port_holder, "127.0.0.1", bench.port) is None


async def test_starting_twice_starts_once_and_restarting_makes_a_new_one(bench: Bench) -> None:
    server = bench.server()
    first, second = await server.start(), await server.start()
    assert first.pid == second.pid
    third = await server.restart()
    assert third.pid not in (None, first.pid)
    assert third.control is Control.CHILD


async def test_a_server_follows_its_endpoint(bench: Bench) -> None:
    server = bench.server()
    first = await server.start()
    bench.port = free_port()
    second = await server.start()
    assert (second.port, second.control) == (bench.port, Control.CHILD)
    assert second.pid != first.pid


async def test_without_a_program_an_install_is_offered(bench: Bench) -> None:
    bench.program = None
    with pytest.raises(ProgramMissing):
        await bench.server().start()


async def test_an_address_of_another_machine_starts_nothing() -> None:
    async def nobody() -> bool:
        return False

    server = OllamaServer(
        program=lambda: Path("/bin/false"),
        environment=dict,
        endpoint=lambda: "http://far.invalid:11434",
        answers=nobody,
        runtime_folder=Path("/nowhere"),
        log_folder=Path("/nowhere"),
    )
    assert not (await server.look()).is_local
    with pytest.raises(RuntimeFailed, match="is not of this machine"):
        await server.start()


async def test_the_holder_of_a_taken_port_is_named_and_a_free_one_offered(bench: Bench) -> None:
    holder = bench.run(ollama_program(bench.root / "other", mode="foreign", name="web-server"))
    with pytest.raises(ServerPortTaken) as taken:
        await bench.server().start()
    assert not isinstance(taken.value, ServerRunsAlready)
    assert taken.value.parameters["holder"] == f"PID\u00a0{holder.pid} (web-server)"
    free = taken.value.parameters["free_port"]
    assert free > bench.port
    socket.create_server(("127.0.0.1", free)).close()
    assert holder.poll() is None


async def test_an_ollama_that_hangs_at_the_port_is_told_as_one(bench: Bench) -> None:
    holder = bench.run(ollama_program(bench.root / "other", mode="silent"))
    server = bench.server()
    with pytest.raises(ServerRunsAlready, match=f"PID\u00a0{holder.pid} \\(ollama\\)"):
        await server.start()
    assert (await server.look()).holder == Holder(pid=holder.pid, name="ollama")


@pytest.mark.parametrize("mode", ["robbed", "robbed by ollama"])
async def test_a_port_stolen_while_our_server_starts_is_told(bench: Bench, mode: str) -> None:
    bench.program = ollama_program(bench.root / "mine", mode=mode, name="mine")
    go = bench.root / "mine" / "go"
    # The thief has answered in our server's stead, again and again, before ours notices.
    bench.hears = lambda: go.touch() if bench.asked > 5 else None
    server = bench.server()
    with pytest.raises(ServerPortTaken) as taken:
        await server.start()
    thief = int((bench.root / "mine" / "robber.pid").read_text())
    try:
        assert str(thief) in taken.value.parameters["holder"]
        assert isinstance(taken.value, ServerRunsAlready) is (mode == "robbed by ollama")
    finally:
        os.kill(thief, signal.SIGKILL)


async def test_a_server_of_somebody_else_is_used_and_never_ended_without_force(bench: Bench) -> None:
    other = bench.run(ollama_program(bench.root / "other"))
    server = bench.server()
    facts = await server.start()
    assert (facts.control, facts.pid) == (Control.EXTERNAL, other.pid)
    with pytest.raises(NotOurServer) as question:
        await server.stop()
    assert question.value.parameters["pid"] == other.pid
    with pytest.raises(NotOurServer):
        await server.restart()
    await server.close()
    assert other.poll() is None
    assert await bench.answers()


@pytest.mark.parametrize("mode", ["", "deaf"])
async def test_a_server_of_somebody_else_is_ended_with_force(bench: Bench, mode: str) -> None:
    other = bench.run(ollama_program(bench.root / "other", mode=mode))
    server = bench.server()
    exits = exits_of(server)
    await server.start()
    await server.stop(force=True)
    assert (await soon(exits)).requested
    assert other.wait(10) == -(signal.SIGKILL if mode else signal.SIGTERM)
    assert (await server.look()).control is None


@pytest.mark.skipif(os.getuid() != 0, reason="only root can start a process of another account")
async def test_a_server_of_another_account_is_not_ended(bench: Bench) -> None:
    other = bench.run(ollama_program(bench.root / "other", mode="another account"))
    server = bench.server()
    await server.start()
    with pytest.raises(ControlRefused, match=f"It belongs to nobody. Run sudo kill {other.pid}"):
        await server.stop(force=True)
    assert other.poll() is None


async def test_the_end_of_a_server_of_somebody_else_is_told(bench: Bench) -> None:
    other = bench.run(ollama_program(bench.root / "other"))
    server = bench.server()
    exits = exits_of(server)
    await server.look()
    other.kill()
    assert await soon(exits) == Exit()


async def test_the_death_of_our_server_is_told(bench: Bench) -> None:
    server = bench.server()
    exits = exits_of(server)
    facts = await server.start()
    assert facts.pid is not None
    os.kill(facts.pid, signal.SIGKILL)
    end = await soon(exits)
    assert (end.signal, end.requested) == (signal.SIGKILL, False)
    assert (await server.look()).control is None


async def test_why_a_server_ended_at_once_is_explained(bench: Bench) -> None:
    bench.program = ollama_program(bench.root / "mine", mode="folder")
    with pytest.raises(RuntimeFailed, match="Its folder /srv/models cannot be made or written"):
        await bench.server().start()


async def test_a_program_that_is_none_is_explained(bench: Bench) -> None:
    bench.program = bench.root / "gone"
    with pytest.raises(RuntimeFailed, match="gone could not be started: No such file"):
        await bench.server().start()


async def test_a_server_that_stands_still_is_ended_and_told(bench: Bench) -> None:
    bench.program = ollama_program(bench.root / "mine", mode="never ready")
    server = bench.server(stalled_after_s=0.3)
    with pytest.raises(RuntimeFailed, match="did not answer within"):
        await server.start()
    assert (await server.look()).control is None


async def test_stopping_ends_a_start_that_is_under_way(bench: Bench) -> None:
    bench.program = ollama_program(bench.root / "mine", mode="never ready")
    server = bench.server()
    asked = asyncio.Event()
    bench.hears = asked.set
    starting = asyncio.ensure_future(server.start())
    await asked.wait()
    pid = (await server.look()).pid
    assert pid is not None
    await server.stop()
    with pytest.raises(LoadCancelled):
        await starting
    assert started_mark(pid) is None


async def test_a_start_that_is_cancelled_leaves_nothing(bench: Bench) -> None:
    bench.program = ollama_program(bench.root / "mine", mode="never ready")
    server = bench.server()
    asked = asyncio.Event()
    bench.hears = asked.set
    starting = asyncio.ensure_future(server.start())
    await asked.wait()
    pid = (await server.look()).pid
    starting.cancel()
    await asyncio.wait([starting])
    assert pid is not None
    assert started_mark(pid) is None


async def test_a_port_of_another_address_of_this_machine_is_free_here() -> None:
    with socket.create_server(("127.0.0.2", 0)) as other:
        port = other.getsockname()[1]
        assert port_holder("127.0.0.1", port) is None
        assert port_holder("0.0.0.0", port) == Holder(pid=os.getpid(), name=psutil.Process().name())
