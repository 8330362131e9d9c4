"""The list of installed models: one writer per folder, read by name or key, changed in order and never on the loop."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

from venom_desktop.core.errors import AmbiguousName, FolderLocked, InvalidName, StorageFailed, UnknownModel, VenomError
from venom_desktop.core.files import FolderLock, remove_leftovers
from venom_desktop.core.registry.manifest_file import EMPTY, ManifestContent, ManifestFile, StoredRow
from venom_desktop.core.registry.model import ModelKey, ModelMetadata
from venom_desktop.core.registry.names import key_for
from venom_desktop.core.signals import Signal

T = TypeVar("T")
Rows = dict[ModelKey, StoredRow]


def _local_now() -> datetime:
    return datetime.now(UTC).astimezone()


class Manifest(Mapping[ModelKey | str, ModelMetadata]):
    """`<models_dir>/manifest.json`. What can be read here is on the disk.

    `saved` is published on the loop after each save. Iterating gives `ModelKey`s.
    """

    def __init__(self, models_dir: Path, *, now: Callable[[], datetime] = _local_now) -> None:
        self.models_dir = models_dir.resolve()
        self.saved: Signal[None] = Signal()
        self.notice: VenomError | None = None
        """What the user should know about the file that was read: `ManifestRestored`, `ManifestLost`, ..."""
        self.version = 0
        """Another number for each content."""
        self._path = self.models_dir / "manifest.json"
        self._file = ManifestFile(self._path, now)
        self._lock = FolderLock(self.models_dir)
        self._refusal: FolderLocked | StorageFailed | None = None
        self._content: ManifestContent = EMPTY
        self._runtimes: frozenset[str] = frozenset()
        self._planned: Rows | None = None
        """The rows with the changes that are not on the disk yet."""
        self._waiting: list[asyncio.Future[None]] = []
        self._writing: asyncio.Future[None] | None = None

    def open(self) -> None:
        """Take the folder, or become read-only when another process has it, and read the file; blocks.

        Calling it again reads again and tries again to take the folder. Raises `StorageUnreadable`.
        """
        try:
            self._lock.acquire()
            self._refusal = None
            remove_leftovers(self._path)
        except (FolderLocked, StorageFailed) as error:
            self._refusal = error
        content, self.notice = self._file.read(repair=self._lock.held)
        self._adopt(content)

    async def close(self) -> None:
        """Finish the save that runs and give the folder back."""
        await self.settled()
        self.release()

    async def settled(self) -> None:
        """Return when no save runs or waits."""
        while self._writing is not None:
            await asyncio.wait((self._writing,))

    def release(self) -> None:
        """Give the folder back; only when no save runs (the kernel does it for a process that ends)."""
        self._lock.release()

    @property
    def locked_by(self) -> int | str | None:
        """The process that keeps us from writing, None when none does."""
        return self._refusal.parameters["pid"] if isinstance(self._refusal, FolderLocked) else None

    @property
    def is_writable(self) -> bool:
        return self._refusal is None and self._lock.held

    def require_writable(self) -> None:
        """Raises `FolderLocked` with the holder's PID, or `StorageFailed`, when nothing can be changed from here."""
        if self._refusal is not None:
            raise type(self._refusal)(**self._refusal.parameters)
        if not self._lock.held:
            raise StorageFailed(path=self._path, problem="the models folder is not open")

    def find(self, name: str, runtime: str | None = None) -> ModelMetadata:
        """Raises `UnknownModel`, or `AmbiguousName` when the name stands on several runtimes and none is given."""
        found = self._named(name, runtime)
        match found:
            case [model]:
                return model
            case []:
                raise UnknownModel(model_name=name)
            case _:
                raise AmbiguousName(model_name=name, runtimes=" and ".join(model.runtime for model in found))

    def __getitem__(self, key: ModelKey | str) -> ModelMetadata:
        """Raises `KeyError`, or `AmbiguousName` for a name on several runtimes."""
        if isinstance(key, ModelKey):
            return self._content.rows[key].model
        try:
            return self.find(key)
        except UnknownModel as error:
            raise KeyError(key) from error

    def __contains__(self, key: object) -> bool:
        if isinstance(key, str):
            return bool(self._named(key, None))
        return key in self._content.rows

    def __iter__(self) -> Iterator[ModelKey]:
        return iter(self._content.rows)

    def __len__(self) -> int:
        return len(self._content.rows)

    def models(self) -> tuple[ModelMetadata, ...]:
        """Every row; the first call after `open` reads them all, so make that one in a thread."""
        return tuple(row.model for row in self._content.rows.values())

    async def put(self, model: ModelMetadata) -> None:
        """Add a row or replace the one of the same key; on disk when this returns.

        Raises `InvalidName`, `FolderLocked`, `DiskFull`, `StorageFailed`; nothing has changed then.
        """
        key = key_for(model.name, model.runtime)
        row = self._file.row(model if model.key == key else replace(model, name=key.name))

        def change(rows: Rows) -> None:
            rows[key] = row

        await self._apply(change)

    async def remove(self, key: ModelKey) -> ModelMetadata:
        """Take the row out and return it. Raises as `put`, and `UnknownModel`."""

        def change(rows: Rows) -> ModelMetadata:
            if key not in rows:
                raise UnknownModel(model_name=key.name)
            return rows.pop(key).model

        return await self._apply(change)

    async def update(self, key: ModelKey, change: Callable[[ModelMetadata], ModelMetadata]) -> ModelMetadata:
        """Replace a row by what `change` makes of its latest state; no other change can get in between.

        Raises as `put`, and `UnknownModel`.
        """

        def apply(rows: Rows) -> ModelMetadata:
            if key not in rows:
                raise UnknownModel(model_name=key.name)
            changed = change(rows[key].model)
            rows[key] = self._file.row(changed)
            return changed

        return await self._apply(apply)

    async def upsert(self, model: ModelMetadata, change: Callable[[ModelMetadata], ModelMetadata]) -> ModelMetadata:
        """As `update`, beginning with `model` where its row does not stand here yet. Raises as `put`."""
        key = key_for(model.name, model.runtime)

        def apply(rows: Rows) -> ModelMetadata:
            changed = change(rows[key].model if key in rows else replace(model, name=key.name))
            rows[key] = self._file.row(changed)
            return changed

        return await self._apply(apply)

    async def _apply(self, change: Callable[[Rows], T]) -> T:
        """Changes made while a save runs are saved together in the next one."""
        self.require_writable()
        planned = dict(self._content.rows) if self._planned is None else self._planned
        result = change(planned)
        self._planned = planned
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(done)
        self._write_planned()
        await done
        return result

    def _write_planned(self) -> None:
        """A future and no task of a caller's: one that is cancelled must not cut off the save of the others."""
        if self._writing is not None or self._planned is None:
            return
        covered, self._waiting = self._waiting, []
        content = replace(self._content, rows=dict(self._planned))
        self._writing = asyncio.get_running_loop().run_in_executor(None, self._file.write, content)
        self._writing.add_done_callback(partial(self._settle, content, covered))

    def _settle(
        self, content: ManifestContent, covered: list[asyncio.Future[None]], written: asyncio.Future[None]
    ) -> None:
        self._writing = None
        error = written.exception()
        if error is None:
            self._adopt(content)
        else:
            # Later changes were made on top of those that failed.
            covered, self._waiting = [*covered, *self._waiting], []
        if not self._waiting:
            self._planned = None
        for done in covered:
            if done.done():
                continue
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)
        self._write_planned()
        if error is None:
            self.saved.publish(None)

    def _named(self, name: str, runtime: str | None) -> list[ModelMetadata]:
        runtimes = sorted(self._runtimes) if runtime is None else [runtime]
        keys = [ModelKey(name=own_name(name, place), runtime=place) for place in runtimes]
        return [self._content.rows[key].model for key in keys if key in self._content.rows]

    def _adopt(self, content: ManifestContent) -> None:
        self._content = content
        self.version += 1
        self._runtimes = frozenset({key.runtime for key in content.rows})


def own_name(name: str, runtime: str) -> str:
    """What a row that somebody asks for as `name` is called on this runtime."""
    try:
        return key_for(name, runtime).name
    except InvalidName:
        # No row is called so; the one who asks hears that it is unknown.
        return name
