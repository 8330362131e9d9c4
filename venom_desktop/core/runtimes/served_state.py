"""The state of a runtime that has one server for each model, with the way to the server that answers."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from venom_desktop.core.errors import ProgramMissing, RuntimeFailed, RuntimeUnavailable, UpstreamFailed, VenomError
from venom_desktop.core.runtimes.base import RuntimeSnapshot, RuntimeState, Upstream
from venom_desktop.core.runtimes.published import PublishedState

EXPLANATION_WITHIN_S = 2.0


class ServedState(PublishedState):
    """`upstream` None: no server, or one that does not let us in."""

    def __init__(self, snapshot: RuntimeSnapshot, *, now: Callable[[], datetime]) -> None:
        super().__init__(snapshot, now=now)
        self.upstream: Upstream | None = None
        self._ended = asyncio.Event()

    def serve(self, upstream: Upstream | None, **facts: Any) -> None:
        """A server answers."""
        self.upstream = upstream
        self._ended.clear()
        self.publish(state=RuntimeState.RUNNING, error=None, exit_code=None, **facts)

    def forget(self, state: RuntimeState, **facts: Any) -> None:
        """There is no server any more."""
        self.upstream = None
        self._ended.set()
        self.publish(state=state, endpoint=None, port=None, pid=None, loaded=(), **facts)

    @contextmanager
    def passing(self) -> Iterator[Upstream]:
        if self.upstream is None:
            raise self.why_not()
        with self.answering():
            yield self.upstream

    def why_not(self) -> VenomError:
        """Why nothing answers."""
        error = self.snapshot.error
        if isinstance(error, RuntimeFailed | ProgramMissing):
            return type(error)(**error.parameters)
        return RuntimeUnavailable(runtime=self.snapshot.title)

    async def why_broken(self, upstream: Upstream) -> VenomError:
        """An answer broke off: mostly the server died, and its exit is told a moment later."""
        if self.upstream is upstream:
            try:
                async with asyncio.timeout(EXPLANATION_WITHIN_S):
                    await self._ended.wait()
            except TimeoutError:
                return UpstreamFailed(source=self.snapshot.title, status="the answer broke off")
        return self.why_not()
