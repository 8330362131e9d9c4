"""Tells when a process that is no child of ours ends."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager

from venom_desktop.core.runtimes.control.base import Exit
from venom_desktop.core.runtimes.control.orphans import wait_for_end
from venom_desktop.core.runtimes.control.process_identity import started_mark
from venom_desktop.core.signals import Signal
from venom_desktop.core.tasks import TaskScope


async def unexplained(requested: bool) -> Exit:
    """How it ended nobody but its parent knows."""
    return Exit(requested=requested)


class ProcessWatch:
    """Follows one process at a time; `explain` is asked how it ended, and told whether we wanted it."""

    def __init__(self, name: str, explain: Callable[[bool], Awaitable[Exit]] = unexplained) -> None:
        self.ended: Signal[Exit] = Signal()
        self._explain = explain
        self._tasks = TaskScope(f"watch:{name}")
        self._followed: tuple[int, str] | None = None
        self._expected = False

    def follow(self, pid: int) -> None:
        """The one followed before is let go."""
        mark = started_mark(pid)
        if mark is None or (pid, mark) == self._followed or self._tasks.is_closed:
            return
        self._followed, self._expected = (pid, mark), False
        self._tasks.start("process", self._wait(pid, mark))

    @contextmanager
    def expecting_end(self) -> Iterator[None]:
        """Its end is one that we ask for here; when that was refused, a later end is its own again."""
        self._expected = True
        with ExitStack() as refused:
            refused.callback(self._expect_nothing)
            yield
            # By now another process may be followed, of which nothing is expected.
            refused.pop_all()

    def _expect_nothing(self) -> None:
        self._expected = False

    async def close(self) -> None:
        await self._tasks.close()

    async def _wait(self, pid: int, mark: str) -> None:
        await wait_for_end(pid, mark)
        self._followed = None
        self.ended.publish(await self._explain(self._expected))
