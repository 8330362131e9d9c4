"""A snapshot of a runtime that is published at every change, and at nothing else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any

from venom_desktop.core.errors import VenomError
from venom_desktop.core.runtimes.base import RuntimeSnapshot, RuntimeState
from venom_desktop.core.signals import Signal

IN_BETWEEN = (RuntimeState.STARTING, RuntimeState.STOPPING)


class PublishedState:
    """`changed` tells every new snapshot; `changed_at` is the moment of the last change of state."""

    def __init__(self, snapshot: RuntimeSnapshot, *, now: Callable[[], datetime]) -> None:
        self.changed: Signal[RuntimeSnapshot] = Signal()
        self.snapshot = snapshot
        self._now = now

    @property
    def is_running(self) -> bool:
        return self.snapshot.state is RuntimeState.RUNNING

    def publish(self, **changes: Any) -> None:
        if changes.get("state", self.snapshot.state) is not self.snapshot.state:
            changes["changed_at"] = self._now()
        if _is_same(changes.get("error"), self.snapshot.error):
            # An error that is told again is no news.
            changes["error"] = self.snapshot.error
        before, self.snapshot = self.snapshot, replace(self.snapshot, **changes)
        if before != self.snapshot:
            self.changed.publish(self.snapshot)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """One more answer is being produced until it is left."""
        self.publish(answering=self.snapshot.answering + 1)
        try:
            yield
        finally:
            self.publish(answering=self.snapshot.answering - 1)


def _is_same(error: VenomError | None, earlier: VenomError | None) -> bool:
    return type(error) is type(earlier) and error is not None and vars(error) == vars(earlier)
