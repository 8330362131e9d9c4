"""Typed publish and subscribe: a failing listener is logged, the rest still hear."""

import logging
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
Unsubscribe = Callable[[], None]

_log = logging.getLogger(__name__)


class Signal(Generic[T]):
    """Listeners are called in the order of subscription, on the publisher's thread."""

    def __init__(self) -> None:
        self._listeners: dict[object, Callable[[T], None]] = {}

    def subscribe(self, listener: Callable[[T], None]) -> Unsubscribe:
        """Hear every later `publish` until the returned function is called (calling it twice is harmless)."""
        key = object()
        self._listeners[key] = listener

        def end() -> None:
            self._listeners.pop(key, None)

        return end

    def publish(self, value: T) -> None:
        for listener in tuple(self._listeners.values()):
            try:
                listener(value)
            except Exception:  # noqa: BLE001 - one deaf listener must not silence the others
                _log.exception("A listener failed")

    @property
    def listeners(self) -> int:
        """How many hear it now."""
        return len(self._listeners)

    @property
    def has_listeners(self) -> bool:
        return bool(self._listeners)
