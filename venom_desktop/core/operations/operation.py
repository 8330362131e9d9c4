"""The snapshot of a long job with progress, and the states it can be in (SPEC section 1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class OperationType(StrEnum):
    INSTALL = "install"
    REMOVE = "remove"
    ACTIVATE = "activate"
    UPDATE = "update"
    VERIFY = "verify"
    IMPORT = "import"
    """Take over what lies on this computer, or give it back."""
    SETUP = "setup"
    """Fetch, update or change the program of a runtime."""


class OperationStatus(StrEnum):
    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in (OperationStatus.COMPLETED, OperationStatus.FAILED, OperationStatus.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a working generator yields. None leaves the last known value as it is."""

    message: str | None = None
    done_bytes: int | None = None
    total_bytes: int | None = None
    model_name: str | None = None
    """Set when the work learns the full name (the quantization chosen for the user)."""
    payload: Mapping[str, Any] | None = None
    """What a later resume must know as well; laid over the operation's payload."""
    step: str | None = None
    """A stable word for what is being done now, where a job has steps with names."""
    can_cancel: bool | None = None
    question: str | None = None
    """What the user is to decide before it goes on; the empty text takes the question back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOperation:
    """`progress` is 0 to 100, or None when the total is unknown; it never runs backwards."""

    operation_id: str
    model_name: str
    operation_type: OperationType
    status: OperationStatus
    runtime: str | None = None
    progress: float | None = None
    message: str = ""
    done_bytes: int | None = None
    total_bytes: int | None = None
    bytes_per_s: float | None = None
    eta_s: float | None = None
    error: str | None = None
    reason_code: str | None = None
    error_parameters: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    started_at: datetime
    completed_at: datetime | None = None
    paused_by_restart: bool = False
    can_pause: bool = False
    can_cancel: bool = True
    step: str | None = None
    question: str | None = None
    """What waits for the user, as a stable word; `message` has the sentence. None while nothing does."""
    payload: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    """What the work needs to start again after a crash; JSON values only, never a secret."""
