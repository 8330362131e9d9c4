"""The worker as a process: killed, orphaned, cancelled, many at once."""

import asyncio
import contextlib
import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.core.downloads.conftest import MIB, Spawned, Wire, fetch, limits, some_bytes, worker
from tests.fakes.hub_faults import Hang, Slow, StallAfter
from tests.support.counts import count
from venom_desktop.core.downloads import client
from venom_desktop.core.downloads.base import DownloadPlan
from venom_desktop.core.downloads.client import DownloadWorker
from venom_desktop.core.downloads.job import Job, encode_job
from venom_desktop.core.errors import WorkerDied

ROOT = Path(__file__).resolve().parents[3]
KILLS = count(3, 25)


def is_gone(pid: int) -> bool:
    """Nothing runs under this number; a zombie of a parent that is not ours does not run."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


async def until(fact: Callable[[], bool]) -> float:
    """Wait for something that announces itself to nobody; gives the seconds it took."""
    began = time.monotonic()
    while not fact():
        if time.monotonic() - began > 20:
            raise TimeoutError("it did not happen")
        await asyncio.sleep(0.002)
    return time.monotonic() - began


async def seconds_until_gone(pid: int) -> float:
    return await until(lambda: is_gone(pid))


async def started_worker(plan: DownloadPlan, **changes: object) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        *client.worker_command(), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert process.stdin is not None
    process.stdin.write(encode_job(Job(plan=plan, limits=limits(**changes))))
    return process


@pytest.mark.expects_warnings
async def test_a_download_killed_at_any_point_resumes_to_the_right_bytes(wire: Wire, spawned: Spawned) -> None:
    size = 4 * MIB
    wire.publish(model__gguf=some_bytes(size))
    points = random.Random(20)
    downloader = DownloadWorker(spawn=spawned, limits=limits(stall_s=60))
    for _ in range(KILLS):
        kept = sum(part.stat().st_size for part in wire.parts())
        # A quarter of the rest at most, so that every kill finds something left to fetch.
        more = points.randrange(1, max(2, (size - kept) // 4))
        wire.hub.fault(StallAfter(body_bytes=more), "*.gguf")

        async def kill(reached: int = kept + points.randrange(1, more + 1)) -> None:
            await until(lambda: sum(part.stat().st_size for part in wire.parts()) >= reached)
            os.kill(spawned.processes[-1].pid, signal.SIGKILL)

        fetched, _ = await asyncio.gather(fetch(downloader, wire.plan()), kill(), return_exceptions=True)
        assert isinstance(fetched, WorkerDied)
        assert not (wire.folder / "model.gguf").exists()
        wire.hub.clear_faults()
    kept = wire.parts()[0].stat().st_size
    wire.hub.forget_requests()
    await fetch(downloader, wire.plan())
    assert kept > 0
    assert [request.range for request in wire.hub.requests] == [f"bytes={kept}-"]
    assert (wire.folder / "model.gguf").read_bytes() == wire.contents["model.gguf"]
    assert wire.leftovers() == []


async def test_killing_at_any_moment_of_the_start_leaves_something_that_can_go_on(wire: Wire) -> None:
    wire.publish(a__gguf=some_bytes(MIB, 1), b__gguf=some_bytes(MIB, 2), c__gguf=b"")
    moments = random.Random(21)
    for _ in range(KILLS):
        process = await started_worker(wire.plan())
        # The one place where time itself is the subject: anywhere between the fork and the last rename.
        await asyncio.sleep(moments.uniform(0.0, 0.3))
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()
        for path in wire.folder.glob("*.gguf"):
            assert path.read_bytes() == wire.contents[path.name]
    await fetch(worker(), wire.plan())
    assert {name: (wire.folder / name).read_bytes() for name in wire.contents} == wire.contents
    assert wire.leftovers() == []


async def test_closing_stdin_ends_a_stalled_worker_within_a_second(wire: Wire) -> None:
    wire.publish(model__gguf=some_bytes(MIB))
    stall = wire.hub.fault(StallAfter(body_bytes=MIB // 2), "*.gguf")
    process = await started_worker(wire.plan(), stall_s=60)
    await asyncio.to_thread(stall.reached.wait, 10)
    assert process.stdin is not None
    process.stdin.close()
    assert await seconds_until_gone(process.pid) <= 1.0
    await process.wait()


@pytest.mark.parametrize("effect", [StallAfter(body_bytes=MIB // 2), Hang()])
async def test_killing_the_program_ends_its_worker_within_a_second(wire: Wire, effect: StallAfter | Hang) -> None:
    wire.publish(model__gguf=some_bytes(MIB))
    fault = wire.hub.fault(effect, "*.gguf")
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _PROGRAM, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert program.stdin is not None
    assert program.stdout is not None
    program.stdin.write(encode_job(Job(plan=wire.plan(), limits=limits(stall_s=60))))
    pid = int(await program.stdout.readline())
    await asyncio.to_thread(fault.reached.wait, 10)
    program.kill()
    await program.wait()
    assert await seconds_until_gone(pid) <= 1.0
    # Its bytes are still there for the next start.
    wire.hub.clear_faults()
    await fetch(worker(), wire.plan())
    assert (wire.folder / "model.gguf").read_bytes() == wire.contents["model.gguf"]


_PROGRAM = """
import asyncio, sys
from venom_desktop.core.downloads.client import DownloadWorker
from venom_desktop.core.downloads.job import decode_job

