"""Leaves a source alone for as long as it asked to be left alone (429)."""

from collections.abc import Callable
from datetime import datetime, timedelta

from venom_desktop.core.errors import SourceBusy


class AskedToWait:
    """One for each source; `title` is what errors call it."""

    def __init__(self, title: str, *, clock: Callable[[], datetime]) -> None:
        self._title = title
        self._clock = clock
        self._until: datetime | None = None

    def note(self, busy: SourceBusy) -> None:
        """Remember what the source asked for."""
        self._until = self._clock() + timedelta(seconds=busy.parameters["retry_after_s"])

    def respect(self) -> None:
        """Raises `SourceBusy` with the seconds that are left."""
        if self._until is None:
            return
        left_s = (self._until - self._clock()).total_seconds()
        if left_s > 0:
            raise SourceBusy(source=self._title, retry_after_s=max(1, round(left_s)))
        self._until = None
