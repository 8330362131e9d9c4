"""Between core and widgets: subscriptions that end with their widget, merged updates, coroutines started from slots."""

from collections.abc import Callable, Coroutine, Hashable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from PySide6.QtCore import QElapsedTimer, QObject, QTimer

from venom_desktop.core.tasks import OnError, TaskScope

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
MERGE_MS = 100


class Source(Protocol[T_co]):
    """Anything to subscribe to: a core `Signal` or `Poller`."""

    def subscribe(self, listener: Callable[[T_co], None], /) -> Callable[[], None]: ...


class Subscription(QObject):
    """Ends when its owner is destroyed, or earlier by `end`; ending twice is harmless."""

    def __init__(self, end: Callable[[], None], owner: QObject) -> None:
        super().__init__()
        self._end: Callable[[], None] | None = end
        # The closure keeps this object alive for as long as the owner lives, and no longer.
        owner.destroyed.connect(lambda: self.end())

    def end(self) -> None:
        end, self._end = self._end, None
        if end is not None:
            end()


class Merged(Generic[T]):
    """Hands over at most one batch in 100 ms, of every key the latest value, in the order the keys came."""

    def __init__(
        self, owner: QObject, listener: Callable[[Sequence[T]], None], key: Callable[[T], Hashable] | None = None
    ) -> None:
        self._listener = listener
        self._key = key
        self._waiting: dict[Hashable, T] = {}
        self._since = QElapsedTimer()
        self._timer = QTimer(owner)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._flush)

    def add(self, value: T) -> None:
        """Take a value; the first after a rest is handed over at the next turn of the loop."""
        self._waiting[self._key(value) if self._key else None] = value
        if self._timer.isActive():
            return
        rested = not self._since.isValid() or self._since.elapsed() >= MERGE_MS
        self._timer.start(0 if rested else MERGE_MS - int(self._since.elapsed()))

    def end(self) -> None:
        """Drop what waits."""
        self._timer.stop()
        self._waiting.clear()

    def _flush(self) -> None:
        batch = tuple(self._waiting.values())
        self._waiting.clear()
        self._since.start()
        if batch:
            self._listener(batch)


class Bridge:
    """One for the window. Widgets get it by construction and never see an event loop."""

    def __init__(self, scope: TaskScope, on_error: OnError | None = None) -> None:
        self._scope = scope
        self.on_error = on_error
        """Where errors go that a caller of `start` does not take; None leaves them to the log."""

    def listen(self, source: Source[T], owner: QObject, listener: Callable[[T], None]) -> Subscription:
        """Call `listener` with every value until `owner` is destroyed."""
        return Subscription(source.subscribe(listener), owner)

    def listen_merged(
        self,
        source: Source[T],
        owner: QObject,
        listener: Callable[[Sequence[T]], None],
        *,
        key: Callable[[T], Hashable] | None = None,
    ) -> Subscription:
        """Like `listen`, at most ten times a second: `listener` gets the latest value of every `key`."""
        merged = Merged(owner, listener, key)
        end = source.subscribe(merged.add)
        return Subscription(end, owner)

    def start(self, key: str, coroutine: Coroutine[Any, Any, object], *, on_error: OnError | None = None) -> None:
        """Run a coroutine from a slot; the same key cancels the earlier one (a newer search, a second click).

        Nothing is run once the scope is closed: the program is going, and a late repaint must not hold it up.
        """
        if self._scope.is_closed:
            coroutine.close()
            return
        self._scope.start(key, coroutine, on_error or self.on_error)

    def cancel(self, key: str) -> None:
        self._scope.cancel(key)

    def is_running(self, key: str) -> bool:
        return self._scope.is_running(key)


class Named:
    """A bridge for one owner: what it starts and cancels leaves the same keys of other owners alone."""

    def __init__(self, bridge: Bridge, name: str) -> None:
        self._bridge = bridge
        self._name = name

    def start(self, key: str, coroutine: Coroutine[Any, Any, object], *, on_error: OnError | None = None) -> None:
        self._bridge.start(f"{self._name} {key}", coroutine, on_error=on_error)

    def cancel(self, key: str) -> None:
        self._bridge.cancel(f"{self._name} {key}")
