"""Puts together what a runtime's own store lists and what our manifest knows of the same models."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from venom_desktop.core.errors import VenomError
from venom_desktop.core.registry.capabilities import merge
from venom_desktop.core.registry.model import ModelKey, ModelMetadata
from venom_desktop.core.runtimes.model_store import StoreSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreView:
    """How the rows of one runtime stand with its store.

    `listed` False: the store was never heard, and the rows are our manifest's. While it is not `reachable` they are
    the ones of `read_at`. `folder` and `disk_bytes` None are unknown.
    """

    runtime: str
    reachable: bool = False
    listed: bool = False
    read_at: datetime | None = field(default=None, compare=False)
    """A later time alone is no news."""
    title: str | None = None
    folder: Path | None = None
    disk_bytes: int | None = None
    error: VenomError | None = None


def view_of(
    snapshot: StoreSnapshot, before: StoreView | None, *, listed: bool, remembered_at: datetime | None
) -> StoreView:
    """An error that says the same as the one `before` is that one, so that hearing it again is no news either."""
    error = snapshot.error
    if before is not None and error is not None and _say_the_same(before.error, error):
        error = before.error
    return StoreView(
        runtime=snapshot.runtime,
        reachable=snapshot.reachable,
        listed=listed,
        read_at=snapshot.read_at if snapshot.read_at is not None else remembered_at,
        title=snapshot.title,
        folder=snapshot.folder,
        disk_bytes=snapshot.disk_bytes,
        error=error,
    )


class MergedRows:
    """The store's rows, with what the manifest knows of the same ones laid over them.

    Every change of anything asks for all of them, so those that are as they were are not made anew.
    """

    def __init__(self) -> None:
        self._made: dict[ModelKey, tuple[ModelMetadata, ModelMetadata, ModelMetadata]] = {}

    def of(self, listed: Iterable[ModelMetadata], known: Mapping[ModelKey, ModelMetadata]) -> list[ModelMetadata]:
        return [row if (ours := known.get(row.key)) is None else self._one(row, ours) for row in listed]

    def _one(self, row: ModelMetadata, ours: ModelMetadata) -> ModelMetadata:
        made = self._made.get(row.key)
        if made is None or made[1] is not ours or made[0] != row:
            made = self._made[row.key] = (row, ours, _laid_over(row, ours))
        return made[2]


def _laid_over(row: ModelMetadata, ours: ModelMetadata) -> ModelMetadata:
    """What was noted about another content of that name (it was pulled anew elsewhere) no longer holds."""
    same = ours.revision in (None, row.revision)
    return replace(
        row,
        provider=(ours.provider if same else None) or row.provider,
        display_name=ours.display_name,
        overrides=ours.overrides,
        last_used_at=ours.last_used_at,
        installed_at=(ours.installed_at if same else None) or row.installed_at,
        capabilities=merge(ours.capabilities, row.capabilities) if same else row.capabilities,
        source_revision=ours.source_revision if same else None,
        license=(ours.license if same else None) or row.license or ours.license,
        unknown=ours.unknown,
    )


def _say_the_same(one: VenomError | None, other: VenomError) -> bool:
    return type(one) is type(other) and str(one) == str(other)
