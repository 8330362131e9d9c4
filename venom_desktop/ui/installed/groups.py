"""The head of one runtime's models: how many, how much, how the runtime stands, and what brings its list up to date."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum

from venom_desktop.core.registry.model import ModelMetadata
from venom_desktop.core.registry.names import is_remote
from venom_desktop.core.registry.store_rows import StoreView
from venom_desktop.core.runtimes.base import RuntimeSnapshot, RuntimeState


class GroupCure(Enum):
    """What makes a store that cannot be reached answer again."""

    START = "start"
    GET = "get"
    """Its program is not on this machine."""
    ASK_AGAIN = "ask_again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """`state` None: this program does not run it. `is_old`: its store cannot be reached, the rows are of `seen_at`."""

    runtime: str
    title: str | None
    count: int
    size_bytes: int
    state: RuntimeState | None
    is_old: bool = False
    seen_at: datetime | None = field(default=None, compare=False)
    cure: GroupCure | None = None
    is_known: bool = True
    """False: the store is there and was never heard, so nobody knows what is in it."""


def size_of(model: ModelMetadata) -> int | None:
    if model.size_bytes is not None:
        return model.size_bytes
    return None if model.size_gb is None else round(model.size_gb * 1e9)


def bytes_of(models: Sequence[ModelMetadata]) -> int:
    """What they take together; a content that stands under two names in one store counts once."""
    return sum({model.revision or model.name: size_of(model) or 0 for model in models}.values())


def make_group(
    runtime: str, models: Sequence[ModelMetadata], snapshot: RuntimeSnapshot | None, store: StoreView | None
) -> Group:
    is_old = store is not None and not store.reachable
    return Group(
        runtime=runtime,
        title=snapshot.title if snapshot else None,
        count=len(models),
        size_bytes=bytes_of(models) if store is not None else sum(size_of(model) or 0 for model in models),
        state=snapshot.state if snapshot else None,
        is_old=is_old,
        seen_at=store.read_at if store is not None else None,
        cure=_cure(snapshot) if is_old and snapshot is not None else None,
    )


def make_unknown(runtime: str, snapshot: RuntimeSnapshot | None, store: StoreView) -> Group | None:
    """The head of a store that was asked and never heard, where its server is there and only has to be started."""
    if (
        store.listed
        or store.error is None
        or snapshot is None
        or snapshot.state not in (RuntimeState.STOPPED, RuntimeState.EXITED)
    ):
        return None
    return replace(make_group(runtime, (), snapshot, store), is_known=False)


def _cure(snapshot: RuntimeSnapshot) -> GroupCure | None:
    if is_remote(snapshot.name):
        return GroupCure.ASK_AGAIN
    match snapshot.state:
        case RuntimeState.STOPPED | RuntimeState.EXITED:
            return GroupCure.START
        case RuntimeState.UNAVAILABLE:
            return GroupCure.GET
        case RuntimeState.RUNNING:
            return GroupCure.ASK_AGAIN
        case RuntimeState.STARTING | RuntimeState.STOPPING:
            return None
