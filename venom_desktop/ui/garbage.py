"""Collects garbage on the window's thread alone: a Qt object that dies on another thread takes the program along.

Python collects cycles on whichever thread allocates, and core reads files and databases on threads of their own.
A look at everything takes 0.15 s with ten thousand models in the list. So what has lived for some seconds is set
aside and left alone, and everything is looked at while nobody works in the window.
"""

import gc
import time
from collections.abc import Callable

from PySide6.QtCore import QBasicTimer, QObject, Qt, QTimerEvent
from PySide6.QtGui import QGuiApplication

LOOK_EVERY_MS = 1000
YOUNG_LOOKS = 3
"""So often new objects are looked at before they are set aside."""
WHOLE_EVERY_S = 60.0
"""Between two looks at everything while another window has the keys."""
WHOLE_AT_LAST_S = 1800.0
"""As long a look at everything waits for that."""


class GarbageOnThisThread(QObject):
    """From its making until `close` no other thread collects; make it where the Qt objects live."""

    def __init__(self, parent: QObject | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self._clock = clock
        self._was_on = gc.isenabled()
        self._looks = 0
        self._set_aside = False
        self._whole_at = clock()
        self._timer = QBasicTimer()
        gc.disable()
        self._timer.start(LOOK_EVERY_MS, self)

    def close(self) -> None:
        """Collect once more and leave it to Python again."""
        self._timer.stop()
        if self._set_aside:
            gc.unfreeze()
        gc.collect()
        if self._was_on:
            gc.enable()

    def collect_if_due(self) -> bool:
        """Collect among the objects of the last seconds when there are many new ones; False when there are few."""
        if gc.get_count()[0] <= gc.get_threshold()[0]:
            return False
        self._looks += 1
        if self._looks < YOUNG_LOOKS:
            gc.collect(0)
        else:
            gc.collect(1)
            self._put_aside()
        return True

    def collect_everything(self) -> None:
        """Look at what was set aside, too."""
        gc.unfreeze()
        gc.collect()
        self._put_aside()
        self._whole_at = self._clock()

    def _put_aside(self) -> None:
        gc.freeze()
        self._looks, self._set_aside = 0, True

    def is_everything_due(self, *, in_use: bool) -> bool:
        """`in_use` tells whether the window has the keys."""
        return self._clock() - self._whole_at >= (WHOLE_AT_LAST_S if in_use else WHOLE_EVERY_S)

    def timerEvent(self, event: QTimerEvent) -> None:
        in_use = QGuiApplication.applicationState() == Qt.ApplicationState.ApplicationActive
        if self.is_everything_due(in_use=in_use):
            self.collect_everything()
        else:
            self.collect_if_due()
