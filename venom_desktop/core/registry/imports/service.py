"""Takes finds into the list: where they lie, or linked, moved or copied into the models folder; and gives them back."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from venom_desktop.core.errors import AlreadyInstalled, InvalidInput, ModelActive, OperationRunning, VenomError
from venom_desktop.core.import_errors import CannotUndo
from venom_desktop.core.operations.operation import ModelOperation, OperationType, Progress
from venom_desktop.core.operations.service import Kind
from venom_desktop.core.registry.discovery.found import FoundModel
from venom_desktop.core.registry.discovery.service import Discovery
from venom_desktop.core.registry.import_file import ImportFiles
from venom_desktop.core.registry.imports import plan
from venom_desktop.core.registry.imports.memory import ImportMemory
from venom_desktop.core.registry.imports.record import ImportRecord, Way, record_from_json
from venom_desktop.core.registry.imports.rows import row_in_place, row_of_record
from venom_desktop.core.registry.imports.transfer import Transfer
from venom_desktop.core.registry.imports.ways import Preview, previews
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.registry.names import free_name
from venom_desktop.core.registry.put_for_good import put_for_good
from venom_desktop.core.registry.stores import Stores


class ImportFinds:
    """`unload` takes a model out of memory, `active` is what answers now.

    A find stays whole whatever happens: what was half brought is taken back, after a crash at the next start.
    """

    def __init__(
        self,
        stores: Stores,
        *,
        discovery: Discovery,
        importing: ImportFiles,
        memory: ImportMemory,
        active: Callable[[], ModelKey | None],
        unload: Callable[[ModelKey], Awaitable[None]],
    ) -> None:
        self._stores = stores
        self._manifest = stores.manifest
        self._inventory = stores.inventory
        self._operations = stores.operations
        self._quota = stores.quota
        self._discovery = discovery
        self._importing = importing
        self._memory = memory
        self._active = active
        self._unload = unload
        self._transfers: dict[str, Transfer] = {}
        stores.operations.register(OperationType.IMPORT, Kind(work=self._work, discard=self._discard))

    async def previews(self, found_id: str) -> tuple[Preview, ...]:
        """What each way frees, needs and counts, and why one is closed. Raises `UnknownFind`, `FindGone`."""
        model = self._discovery.get(found_id)
        return await asyncio.to_thread(self._previews, model)

    async def use_in_place(self, found_id: str) -> ModelKey:
        """See `ImportFiles.import_find` for what it raises, beside `UnknownFind`."""
        return await self._importing.import_find(self._discovery.get(found_id))

    async def start(self, found_id: str, way: Way) -> str:
        """Begin to link, move or copy; returns the operation id.

        Raises `UnknownFind`, `FindGone`, why the way is closed, what the files themselves tell against them, and
        `ProfileForbidsRuntime`, `OperationRunning`, `FolderLocked`, `StorageFailed`.
        """
        self._manifest.require_writable()
        model = self._discovery.get(found_id)
        self._stores.require_runtime(model.runtime)
        chosen = next((one for one in await asyncio.to_thread(self._previews, model) if one.way is way), None)
        if chosen is None or way is Way.IN_PLACE:
            raise InvalidInput(problem=f"{model.title} is in the models folder already. Use it in place.")
        if chosen.problem is not None:
            raise chosen.problem
        name = self._free_name(model)
        await asyncio.to_thread(row_in_place, model, name)
        record = await asyncio.to_thread(plan.make_record, model, name, way, self._manifest.models_dir)
        return await self._operations.start(
            OperationType.IMPORT,
            name,
            runtime=model.runtime,
            payload={"record": record.to_json(), "counts_bytes": chosen.counts_bytes},
            total_bytes=chosen.needs_bytes or None,
        )

    def can_undo(self, key: ModelKey) -> bool:
        """Whether a row came here by an import that nothing yet speaks against undoing."""
        record = self._memory.import_of(key)
        return record is not None and record.done and key in self._manifest

    async def undo(self, model_name: str, runtime: str | None = None) -> str:
        """Begin to give a model back to where it was found; returns the operation id.

        Raises `UnknownModel`, `AmbiguousName`, `ModelActive`, `CannotUndo` and its kinds, `NotEnoughSpace`,
        `OperationRunning`, `FolderLocked`.
        """
        self._manifest.require_writable()
        model = self._inventory.find(model_name, runtime)
        record = self._undoable(model.key)
        back = await asyncio.to_thread(self._ready_to_go_back, record)
        return await self._operations.start(
            OperationType.IMPORT,
            model.name,
            runtime=model.runtime,
            payload={"record": record.to_json(), "undo": True},
            total_bytes=back.total_bytes or None,
        )

    async def recover(self) -> None:
        """Take back what a crash cut off, and forget imports whose rows are gone; where the folder is ours alone."""
        decisions = await self._memory.load()
        if not self._manifest.is_writable:
            return
        for record in decisions.imports:
            if record.key in self._manifest:
                if not record.done:
                    await self._finish(record)
                continue
            if record.done:
                await self._memory.forget(record.key)
            else:
                pieces = await asyncio.to_thread(plan.pieces_of, record, self._manifest.models_dir)
                await self._give_up(record, Transfer(pieces))

    def _previews(self, model: FoundModel) -> tuple[Preview, ...]:
        """With what space says about those that are open."""
        told = [store.snapshot.folder for store in self._inventory.stores.values()]
        counted = [folder for folder in told if folder is not None]
        found = previews(model, self._manifest.models_dir, counted=counted)
        return tuple(replace(one, problem=one.problem or self._space_problem(one)) for one in found)

    def _space_problem(self, preview: Preview) -> VenomError | None:
        if preview.way is Way.IN_PLACE:
            return None
        try:
            self._quota.require(preview.counts_bytes, written_bytes=preview.needs_bytes)
        except VenomError as error:
            return error
        return None

    def _free_name(self, model: FoundModel) -> str:
        """Raises `OperationRunning` when it is just being installed from elsewhere."""
        name = free_name(model.name, {row.name for row in self._manifest.models() if row.runtime == model.runtime})
        if self._operations.running_on(name, model.runtime) is not None:
            raise OperationRunning(model_name=name)
        return name

    def _work(self, operation: ModelOperation) -> AsyncGenerator[Progress, None]:
        return self._undo(operation) if operation.payload.get("undo") else self._import(operation)

    async def _import(self, operation: ModelOperation) -> AsyncGenerator[Progress, None]:
        self._manifest.require_writable()
        record = record_from_json(operation.payload["record"])
        if record.key in self._manifest:
            raise AlreadyInstalled(model_name=record.name, runtime=record.runtime)
        pieces = await asyncio.to_thread(plan.pieces_of, record, self._manifest.models_dir)
        transfer = self._transfers[operation.operation_id] = Transfer(pieces)
        try:
            await self._promise(operation, transfer)
            await self._memory.put(record)
            async with contextlib.aclosing(_steps(transfer)) as steps:
                async for step in steps:
                    yield step
            yield Progress(message="Recording", can_cancel=False)
            await put_for_good(
                self._manifest, await asyncio.to_thread(row_of_record, record, self._manifest.models_dir)
            )
        except VenomError:
            await self._give_up(record, transfer)
            raise
        finally:
            self._stores.promised.release(operation.operation_id)
        self._transfers.pop(operation.operation_id, None)
        await self._finish(record)
        yield Progress(message="Imported")

    async def _undo(self, operation: ModelOperation) -> AsyncGenerator[Progress, None]:
        self._manifest.require_writable()
        record = self._undoable(record_from_json(operation.payload["record"]).key)
        models_dir = self._manifest.models_dir
        transfer = await asyncio.to_thread(self._ready_to_go_back, record)
        self._transfers[operation.operation_id] = transfer
        yield Progress(message="Giving the files back", total_bytes=transfer.total_bytes or None)
        await self._unload(record.key)
        try:
            async with contextlib.aclosing(_steps(transfer)) as steps:
                async for step in steps:
                    yield step
            yield Progress(message="Giving the files back", can_cancel=False)
            await asyncio.to_thread(plan.put_links_back, record)
            await self._manifest.remove(record.key)
        except VenomError:
            await asyncio.to_thread(transfer.take_back)
            raise
        self._transfers.pop(operation.operation_id, None)
        await asyncio.to_thread(plan.leave_models_folder, record, transfer.pieces, models_dir)
        await self._memory.forget(record.key)
        await self._settle()
        yield Progress(message="Undone")

    async def _promise(self, operation: ModelOperation, transfer: Transfer) -> None:
        """What is written is held against other writers; a link and a rename only count."""
        if transfer.total_bytes:
            await self._stores.promised.promise(
                operation.operation_id, transfer.total_bytes, quota=self._quota, inventory=self._inventory
            )
        else:
            await self._quota.check(int(operation.payload["counts_bytes"]), written_bytes=0)

    async def _discard(self, operation: ModelOperation) -> None:
        """A cancelled import leaves nothing, and a cancelled undoing leaves the import."""
        transfer = self._transfers.pop(operation.operation_id, None)
        if transfer is None:
            return
        if operation.payload.get("undo"):
            await asyncio.to_thread(transfer.take_back)
        else:
            await self._give_up(record_from_json(operation.payload["record"]), transfer)

    async def _give_up(self, record: ImportRecord, transfer: Transfer) -> None:
        await asyncio.to_thread(transfer.take_back)
        await asyncio.to_thread(plan.clear_folder, record, self._manifest.models_dir)
        await self._memory.forget(record.key)
        await self._settle()

    async def _finish(self, record: ImportRecord) -> None:
        """The row is there; from here on nothing may make the import fail."""
        models_dir = self._manifest.models_dir
        pieces = await asyncio.to_thread(plan.pieces_of, record, models_dir)
        await asyncio.to_thread(plan.drop_what_moved, record, pieces)
        with contextlib.suppress(VenomError):
            # What cannot be noted is only not undone by us later on.
            await self._memory.put(await asyncio.to_thread(plan.finished, record, models_dir))
        await self._settle()

    async def _settle(self) -> None:
        await self._inventory.refresh()
        self._discovery.judge()
        self._discovery.begin()

    def _undoable(self, key: ModelKey) -> ImportRecord:
        """Raises `ModelActive`, `CannotUndo`."""
        if self._active() == key:
            raise ModelActive
        record = self._memory.import_of(key)
        if record is None or not record.done:
            raise CannotUndo(model_name=key.name)
        return record

    def _ready_to_go_back(self, record: ImportRecord) -> Transfer:
        """Blocks. Raises `CannotUndo` and its kinds, `UnknownModel`, `NotEnoughSpace`."""
        models_dir = self._manifest.models_dir
        plan.require_undoable(record, self._manifest.find(record.name, record.runtime), models_dir)
        transfer = Transfer(plan.pieces_back(record, models_dir) if record.way is Way.MOVE else ())
        if transfer.total_bytes:
            folder = Path(record.files[-1].source).parent
            self._quota.require(0, folder=folder, written_bytes=transfer.total_bytes)
        return transfer


async def _steps(transfer: Transfer) -> AsyncGenerator[Progress, None]:
    """Progress while the files are brought; it tells bytes only where some are written."""
    total = transfer.total_bytes or None
    while (piece := transfer.current) is not None:
        done = await asyncio.to_thread(transfer.advance)
        if piece.way is Way.COPY:
            yield Progress(message=f"Copying {piece.target.name}", done_bytes=done, total_bytes=total)
