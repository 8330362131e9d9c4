"""The window's program: one per home, and on the screen before the core, or even asyncio, is imported."""

import os
import sys
from typing import Any

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QApplication

from venom_desktop.app import instance_door
from venom_desktop.app.paths import Paths
from venom_desktop.core.errors import VenomError
from venom_desktop.core.settings.document import peek
from venom_desktop.core.settings.ui_state import UiState
from venom_desktop.ui import icons, theme
from venom_desktop.ui.main_window import MainWindow

WINDOW_STATE = "window"
THEME = "theme"
"""The last theme, kept beside the window's place: the settings are read after the first picture."""
START_MINIMISED = "start_minimised"
"""Looked up in the file itself, as the settings are read after the first picture."""
ANSWER_WITHIN_S = 15.0
"""Who holds the home may be ending, which takes as long as the engine needs to give its memory back."""


def run(*, minimised: bool = False) -> int:
    """Open the window, or bring the one of this home to the front; returns the exit status.

    `minimised`, or the setting: nothing is shown until the tray or, without one, the task bar can. A window of this
    home that is open already stays as it is.
    """
    try:
        paths = Paths.from_environment(os.environ)
        paths.make_private()
        claim = instance_door.claim_or_ask(
            paths.runtime, {"request": "hello" if minimised else "show"}, wait_s=ANSWER_WITHIN_S
        )
        if isinstance(claim, dict):
            return _tell(claim)
    except VenomError as error:
        print(error, file=sys.stderr)  # noqa: T201 - there is no window to say it in
        return 1
    app = QApplication(sys.argv[:1])
    app.setApplicationName("Venom Desktop")
    app.setDesktopFileName("venom-desktop")
    app.setQuitOnLastWindowClosed(False)
    try:
        ui_state = UiState(paths.ui_state_file)
        window = _make_window(app, paths, ui_state)
        if not (minimised or peek(paths.settings_file, START_MINIMISED) is True):
            window.show()
            app.processEvents()
        # Drawn after the first picture: task bars take a moment to ask for it.
        app.setWindowIcon(icons.app_icon())
        from venom_desktop.app.session import live

        return live(app, window, paths=paths, claim=claim, ui_state=ui_state)
    finally:
        claim.release()


def _tell(answer: dict[str, Any]) -> int:
    """What the program that holds the home said; returns the exit status."""
    if answer.get("ok"):
        return 0
    print(answer.get("error", ""), file=sys.stderr)  # noqa: T201 - there is no window to say it in
    return 1


def _make_window(app: QApplication, paths: Paths, ui_state: UiState) -> MainWindow:
    kept = ui_state.get(THEME)
    choice = theme.ThemeChoice(kept) if kept in list(theme.ThemeChoice) else theme.ThemeChoice.SYSTEM
    theme.apply(app, choice, paths.cache / "pictures")
    window = MainWindow()
    if isinstance(state := ui_state.get(WINDOW_STATE), str):
        window.restore(QByteArray.fromBase64(state.encode("ascii", "ignore")))
    return window
