"""What the program has to tell without being asked: notices from the start and from later, each once."""

from collections.abc import Callable, Iterable

from venom_desktop.core.errors import VenomError
from venom_desktop.core.signals import Signal


class Notices:
    """The newest comes first; `changed` publishes all that stand."""

    def __init__(self, first: Iterable[VenomError | None] = ()) -> None:
        self.changed: Signal[tuple[VenomError, ...]] = Signal()
        self._standing: tuple[VenomError, ...] = ()
        for notice in first:
            self.add(notice)

    @property
    def standing(self) -> tuple[VenomError, ...]:
        return self._standing

    def add(self, notice: VenomError | None) -> None:
        """Take a notice; None and one that stands already change nothing."""
        if notice is None or any(_same(notice, other) for other in self._standing):
            return
        self._publish((notice, *self._standing))

    def renew(self, notice: VenomError | None, *, of: Callable[[VenomError], bool]) -> None:
        """Take a notice in place of every one for which `of` holds; None only takes those away."""
        left = tuple(other for other in self._standing if not of(other))
        standing = left if notice is None else (notice, *left)
        if standing != self._standing:
            self._publish(standing)

    def dismiss(self, notice: VenomError) -> None:
        """Take a notice away; one that is gone already is fine."""
        left = tuple(other for other in self._standing if not _same(notice, other))
        if left != self._standing:
            self._publish(left)

    def _publish(self, standing: tuple[VenomError, ...]) -> None:
        self._standing = standing
        self.changed.publish(standing)


def _same(one: VenomError, other: VenomError) -> bool:
    return (one.reason_code, str(one)) == (other.reason_code, str(other))
