"""Collects garbage on the window's thread alone: a Qt object that dies on another thread takes the program along.

Python collects cycles on whichever thread allocates, and core reads files and databases on threads of their own.
"""

import gc

from PySide6.QtCore import QBasicTimer, QObject, QTimerEvent

LOOK_EVERY_MS = 1000


class GarbageOnThisThread(QObject):
    """From its making until `close` no other thread collects; make it where the Qt objects live."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._was_on = gc.isenabled()
        self._timer = QBasicTimer()
        gc.disable()
        self._timer.start(LOOK_EVERY_MS, self)

    def close(self) -> None:
        """Collect once more and leave it to Python again."""
        self._timer.stop()
        gc.collect()
        if self._was_on:
            gc.enable()

    def collect_if_due(self) -> int | None:
        """The generation that was collected by Python's own thresholds, oldest first; None when none was due."""
        counts, thresholds = gc.get_count(), gc.get_threshold()
        for generation in (2, 1, 0):
            if thresholds[generation] and counts[generation] > thresholds[generation]:
                gc.collect(generation)
                return generation
        return None

    def timerEvent(self, event: QTimerEvent) -> None:
        self.collect_if_due()
