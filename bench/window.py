"""The program's window opened for a measurement: real loop, real services, and a heart that feels every stall."""

import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QApplication

from venom_desktop.app import backstage, compose, instance_door
from venom_desktop.app.compose import Composition
from venom_desktop.app.paths import Paths
from venom_desktop.core.settings.ui_state import UiState
from venom_desktop.ui import theme
from venom_desktop.ui.garbage import GarbageOnThisThread
from venom_desktop.ui.main_window import MainWindow

ROOT = Path(__file__).resolve().parents[1]
BEAT_S = 0.001


class Heart:
    """Beats every millisecond on the loop; what is missing between two beats is a stall.

    Of each it is known how long the loop's own thread was at work: the rest went to other programs and threads.
    """

    def __init__(self) -> None:
        self._stalls: list[float] = []
        self._worked: list[float] = []
        self.last, self._worked_until = time.perf_counter(), time.thread_time()
        self._beating = asyncio.get_running_loop().call_soon(self._beat)

    def stalls_ms(self) -> tuple[list[float], list[float]]:
        """Those since the last question, and the work of the loop's thread between the beats."""
        found = self._stalls, self._worked
        self._stalls, self._worked = [], []
        return found

    def stop(self) -> None:
        self._beating.cancel()

    def _beat(self) -> None:
        now = time.perf_counter()
        worked = time.thread_time()
        self._stalls.append(max(0.0, now - self.last - BEAT_S) * 1e3)
        self._worked.append((worked - self._worked_until) * 1e3)
        self.last, self._worked_until = now, worked
        self._beating = asyncio.get_running_loop().call_later(BEAT_S, self._beat)


def stolen_s() -> float:
    """Processor time that the host of a virtual machine has kept for others so far; 0 where nothing tells."""
    try:
        fields = Path("/proc/stat").read_text().split("\n", 1)[0].split()
    except FileNotFoundError:
        return 0.0
    return int(fields[8]) / os.sysconf("SC_CLK_TCK")


def percentile(values: Sequence[float], hundredth: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[hundredth - 1]


@contextlib.contextmanager
def hub(*arguments: str) -> Iterator[str]:
    """The stand-in hub in a process of its own; its address."""
    command = [sys.executable, "-m", "tests.fakes.hub_process", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        if server.stdin is None or server.stdout is None:
            raise RuntimeError("the hub was started without pipes")
        yield server.stdout.readline().strip()
        server.stdin.close()


def run(home: Path, work: Callable[[MainWindow, Composition], Coroutine[Any, Any, None]]) -> None:
    """Open the window of `home` on the screen, do `work`, close everything."""
    os.environ["VENOM_HOME"] = str(home)
    os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    import qasync

    app = QApplication([])
    app.setQuitOnLastWindowClosed(False)
    paths = Paths.from_environment(os.environ)
    paths.make_private()
    theme.apply(app, theme.ThemeChoice.LIGHT, paths.cache / "pictures")
    with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app)) as runner:
        garbage = GarbageOnThisThread(app)
        runner.run(_measured(paths, work))
        garbage.close()


async def _measured(paths: Paths, work: Callable[[MainWindow, Composition], Coroutine[Any, Any, None]]) -> None:
    async with _opened(paths) as (window, composition):
        await work(window, composition)


@contextlib.asynccontextmanager
async def _opened(paths: Paths) -> AsyncIterator[tuple[MainWindow, Composition]]:
    built: list[Composition] = []

    def build(*arguments: Any, **named: Any) -> Composition:
        built.append(compose.build(*arguments, **named))
        return built[0]

    # The only way to the services behind the real window: it hands them to nobody.
    backstage.build = build  # type: ignore[attr-defined]
    claim = instance_door.claim(paths.runtime)
    if claim is None:
        raise RuntimeError("another program holds the home of the bench")
    ui_state = UiState(paths.ui_state_file)
    window = MainWindow()
    window.show()
    try:
        async with backstage.open_backstage(window, paths=paths, claim=claim, ui_state=ui_state, quit_=lambda: None):
            yield window, built[0]
            window.hide()
    finally:
        await ui_state.save()
        claim.release()
