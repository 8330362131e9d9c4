"""The runtimes of one home as a mapping that grows and shrinks while the program runs, and how to follow them all."""

from collections.abc import Callable, Iterator, Mapping

from venom_desktop.core.runtimes.base import FollowedRuntime, Runtime, RuntimeSnapshot
from venom_desktop.core.signals import Signal, Unsubscribe


class Runtimes(Mapping[str, Runtime]):
    """By name, in the order they came. `changed` publishes the mapping itself after each `add` and `remove`."""

    def __init__(self, *runtimes: Runtime) -> None:
        self._by_name = {runtime.name: runtime for runtime in runtimes}
        self.changed: Signal[Runtimes] = Signal()

    def add(self, runtime: Runtime) -> None:
        """Another one of the same name gives way to it, and keeps its place in the order."""
        self._by_name[runtime.name] = runtime
        self.changed.publish(self)

    def remove(self, name: str) -> None:
        """Removing what is not there is fine."""
        if self._by_name.pop(name, None) is not None:
            self.changed.publish(self)

    def __getitem__(self, name: str) -> Runtime:
        return self._by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name)

    def __len__(self) -> int:
        return len(self._by_name)


class RuntimeNews:
    """What every runtime publishes, also those that come later; one that comes or goes tells its snapshot too."""

    def __init__(self, runtimes: Mapping[str, Runtime]) -> None:
        self._runtimes = runtimes

    def subscribe(self, listener: Callable[[RuntimeSnapshot], None]) -> Unsubscribe:
        def tell(runtime: Runtime) -> None:
            listener(runtime.snapshot)

        return _follow_each(self._runtimes, lambda runtime: runtime.changed.subscribe(listener), came=tell, went=tell)


def watch_servers(runtimes: Mapping[str, Runtime]) -> Unsubscribe:
    """Watch every server, also those that come later, until the returned end is called."""
    return _follow_each(runtimes, lambda runtime: runtime.watch() if isinstance(runtime, FollowedRuntime) else None)


def _nothing(_: Runtime) -> None:
    return None


def _follow_each(
    runtimes: Mapping[str, Runtime],
    begin: Callable[[Runtime], Unsubscribe | None],
    *,
    came: Callable[[Runtime], None] = _nothing,
    went: Callable[[Runtime], None] = _nothing,
) -> Unsubscribe:
    """`begin` each one now and whenever it comes; its end is called when it goes, or all is over."""
    followed: dict[str, tuple[Runtime, Unsubscribe | None]] = {}

    def end(name: str) -> Runtime:
        runtime, over = followed.pop(name)
        if over is not None:
            over()
        return runtime

    def follow(now: Mapping[str, Runtime]) -> None:
        for name in [name for name, (runtime, _) in followed.items() if now.get(name) is not runtime]:
            went(end(name))
        for name in [name for name in now if name not in followed]:
            followed[name] = (now[name], begin(now[name]))
            came(now[name])

    for name, runtime in runtimes.items():
        followed[name] = (runtime, begin(runtime))
    listening = runtimes.changed.subscribe(follow) if isinstance(runtimes, Runtimes) else None

    def over() -> None:
        if listening is not None:
            listening()
        for name in tuple(followed):
            end(name)

    return over
