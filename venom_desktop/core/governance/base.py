"""What a model call is to governance: who asks for what, and the record that remains of it."""

import math
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from venom_desktop.core.errors import InvalidInput

MOST_USD = 100_000
MOST_REQUESTS = 1_000_000


class Purpose(StrEnum):
    PROMPT = "prompt"
    GATEWAY = "gateway"
    TRANSLATE = "translate"
    PROBE = "probe"
    """The one token a switch asks for before it is called done."""


class Outcome(StrEnum):
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Who is to answer: a runtime (local, remote or cloud) and the model on it."""

    runtime: str
    model: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a call costs and how often it may be made: US dollars per million tokens; None is unknown, 0 is free."""

    input_usd: float | None = None
    output_usd: float | None = None
    requests_per_minute: int | None = None

    def checked(self) -> "Terms":
        """Itself. Raises `InvalidInput` for what is no price and no limit."""
        prices = [price for price in (self.input_usd, self.output_usd) if price is not None]
        if any(not math.isfinite(price) or not 0 <= price <= MOST_USD for price in prices):
            raise InvalidInput(problem=f"A price is a number of dollars per million tokens, from 0 to {MOST_USD}.")
        if self.requests_per_minute is not None and not 1 <= self.requests_per_minute <= MOST_REQUESTS:
            raise InvalidInput(problem=f"A limit is a whole number of requests a minute, from 1 to {MOST_REQUESTS}.")
        return self

    def cost_usd(self, usage: "Usage") -> float | None:
        """What a call cost; None when a price or a count is unknown, never a guess."""
        parts = (self.input_usd, usage.prompt_tokens), (self.output_usd, usage.completion_tokens)
        costs = [price * count / 1e6 for price, count in parts if price is not None and count is not None]
        return sum(costs) if len(costs) == len(parts) else None


NO_TERMS = Terms()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRequest:
    """Asked before a call. `prompt_tokens` is an estimate, `max_tokens` the caller's limit; None is unknown."""

    target: Target
    purpose: Purpose
    prompt_tokens: int | None = None
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What a finished call used; None where the runtime did not tell."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    tokens_per_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """`target` is who answered in the end. Seconds; `first_token_s` None when none came."""

    call_id: str
    request: CallRequest
    target: Target
    outcome: Outcome
    started_at: datetime
    duration_s: float
    first_token_s: float | None = None
    usage: Usage = Usage()
    terms: Terms = NO_TERMS
    """Those of `target`."""
    cost_usd: float | None = None
    """None is unknown; a call that used nothing that is known costs no known amount either."""
    reason_code: str | None = None
