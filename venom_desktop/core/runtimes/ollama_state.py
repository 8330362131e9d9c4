"""The state of an Ollama server as everybody sees it: what looks found, what verbs did, and how it ended."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from venom_desktop.core.errors import (
    LoadCancelled,
    ProgramMissing,
    RuntimeFailed,
    RuntimeUnavailable,
    UpstreamFailed,
    VenomError,
)
from venom_desktop.core.runtimes.base import Control, RuntimeSnapshot, RuntimeState
from venom_desktop.core.runtimes.control.base import Exit
from venom_desktop.core.runtimes.control.diagnose import diagnose
from venom_desktop.core.runtimes.ollama_facts import NAME as NAME
from venom_desktop.core.runtimes.ollama_facts import TITLE
from venom_desktop.core.runtimes.ollama_look import NO_SERVER, OllamaLook
from venom_desktop.core.runtimes.published import IN_BETWEEN, PublishedState

EXPLANATION_WITHIN_S = 2.0
_IN_GOOD_ORDER = frozenset({1, 2, 13, 15})
"""SIGHUP, SIGINT, SIGPIPE and SIGTERM: systemd.service(5), SuccessExitStatus=."""


class OllamaState(PublishedState):
    """`gone` is called when there is no server any more."""

    def __init__(self, eye: OllamaLook, *, now: Callable[[], datetime], gone: Callable[[], None]) -> None:
        super().__init__(RuntimeSnapshot(name=NAME, title=TITLE, state=RuntimeState.STOPPED), now=now)
        self._eye = eye
        self._gone = gone
        self._looks = 0
        self._look_shown = 0
        self._ended = asyncio.Event()

    @property
    def was_looked_at(self) -> bool:
        """True once a look was shown: one that is under way may be overtaken by a later, shorter one."""
        return self._look_shown > 0

    async def look(self, *, thoroughly: bool) -> None:
        """Of two looks that overlap the later one holds, and over a verb under way neither."""
        self._looks += 1
        number = self._looks
        changes = await self._eye.take(self.snapshot, thoroughly=thoroughly)
        if number > self._look_shown and self.snapshot.state not in IN_BETWEEN:
            self.show(changes, number=number)

    async def during(self, state: RuntimeState, verb: Coroutine[Any, Any, object]) -> None:
        """Show `state` while a verb of the server runs; what stands afterwards is asked, however it ended."""
        self.show({"state": state, "error": None, "exit_code": None})
        try:
            await verb
        except asyncio.CancelledError:
            self.show({"state": RuntimeState.STOPPED, **NO_SERVER})
            raise
        except VenomError as error:
            await self._settle(error)
            raise
        except OSError as error:
            explanation = f"The system did not allow it ({error.strerror or error}). The log may say more."
            failure = RuntimeFailed(runtime=TITLE, explanation=explanation)
            await self._settle(failure)
            raise failure from error
        await self._settle(None)

    async def _settle(self, error: VenomError | None) -> None:
        changes = await self._eye.take(self.snapshot, thoroughly=True)
        changes.setdefault("state", RuntimeState.RUNNING if error is None else RuntimeState.STOPPED)
        if changes["state"] is not RuntimeState.RUNNING and isinstance(error, RuntimeFailed):
            changes["state"] = RuntimeState.EXITED
        if error is not None and not isinstance(error, LoadCancelled):
            changes["error"] = error
        self.show(changes)

    def end(self, end: Exit) -> None:
        """The end of a server of others is told without blame: nobody saw how it went, or somebody ended it."""
        if end.requested or self.snapshot.state is not RuntimeState.RUNNING:
            return
        changes: dict[str, Any] = {"state": RuntimeState.STOPPED, "error": None}
        if self.snapshot.control is Control.CHILD or (self.snapshot.control is Control.SYSTEMD and _is_failure(end)):
            explanation = diagnose(end, port=self.snapshot.port).sentence
            code = end.code if end.signal is None else -end.signal
            error = RuntimeFailed(runtime=TITLE, explanation=explanation)
            changes = {"state": RuntimeState.EXITED, "error": error, "exit_code": code}
        self.show({**changes, **NO_SERVER})

    def show(self, changes: Mapping[str, Any], *, number: int | None = None) -> None:
        """`number` is that of the look which found them; without one they are newer than every look."""
        self._look_shown = self._looks if number is None else number
        self.publish(**changes)
        if self.snapshot.state is RuntimeState.RUNNING:
            self._ended.clear()
        elif self.snapshot.state not in IN_BETWEEN:
            self._gone()
            self._ended.set()

    def why_not(self) -> VenomError:
        error = self.snapshot.error
        if isinstance(error, RuntimeFailed | ProgramMissing):
            return type(error)(**error.parameters)
        return RuntimeUnavailable(runtime=TITLE)

    async def why_broken(self) -> VenomError:
        """An answer broke off: mostly the server died, and the exit of a child is told a moment later."""
        if self.snapshot.control is Control.CHILD:
            with suppress(TimeoutError):
                async with asyncio.timeout(EXPLANATION_WITHIN_S):
                    await self._ended.wait()
        await self.look(thoroughly=False)
        if self.snapshot.state is RuntimeState.RUNNING:
            return UpstreamFailed(source=TITLE, status="the answer broke off")
        return self.why_not()


def _is_failure(end: Exit) -> bool:
    """Whether systemd itself would say so: it takes these signals, and no exit code, for an end in good order."""
    if end.signal is not None or end.out_of_memory:
        return end.signal not in _IN_GOOD_ORDER
    return bool(end.code)
