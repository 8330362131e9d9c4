"""The one door that every model call passes: it lets all pass for now, and measures each."""

import asyncio
import time
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from venom_desktop.core.errors import VenomError
from venom_desktop.core.governance.base import NO_TERMS, CallRecord, CallRequest, Outcome, Target, Terms, Usage
from venom_desktop.core.signals import Signal

KEPT = 100
Clock = Callable[[], float]


class Call:
    """One call under way. Callers send it to `target`, which need not be the one they asked for."""

    def __init__(
        self,
        request: CallRequest,
        next_target: "NextTarget",
        *,
        clock: Clock,
        started_at: datetime,
        terms_of: "TermsOf",
    ) -> None:
        self.call_id = str(uuid.uuid4())
        self.request = request
        self.target = request.target
        self.usage = Usage()
        self.first_token_s: float | None = None
        self._next_target = next_target
        self._terms_of = terms_of
        self._clock = clock
        self._started = clock()
        self._started_at = started_at

    def first_token(self) -> None:
        """The first piece of the answer is here; later calls change nothing."""
        if self.first_token_s is None:
            self.first_token_s = self._clock() - self._started

    def finish(self, usage: Usage) -> None:
        self.usage = usage

    def fall_back(self, error: VenomError) -> Target | None:
        """Whom to try next after `error`, never after a first token; None: tell the caller."""
        return None if self.first_token_s is not None else self._next_target(self, error)

    def record(self, outcome: Outcome, *, reason_code: str | None = None) -> CallRecord:
        return CallRecord(
            call_id=self.call_id,
            request=self.request,
            target=self.target,
            outcome=outcome,
            started_at=self._started_at,
            duration_s=self._clock() - self._started,
            first_token_s=self.first_token_s,
            usage=self.usage,
            terms=self._terms_of(self.target),
            cost_usd=self._terms_of(self.target).cost_usd(self.usage),
            reason_code=reason_code,
        )


NextTarget = Callable[[Call, VenomError], Target | None]
TermsOf = Callable[[Target], Terms]


def nobody_else(call: Call, error: VenomError) -> None:
    """No fallback."""
    del call, error


def no_terms(target: Target) -> Terms:
    """Nothing is known of what it costs."""
    del target
    return NO_TERMS


class Gate:
    """`calls` publishes the record of every call that ended; `recent` has the last hundred, newest last.

    `terms_of` gives what a call of a target costs and how often it may be made.
    """

    def __init__(
        self,
        *,
        next_target: NextTarget = nobody_else,
        terms_of: TermsOf = no_terms,
        clock: Clock = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        self.calls: Signal[CallRecord] = Signal()
        self._next_target = next_target
        self._terms_of = terms_of
        self._clock = clock
        self._now = now
        self._recent: deque[CallRecord] = deque(maxlen=KEPT)

    @property
    def recent(self) -> tuple[CallRecord, ...]:
        return tuple(self._recent)

    @asynccontextmanager
    async def call(self, request: CallRequest) -> AsyncIterator[Call]:
        """Enter before anything is sent, leave when the answer has ended; whatever raises inside is recorded.

        Leaving without an error completes the call, a cancelled task or a closed generator cancels it.
        """
        call = Call(request, self._next_target, clock=self._clock, started_at=self._now(), terms_of=self._terms_of)
        try:
            yield call
        except VenomError as error:
            self._keep(call.record(Outcome.FAILED, reason_code=error.reason_code))
            raise
        except (asyncio.CancelledError, GeneratorExit):
            self._keep(call.record(Outcome.CANCELLED))
            raise
        except BaseException:
            self._keep(call.record(Outcome.FAILED, reason_code=VenomError.reason_code))
            raise
        self._keep(call.record(Outcome.COMPLETED))

    def _keep(self, record: CallRecord) -> None:
        self._recent.append(record)
        self.calls.publish(record)
