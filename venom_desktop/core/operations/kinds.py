"""How each type of operation is done, for all runtimes alike or for one of them in its own way."""

from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from venom_desktop.core.operations.operation import ModelOperation, OperationType, Progress

Work = Callable[[ModelOperation], AsyncGenerator[Progress, None]]
Discard = Callable[[ModelOperation], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How one type of operation is done, and what is thrown away when it is cancelled."""

    work: Work
    discard: Discard | None = None
    can_pause: bool = False


class Kinds:
    """A kind that was added for one runtime wins there over the one that was added for all."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[OperationType, str | None], Kind] = {}

    def add(self, operation_type: OperationType, kind: Kind, *, runtime: str | None) -> None:
        self._kinds[operation_type, runtime] = kind

    def of(self, operation_type: OperationType, runtime: str | None) -> Kind:
        return self._kinds.get((operation_type, runtime)) or self._kinds[operation_type, None]
