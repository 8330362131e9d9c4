"""What stands behind the window: imported and composed after it shows, taken down before it is gone."""

import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from PySide6.QtWidgets import QApplication

from venom_desktop.app.compose import build
from venom_desktop.app.furnish import Furniture
from venom_desktop.app.instance import InstanceServer
from venom_desktop.app.instance_door import Claim
from venom_desktop.app.lifecycle import Lifecycle, Step
from venom_desktop.app.logging import start_logging
from venom_desktop.app.paths import Paths
from venom_desktop.core.errors import VenomError
from venom_desktop.core.secrets.masking import Redactor
from venom_desktop.core.settings.ui_state import UiState
from venom_desktop.core.tasks import TaskScope
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.main_window import MainWindow


@asynccontextmanager
async def open_backstage(
    window: MainWindow, app: QApplication, *, paths: Paths, claim: Claim, ui_state: UiState, quit_: Callable[[], None]
) -> AsyncIterator[None]:
    redactor = Redactor()
    stop_logging = start_logging(paths.log, redactor)
    scope = TaskScope("window")
    bridge = Bridge(scope, window.report)
    composition = build(paths, os.environ, redactor=redactor)
    await composition.lifecycle.start()
    Furniture(window, composition.services, bridge, ui_state).place()
    try:
        yield
    finally:
        await scope.close()
        await composition.lifecycle.stop()
        stop_logging()
