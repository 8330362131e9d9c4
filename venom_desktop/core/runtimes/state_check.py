"""Compares which model is stored as active with what really runs; a difference is told, never mended by itself."""

from collections.abc import Callable, Mapping

from venom_desktop.core.errors import (
    ActiveElsewhere,
    ActiveForbidden,
    ActiveHomeless,
    ActiveNotAlone,
    ActiveNotInstalled,
    ActiveNotLoaded,
    ActiveReplaced,
    ActiveUnprovided,
    StateDiffers,
)
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.active import ActiveModel
from venom_desktop.core.runtimes.base import RuntimeSnapshot, RuntimeState
from venom_desktop.core.runtimes.profiles import LOCAL_RUNTIMES, RuntimeProfile
from venom_desktop.core.signals import Signal

LOCAL = "local"


def compare(
    active: ActiveModel,
    snapshots: Mapping[str, RuntimeSnapshot],
    *,
    profile: RuntimeProfile,
    is_installed: Callable[[ModelKey], bool | None],
) -> StateDiffers | None:
    """The difference that matters most; None where all is as it was stored, or nothing is active.

    `is_installed` answers None where nobody can tell now. A server elsewhere is not asked what it has in memory.
    """
    key = active.key
    if key is None or active.service_type != LOCAL:
        return None
    facts = {"model_name": key.name, "name": key.runtime, "profile": profile.value}
    if not profile.allows(key.runtime):
        return ActiveForbidden(**facts)
    snapshot = snapshots.get(key.runtime)
    if snapshot is None:
        return ActiveHomeless(**facts)
    facts["runtime"] = snapshot.title
    if is_installed(key) is False:
        return ActiveNotInstalled(**facts)
    if snapshot.state is RuntimeState.UNAVAILABLE:
        return ActiveUnprovided(**facts)
    if key.runtime not in LOCAL_RUNTIMES or snapshot.state is RuntimeState.STARTING:
        return None
    return _in_memory(key, snapshot, snapshots, facts)


def _in_memory(
    key: ModelKey, snapshot: RuntimeSnapshot, snapshots: Mapping[str, RuntimeSnapshot], facts: Mapping[str, str]
) -> StateDiffers | None:
    here = [model.name for model in snapshot.loaded]
    holder = next((other for name, other in snapshots.items() if _holds_beside(name, other, key)), None)
    held = {"holder": "", "others": ""} if holder is None else {"holder": holder.title, "others": _names(holder)}
    if key.name in here:
        return None if holder is None else ActiveNotAlone(**facts, **held)
    if here:
        return ActiveReplaced(**facts, others=", ".join(here))
    return ActiveNotLoaded(**facts) if holder is None else ActiveElsewhere(**facts, **held)


def _holds_beside(name: str, other: RuntimeSnapshot, key: ModelKey) -> bool:
    return name != key.runtime and name in LOCAL_RUNTIMES and bool(other.loaded)


def _names(snapshot: RuntimeSnapshot) -> str:
    return ", ".join(model.name for model in snapshot.loaded)


class StateCheck:
    """`standing` is what was found after the start, until it is so no more; `look` compares what is now."""

    def __init__(self, look: Callable[[], StateDiffers | None]) -> None:
        self.changed: Signal[StateDiffers | None] = Signal()
        self.look = look
        self.standing: StateDiffers | None = None

    def begin(self) -> None:
        """Once, when everything was looked at; what changes later by the user's own hand is no difference."""
        self._tell(self.look())

    def look_again(self, _: object = None) -> None:
        """After a change: what was found may be gone, or have become something else."""
        if self.standing is not None:
            self._tell(self.look())

    def _tell(self, difference: StateDiffers | None) -> None:
        if str(difference) != str(self.standing):
            self.standing = difference
            self.changed.publish(difference)
