"""The runtimes of a home: they come and go while the program runs, and whoever follows them hears of all."""

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from venom_desktop.core.runtimes.base import Runtime, RuntimeSnapshot, RuntimeState
from venom_desktop.core.runtimes.live import RuntimeNews, Runtimes, watch_servers
from venom_desktop.core.signals import Signal, Unsubscribe


class Plain:
    """As much of a runtime as a follower sees: no server, so nobody watches it."""

    def __init__(self, name: str, title: str = "") -> None:
        self.name = name
        self.snapshot = RuntimeSnapshot(name=name, title=title or name, state=RuntimeState.RUNNING)
        self.changed: Signal[RuntimeSnapshot] = Signal()

    def say(self, title: str) -> None:
        self.snapshot = replace(self.snapshot, title=title)
        self.changed.publish(self.snapshot)


class Server(Plain):
    watchers = 0

    def watch(self) -> Unsubscribe:
        self.watchers += 1

        def end() -> None:
            self.watchers -= 1

        return end

    async def start(self) -> None: ...
    async def restart(self) -> None: ...
    async def stop(self, *, force: bool = False) -> None: ...
    async def refresh(self) -> None: ...
    async def load(self) -> None: ...
    async def unload(self) -> None: ...
    async def unload_model(self) -> None: ...
    async def pin(self) -> None: ...
    async def health(self) -> None: ...
    async def devices(self) -> None: ...
    def chat(self) -> None: ...
    def upstream(self) -> None: ...
    def passing(self) -> None: ...
    def log_lines(self) -> None: ...


def of(plain: Plain) -> Runtime:
    return cast(Runtime, plain)


def listened(runtimes: Mapping[str, Runtime]) -> tuple[list[str], Unsubscribe]:
    heard: list[str] = []
    return heard, RuntimeNews(runtimes).subscribe(lambda snapshot: heard.append(snapshot.title))


def test_a_runtime_that_comes_later_is_found_and_heard_like_the_first_ones() -> None:
    first, later = Plain("first"), Plain("later")
    runtimes = Runtimes(of(first))
    heard, _ = listened(runtimes)
    assert heard == []
    runtimes.add(of(later))
    later.say("later says")
    first.say("first says")
    assert list(runtimes) == ["first", "later"]
    assert heard == ["later", "later says", "first says"]


def test_a_runtime_that_was_taken_away_is_told_once_and_heard_no_more() -> None:
    first, gone = Plain("first"), Plain("gone")
    runtimes = Runtimes(of(first), of(gone))
    heard, _ = listened(runtimes)
    runtimes.remove("gone")
    runtimes.remove("gone")
    gone.say("still here")
    assert "gone" not in runtimes
    assert heard == ["gone"]
    assert not gone.changed.has_listeners


def test_another_one_of_the_same_name_takes_the_place_of_the_first() -> None:
    old, new, other = Plain("one", "old"), Plain("one", "new"), Plain("two")
    runtimes = Runtimes(of(old), of(other))
    heard, _ = listened(runtimes)
    runtimes.add(of(new))
    old.say("from the old one")
    new.say("from the new one")
    assert [runtime.snapshot.title for runtime in runtimes.values()] == ["from the new one", "two"]
    assert heard == ["old", "new", "from the new one"]


def test_who_ends_listening_hears_of_nothing_that_comes_later() -> None:
    first = Plain("first")
    runtimes = Runtimes(of(first))
    heard, end = listened(runtimes)
    end()
    runtimes.add(of(Plain("later")))
    first.say("first says")
    assert heard == []
    assert not runtimes.changed.has_listeners


def test_a_mapping_that_never_changes_can_be_followed_too() -> None:
    first = Plain("first")
    heard, end = listened({"first": of(first)})
    first.say("first says")
    end()
    first.say("again")
    assert heard == ["first says"]


def test_servers_are_watched_from_when_they_come_until_they_go_or_nobody_looks() -> None:
    first, later, gone, engine = Server("first"), Server("later"), Server("gone"), Plain("engine")
    runtimes = Runtimes(of(first), of(gone), of(engine))
    end = watch_servers(runtimes)
    runtimes.add(of(later))
    runtimes.remove("gone")
    assert [server.watchers for server in (first, later, gone)] == [1, 1, 0]
    end()
    assert [server.watchers for server in (first, later, gone)] == [0, 0, 0]
