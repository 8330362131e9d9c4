"""Where a unit keeps vLLM, the unit is told what to serve, started, watched while it loads, stopped and explained."""

import asyncio
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contract.runtime_benches import SETTINGS, VllmBench
from tests.fakes import vllm_log as log
from tests.fakes.systemd import FakeSystemd
from tests.fakes.vllm import Plan, install_vllm, open_gate, write_model
from venom_desktop.core.errors import OutOfGraphicsMemory, RuntimeFailed
from venom_desktop.core.http import make_local_client
from venom_desktop.core.runtimes.base import Control, RuntimeState
from venom_desktop.core.runtimes.control.process_identity import started_mark

UNIT = "vllm.service"
# As systemd does with EnvironmentFile= and an ExecStart= of ${VLLM_MODEL_PATH} $VLLM_ARGUMENTS.
START = """
import os, shlex, sys
for line in open(sys.argv[2]):
    name, _, text = line.strip().partition("=")
    os.environ[name] = "".join(shlex.split(text))
os.execv(sys.argv[1], [sys.argv[1], "serve", os.environ["VLLM_MODEL_PATH"], *shlex.split(os.environ["VLLM_ARGUMENTS"])])
"""


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[VllmBench]:
    async with make_local_client() as http:
        made = VllmBench(tmp_path, http)
        made.unit = UNIT
        yield made
        await made.runtime.close()


def add(fake_systemd: FakeSystemd, bench: VllmBench, plan: Plan | None = None) -> None:
    program = install_vllm(bench.folder / "bin", plan)
    script = bench.folder / "start.py"
    script.write_text(START)
    command = [sys.executable, "-S", str(script), str(program), str(bench.folder / "config" / "vllm.env")]
    fake_systemd.add(UNIT, command, scope="user", user="")


async def test_a_unit_serves_what_it_is_told_and_answers_our_key_alone(
    bench: VllmBench, fake_systemd: FakeSystemd
) -> None:
    add(fake_systemd, bench)
    await bench.runtime.load(bench.model(), SETTINGS)
    snapshot = bench.runtime.snapshot
    assert (snapshot.state, snapshot.control, snapshot.pid) == (
        RuntimeState.RUNNING,
        Control.SYSTEMD,
        fake_systemd.pid(UNIT, "user"),
    )
    assert snapshot.loaded[0].context == 512
    assert (await bench.everything())[-1].finish_reason == "stop"
    bare = await bench.http.get(f"{snapshot.endpoint}/v1/models")
    assert bare.status_code == 401
    file = bench.folder / "config" / "vllm.env"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not list(file.parent.glob("*.previous"))


async def test_another_model_starts_the_unit_anew(bench: VllmBench, fake_systemd: FakeSystemd) -> None:
    add(fake_systemd, bench)
    await bench.runtime.load(bench.model(), SETTINGS)
    first = bench.runtime.snapshot.pid
    await bench.runtime.load(bench.model("other", speech="Another voice."), SETTINGS)
    assert bench.runtime.snapshot.pid not in (None, first)
    assert "".join(chunk.text for chunk in await bench.everything()) == "Another voice."


async def test_a_unit_tells_its_progress_and_loads_as_long_as_it_moves(
    bench: VllmBench, fake_systemd: FakeSystemd
) -> None:
    add(fake_systemd, bench, Plan(steps=(log.shard(3, 8), {"gate": "on"})))
    async with asyncio.TaskGroup() as group:
        group.create_task(bench.runtime.load(bench.model(), SETTINGS))
        while str((await bench.state(RuntimeState.STARTING)).progress) != "Loading weights 3 of 8":
            pass
        open_gate(bench.folder / "bin", "on")
    assert bench.runtime.snapshot.progress is None


async def test_a_unit_that_fails_is_explained_from_its_journal(bench: VllmBench, fake_systemd: FakeSystemd) -> None:
    add(fake_systemd, bench, Plan(fails=log.ended_with(log.FULL_CARD)))
    with pytest.raises(OutOfGraphicsMemory, match=r"Lower its share from 0\.85 to 0\.22"):
        await bench.runtime.load(bench.model(), SETTINGS)
    assert bench.runtime.snapshot.state is RuntimeState.EXITED


async def test_a_unit_of_the_users_that_serves_something_else_is_told(
    bench: VllmBench, fake_systemd: FakeSystemd
) -> None:
    model = write_model(bench.folder / "fixed")
    program = install_vllm(bench.folder / "bin")
    port = str(bench.options.port)
    fake_systemd.add(UNIT, [str(program), "serve", str(model), "--port", port], scope="user")
    with pytest.raises(RuntimeFailed, match=f"The unit vllm.service does not serve .*: it serves {model}"):
        await bench.runtime.load(bench.model(), SETTINGS)
    assert bench.runtime.snapshot.state is RuntimeState.EXITED


async def test_stopping_ends_the_unit_and_closing_leaves_it(bench: VllmBench, fake_systemd: FakeSystemd) -> None:
    add(fake_systemd, bench)
    model = bench.model()
    await bench.runtime.load(model, SETTINGS)
    await bench.runtime.stop()
    assert started_mark(fake_systemd.pid(UNIT, "user")) is None
    await bench.runtime.load(model, SETTINGS)
    await bench.runtime.close()
    assert started_mark(fake_systemd.pid(UNIT, "user")) is not None


async def test_a_unit_that_runs_already_with_the_model_is_taken_over(
    bench: VllmBench, fake_systemd: FakeSystemd
) -> None:
    add(fake_systemd, bench)
    model = bench.model()
    await bench.runtime.load(model, SETTINGS)
    other = VllmBench(bench.folder, bench.http, bench.program)
    other.options, other.unit = bench.options, UNIT
    await other.runtime.load(model, SETTINGS)
    assert (other.runtime.snapshot.control, other.runtime.snapshot.pid) == (
        Control.SYSTEMD,
        bench.runtime.snapshot.pid,
    )
    assert (await other.everything())[-1].finish_reason == "stop"
    await other.runtime.close()