async def spawn(*command, **options):
    process = await asyncio.create_subprocess_exec(*command, **options)
    print(process.pid, flush=True)
    return process

async def main():
    job = decode_job(sys.stdin.buffer.readline())
    async for _ in DownloadWorker(spawn=spawn, limits=job.limits).fetch(job.plan):
        pass

asyncio.run(main())
"""


async def test_closing_the_iterator_ends_the_worker_within_a_second_and_keeps_the_part(
    wire: Wire, spawned: Spawned
) -> None:
    wire.publish(model__gguf=some_bytes(MIB))
    wire.hub.fault(StallAfter(body_bytes=MIB // 2), "*.gguf")
    steps = DownloadWorker(spawn=spawned, limits=limits(stall_s=60)).fetch(wire.plan())
    async for step in steps:
        if step.done_bytes == MIB // 2:
            break
    began = time.monotonic()
    await steps.aclose()
    assert time.monotonic() - began <= 1.0
    assert not psutil.pid_exists(spawned.processes[0].pid)
    assert [part.stat().st_size for part in wire.parts()] == [MIB // 2]


async def test_cancelling_the_task_ends_a_worker_that_ignores_the_polite_signal(wire: Wire, spawned: Spawned) -> None:
    wire.publish(model__gguf=some_bytes(MIB))

    def deaf() -> tuple[str, ...]:
        return (
            sys.executable,
            "-c",
            "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(60)",
        )

    async def consume() -> None:
        await fetch(DownloadWorker(command=deaf, spawn=heard), wire.plan())

    printed = asyncio.Event()

    async def heard(*command: str, **options: object) -> asyncio.subprocess.Process:
        process = await spawned(*command, **options)
        assert process.stdout is not None
        await process.stdout.readline()
        printed.set()
        return process

    async with asyncio.TaskGroup() as group:
        task = group.create_task(consume())
        await printed.wait()
        began = time.monotonic()
        task.cancel()
    assert time.monotonic() - began <= 1.0
    assert not psutil.pid_exists(spawned.processes[0].pid)


async def test_an_iterator_closed_before_its_first_step_starts_nothing(wire: Wire, spawned: Spawned) -> None:
    wire.publish(model__gguf=some_bytes(MIB))
    await DownloadWorker(spawn=spawned).fetch(wire.plan()).aclose()
    assert spawned.processes == []


async def test_two_workers_fetch_at_once(wire: Wire, spawned: Spawned) -> None:
    wire.publish(a__gguf=some_bytes(MIB, 1), b__gguf=some_bytes(MIB, 2))
    wire.hub.fault(Slow(bytes_per_second=2 * MIB), "*.gguf", times=None)
    downloader = DownloadWorker(spawn=spawned, limits=limits())
    most_alive = 0

    async def one(name: str) -> None:
        nonlocal most_alive
        async with contextlib.aclosing(downloader.fetch(wire.plan(name))) as steps:
            async for _ in steps:
                most_alive = max(most_alive, sum(process.returncode is None for process in spawned.processes))

    await asyncio.gather(one("a.gguf"), one("b.gguf"))
    assert {name: (wire.folder / name).read_bytes() for name in wire.contents} == wire.contents
    assert most_alive == 2


async def test_two_workers_on_one_file_do_not_mix_their_bytes(wire: Wire) -> None:
    wire.publish(model__gguf=some_bytes(MIB))
    wire.hub.fault(Slow(bytes_per_second=2 * MIB), "*.gguf", times=None)
    downloader = worker()
    await asyncio.gather(fetch(downloader, wire.plan()), fetch(downloader, wire.plan()))
    assert (wire.folder / "model.gguf").read_bytes() == wire.contents["model.gguf"]
    assert wire.leftovers() == []


async def test_the_loop_is_not_blocked_while_a_download_runs(wire: Wire) -> None:
    wire.publish(model__gguf=some_bytes(16 * MIB))
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        while True:
            began = time.monotonic()
            await asyncio.sleep(0.005)
            longest = max(longest, time.monotonic() - began - 0.005)

    async with asyncio.TaskGroup() as group:
        watching = group.create_task(watch())
        await fetch(worker(), wire.plan())
        watching.cancel()
    # Loose, for shared machines: a loop that hashed these 16 MiB itself would stand several times as long.
    assert longest < 0.25


@pytest.mark.expects_warnings
async def test_a_worker_that_crashes_is_told_and_its_last_words_are_logged(
    wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    wire.publish(model__gguf=b"x")

    def broken() -> tuple[str, ...]:
        return sys.executable, "-c", "raise SystemExit('no such hf_secret thing')"

    with pytest.raises(WorkerDied):
        await fetch(DownloadWorker(command=broken), wire.plan(token="hf_secret"))
    assert "no such [token] thing" in caplog.text


async def test_a_worker_that_cannot_be_started_is_told(wire: Wire, tmp_path: Path) -> None:
    wire.publish(model__gguf=b"x")
    with pytest.raises(WorkerDied):
        await fetch(DownloadWorker(command=lambda: (str(tmp_path / "missing"),)), wire.plan())


def test_a_frozen_program_starts_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert client.worker_command() == [sys.executable, "--run-module", "venom_desktop.core.downloads.worker"]


async def test_the_worker_starts_without_the_heavy_libraries() -> None:
    script = (
        "import sys, venom_desktop.core.downloads.worker\n"
        "print([name for name in ('asyncio', 'httpx', 'pydantic', 'PySide6') if name in sys.modules])"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    output, _ = await process.communicate()
    assert output.strip() == b"[]"
