"""The life of the window's program: the event loop, the core behind it, and the one way out."""

import asyncio
import contextlib
import importlib
import signal
import sys
from collections.abc import Callable, Iterator

import qasync
from PySide6.QtWidgets import QApplication

from venom_desktop.app.desktop import WINDOW_STATE
from venom_desktop.app.instance_door import Claim
from venom_desktop.app.paths import Paths
from venom_desktop.core.errors import VenomError
from venom_desktop.core.settings.ui_state import UiState
from venom_desktop.ui.garbage import GarbageOnThisThread
from venom_desktop.ui.main_window import MainWindow


def live(app: QApplication, window: MainWindow, *, paths: Paths, claim: Claim, ui_state: UiState) -> int:
    """Run until the user quits; returns the exit status."""
    with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app)) as runner:
        garbage = GarbageOnThisThread(app)
        try:
            return runner.run(_until_quit(window, paths=paths, claim=claim, ui_state=ui_state))
        finally:
            garbage.close()


async def _until_quit(window: MainWindow, *, paths: Paths, claim: Claim, ui_state: UiState) -> int:
    quitting = asyncio.Event()

    def close() -> bool:
        quitting.set()
        return False

    window.may_close = close
    with _signals_call(quitting.set):
        # Imported in a thread: a second of imports must not be a second without repaints.
        backstage = await asyncio.to_thread(importlib.import_module, "venom_desktop.app.backstage")
        opened = backstage.open_backstage(window, paths=paths, claim=claim, ui_state=ui_state, quit_=quitting.set)
        try:
            async with opened:
                await quitting.wait()
                # Gone from the screen at once; what has to end ends behind it.
                ui_state.put(WINDOW_STATE, bytes(window.state().toBase64().data()).decode())
                window.hide()
        finally:
            # Losing the place of the window costs a drag; a traceback on a full disk would not bring it back.
            with contextlib.suppress(VenomError):
                await ui_state.save()
    return 0


@contextlib.contextmanager
def _signals_call(quit_: Callable[[], None]) -> Iterator[None]:
    """Ctrl+C and a polite kill end the program like its own Quit."""
    loop = asyncio.get_running_loop()
    caught = (signal.SIGINT, signal.SIGTERM) if sys.platform != "win32" else ()
    for number in caught:
        loop.add_signal_handler(number, quit_)
    try:
        yield
    finally:
        for number in caught:
            loop.remove_signal_handler(number)
