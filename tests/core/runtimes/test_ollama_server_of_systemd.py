"""Where a unit keeps Ollama, the unit is what is started, stopped and explained."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.core.runtimes.ollama_programs import ollama_program
from tests.core.runtimes.ollama_servers import Bench
from tests.fakes.systemd import FakeSystemd
from venom_desktop.core.errors import ControlRefused, LoadCancelled, RuntimeFailed, ServerPortTaken
from venom_desktop.core.runtimes.base import Control
from venom_desktop.core.runtimes.control.base import Exit
from venom_desktop.core.runtimes.control.process_identity import started_mark
from venom_desktop.core.runtimes.control.systemd import Patience, Systemd
from venom_desktop.core.settings.schema import UnitScope

UNIT = "ollama.service"


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path, program=ollama_program(tmp_path / "bin"), unit=UNIT)
    yield bench
    await bench.close()


def add(
    fake_systemd: FakeSystemd, bench: Bench, *, scope: str = "system", mode: str = "", port: int | None = None
) -> None:
    program = ollama_program(bench.root / "unit", mode=mode)
    environment = {"OLLAMA_HOST": f"127.0.0.1:{port or bench.port}", "OLLAMA_KEEP_ALIVE": "5m"}
    fake_systemd.add(UNIT, [str(program), "serve"], scope=scope, environment=environment, user="ollama")


@pytest.mark.parametrize("scope", ["system", "user"])
async def test_a_unit_is_started_in_place_of_a_child(bench: Bench, fake_systemd: FakeSystemd, scope: str) -> None:
    add(fake_systemd, bench, scope=scope)
    server = bench.server()
    idle = await server.look()
    assert idle.control is None
    assert idle.unit is not None
    facts = await server.start()
    assert (facts.control, facts.pid) == (Control.SYSTEMD, fake_systemd.pid(UNIT, scope))
    assert facts.unit is not None
    assert facts.unit.scope is UnitScope(scope)
    assert facts.environment is not None
    assert facts.environment["OLLAMA_KEEP_ALIVE"] == "5m"
    again = await server.restart()
    assert again.pid not in (None, facts.pid)
    assert any("Listening on" in line for line in await server.read_log())
    await server.stop()
    assert (await server.look()).control is None
    assert started_mark(fake_systemd.pid(UNIT, scope)) is None


async def test_a_server_of_systemd_outlives_this_program(bench: Bench, fake_systemd: FakeSystemd) -> None:
    add(fake_systemd, bench)
    server = bench.server()
    await server.start()
    await server.close()
    assert await bench.answers()


async def test_a_unit_that_runs_already_is_adopted(bench: Bench, fake_systemd: FakeSystemd) -> None:
    add(fake_systemd, bench)
    await bench.server().start()
    other = bench.server()
    facts = await other.start()
    assert (facts.control, facts.pid) == (Control.SYSTEMD, fake_systemd.pid(UNIT))


async def test_a_refusal_of_polkit_says_what_to_run(bench: Bench, fake_systemd: FakeSystemd) -> None:
    add(fake_systemd, bench)
    fake_systemd.refuse()
    with pytest.raises(ControlRefused, match=r"Run sudo systemctl start ollama\.service in a terminal"):
        await bench.server().start()


async def test_a_refused_stop_leaves_the_server_running(bench: Bench, fake_systemd: FakeSystemd) -> None:
    add(fake_systemd, bench)
    server = bench.server()
    facts = await server.start()
    fake_systemd.refuse()
    with pytest.raises(ControlRefused, match="stop ollama"):
        await server.stop(force=True)
    assert (await server.look()).pid == facts.pid


async def test_a_unit_that_fails_is_explained_by_its_journal(bench: Bench, fake_systemd: FakeSystemd) -> None:
    add(fake_systemd, bench, mode="folder")
    with pytest.raises(RuntimeFailed, match="Its folder /srv/models cannot be made or written"):
        await bench.server().start()


@pytest.mark.parametrize("mode", ["robbed", "robbed by ollama"])
async def test_the_thief_of_a_units_port_is_named(bench: Bench, fake_systemd: FakeSystemd, mode: str) -> None:
    program = ollama_program(bench.root / "unit", mode=mode, name="mine")
    fake_systemd.add(UNIT, [str(program), "serve"], environment={"OLLAMA_HOST": f"127.0.0.1:{bench.port}"})
    bench.hears = lambda: (bench.root / "unit" / "go").touch() if bench.asked > 2 else None
    with pytest.raises(ServerPortTaken) as taken:
        await bench.server().start()
    thief = int((bench.root / "unit" / "robber.pid").read_text())
    os.kill(thief, signal.SIGKILL)
    assert str(thief) in taken.value.parameters["holder"]


async def test_a_unit_that_listens_elsewhere_is_not_started_for_this_address(
    bench: Bench, fake_systemd: FakeSystemd
) -> None:
    add(fake_systemd, bench, port=11434)
    facts = await bench.server().start()
    assert facts.control is Control.CHILD
    assert fake_systemd.pid(UNIT) == 0


async def test_a_server_beside_the_unit_is_somebody_elses(bench: Bench, fake_systemd: FakeSystemd) -> None:
    other = bench.run(ollama_program(bench.root / "other"))
    add(fake_systemd, bench)
    facts = await bench.server().start()
    assert (facts.control, facts.pid) == (Control.EXTERNAL, other.pid)


async def test_a_systemctl_that_hangs_costs_a_moment_and_no_server(bench: Bench, fake_systemd: FakeSystemd) -> None:
    add(fake_systemd, bench)
    fake_systemd.hang("show")
    server = bench.server(systemd=Systemd("Ollama", patience=Patience(look_s=0.2, act_s=0.2)))
    async with asyncio.timeout(60):
        assert (await server.start()).control is Control.CHILD


async def test_the_end_of_a_units_server_is_told_with_its_last_lines(bench: Bench, fake_systemd: FakeSystemd) -> None:
    add(fake_systemd, bench)
    server = bench.server()
    heard: asyncio.Queue[Exit] = asyncio.Queue()
    server.exited.subscribe(heard.put_nowait)
    await server.start()
    os.kill(fake_systemd.pid(UNIT), signal.SIGKILL)
    async with asyncio.timeout(60):
        end = await heard.get()
    assert (end.code, end.requested) == (1, False)
    assert any("Listening on" in line for line in end.lines)


async def test_stopping_ends_the_wait_for_a_unit(bench: Bench, fake_systemd: FakeSystemd) -> None:
    add(fake_systemd, bench, mode="never ready")
    server = bench.server()
    starting = asyncio.ensure_future(server.start())
    while not fake_systemd.pid(UNIT):  # noqa: ASYNC110 - the stand-in tells nobody
        await asyncio.sleep(0.01)
    await server.stop()
    with pytest.raises(LoadCancelled):
        await starting
    assert started_mark(fake_systemd.pid(UNIT)) is None
