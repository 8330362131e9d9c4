"""The state of vLLM as everybody sees it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from venom_desktop.core.errors import (
    ProgramMissing,
    RuntimeFailed,
    RuntimeUnavailable,
    ServerKeyWanted,
    UpstreamFailed,
    VenomError,
    VllmMissing,
)
from venom_desktop.core.runtimes.base import Control, RuntimeSnapshot, RuntimeState, Upstream
from venom_desktop.core.runtimes.load_progress import LoadProgress, LoadStep
from venom_desktop.core.runtimes.published import PublishedState
from venom_desktop.core.runtimes.vllm_command import API_KEY
from venom_desktop.core.runtimes.vllm_facts import NAME, TITLE
from venom_desktop.core.runtimes.vllm_look import Sight

EXPLANATION_WITHIN_S = 2.0


class VllmState(PublishedState):
    """With the way to the server that answers."""

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        super().__init__(RuntimeSnapshot(name=NAME, title=TITLE, state=RuntimeState.STOPPED), now=now)
        self.upstream: Upstream | None = None
        self._ended = asyncio.Event()

    @property
    def is_external(self) -> bool:
        return self.is_running and self.snapshot.control is Control.EXTERNAL

    def begin(self) -> None:
        progress = LoadProgress(step=LoadStep.STARTING)
        self.publish(state=RuntimeState.STARTING, error=None, exit_code=None, progress=progress)

    def advance(self, progress: LoadProgress) -> None:
        if self.snapshot.state is RuntimeState.STARTING:
            self.publish(progress=progress)

    def run(self, sight: Sight) -> None:
        """A server answers."""
        facts, self.upstream = sight.facts, sight.upstream
        self._ended.clear()
        self.publish(
            state=RuntimeState.RUNNING,
            version=sight.version or self.snapshot.version,
            control=facts.control,
            endpoint=facts.endpoint,
            port=facts.port,
            pid=facts.pid,
            loaded=sight.loaded,
            error=None,
            exit_code=None,
            progress=None,
        )

    def forget(self, state: RuntimeState, *, error: VenomError | None = None, exit_code: int | None = None) -> None:
        """There is no server any more."""
        self.upstream = None
        self._ended.set()
        self.publish(
            state=state,
            error=error,
            exit_code=exit_code,
            control=None,
            endpoint=None,
            port=None,
            pid=None,
            loaded=(),
            progress=None,
        )

    def absent(self, *, startable: bool) -> None:
        """None was found; what was told of an end stays until the user acts."""
        if self.snapshot.state is RuntimeState.EXITED:
            return
        if startable:
            self.forget(RuntimeState.STOPPED)
        else:
            self.forget(RuntimeState.UNAVAILABLE, error=VllmMissing(runtime=TITLE))

    @contextmanager
    def passing(self) -> Iterator[Upstream]:
        if self.upstream is None:
            raise self.why_not()
        with self.answering():
            yield self.upstream

    def why_not(self) -> VenomError:
        error = self.snapshot.error
        if self.is_running:
            return ServerKeyWanted(runtime=TITLE, variable=API_KEY)
        if isinstance(error, RuntimeFailed | ProgramMissing):
            return type(error)(**error.parameters)
        return RuntimeUnavailable(runtime=TITLE)

    async def why_broken(self, upstream: Upstream) -> VenomError:
        """An answer broke off: mostly the server died, and its exit is told a moment later."""
        if self.upstream is upstream:
            try:
                async with asyncio.timeout(EXPLANATION_WITHIN_S):
                    await self._ended.wait()
            except TimeoutError:
                return UpstreamFailed(source=TITLE, status="the answer broke off")
        return self.why_not()
