"""What a model call is to governance: who asks for what, and the record that remains of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


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
    reason_code: str | None = None
