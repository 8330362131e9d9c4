"""Fetching 1 GiB with its checksum by our worker, beside `hf download` (which checks nothing) and curl."""

import argparse
import asyncio
import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.fakes.hub_store import HubFile
from venom_desktop.core.downloads.base import DownloadPlan, FileToFetch
from venom_desktop.core.downloads.client import DownloadWorker

REPO = "bench/Model-GGUF"
NAME = "model.gguf"
ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source, goal = Path(folder) / "source", Path(folder) / "goal"
        source.mkdir()
        sha256 = _write_model(source / NAME, given.mib)
        with _hub(source) as url:
            times = _alternate(_rivals(url, goal, sha256=sha256, size=given.mib << 20), goal, given.rounds)
    _print(times, given.mib)


def _write_model(path: Path, mib: int) -> str:
    block = os.urandom(1 << 20)
    with path.open("wb") as file:
        for number in range(mib):
            file.write(number.to_bytes(8, "little") + block[8:])
    return HubFile.of(NAME, path).sha256


@contextlib.contextmanager
def _hub(source: Path) -> Iterator[str]:
    """The stand-in hub in a process of its own, so that nobody is measured with the server's work."""
    command = [sys.executable, "-m", "tests.fakes.hub_process", "--repo", f"{REPO}={source}"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        if server.stdin is None or server.stdout is None:
            raise RuntimeError("the hub was started without pipes")
        yield server.stdout.readline().strip()
        server.stdin.close()


def _rivals(url: str, goal: Path, *, sha256: str, size: int) -> dict[str, Callable[[], None]]:
    address = f"{url}/{REPO}/resolve/main/{NAME}"
    file = FileToFetch(url=address, target=goal / NAME, size_bytes=size, sha256=sha256)
    plan = DownloadPlan(files=(file,), source="Hugging Face", token_host=url)
    environment = {**os.environ, "HF_ENDPOINT": url, "HF_HOME": str(goal), "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    hf = [str(Path(sys.executable).with_name("hf")), "download", REPO, NAME, "--local-dir", str(goal)]

    async def ours() -> None:
        async for _ in DownloadWorker().fetch(plan):
            pass

    rivals: dict[str, Callable[[], None]] = {
        "install": lambda: asyncio.run(ours()),
        "hf": lambda: _run(hf, environment),
    }
    if curl := shutil.which("curl"):
        rivals["curl"] = lambda: _run([curl, "-sfo", str(goal / NAME), address], environment)
    return rivals


def _run(command: list[str], environment: dict[str, str]) -> None:
    subprocess.run(command, check=True, capture_output=True, env=environment)


def _alternate(rivals: dict[str, Callable[[], None]], goal: Path, rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in rivals}
    for number in range(rounds):
        # Each goes first in turn: what the machine still writes from the run before is nobody's fault.
        order = list(rivals) if number % 2 == 0 else list(reversed(rivals))
        for name in order:
            shutil.rmtree(goal, ignore_errors=True)
            goal.mkdir()
            os.sync()
            began = time.perf_counter()
            rivals[name]()
            times[name].append(time.perf_counter() - began)
            if not (goal / NAME).is_file():
                raise RuntimeError(f"{name} brought nothing")
    return times


def _print(times: dict[str, list[float]], mib: int) -> None:
    middle = {name: statistics.median(values) for name, values in times.items()}
    for name, seconds in middle.items():
        print(f"download_{name}_time {seconds:.2f} s")
        print(f"download_{name}_throughput {mib / seconds:.0f} MiB/s")
    print(f"download_install_over_hf_throughput {middle['hf'] / middle['install']:.2f} ratio")


if __name__ == "__main__":
    main()
