"""The way of one install: check what is cheap, then describe, fetch, verify, and only then record."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from venom_desktop.core.catalog.base import CatalogEntry, Quantization
from venom_desktop.core.downloads.base import Downloader, DownloadPlan, FileToFetch
from venom_desktop.core.downloads.partial import part_path
from venom_desktop.core.errors import (
    AlreadyInstalled,
    NoUsableFile,
    OperationRunning,
    PickleOnly,
    UnknownModel,
    UnknownQuantization,
    UnreadableModelFile,
    UpstreamSlow,
)
from venom_desktop.core.files import resolve_under
from venom_desktop.core.operations.operation import ModelOperation, OperationType, Progress
from venom_desktop.core.operations.service import Kind, OperationService
from venom_desktop.core.registry.capabilities import read_capabilities
from venom_desktop.core.registry.deletion import delete_files
from venom_desktop.core.registry.install_plan import InstallPlan, make_plan, plan_from_payload
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import ModelMetadata, ModelProvider, ModelStatus
from venom_desktop.core.registry.names import check_name, parse_repository
from venom_desktop.core.registry.pairs import require_pair
from venom_desktop.core.registry.promised import PromisedSpace
from venom_desktop.core.registry.quota import StorageQuota

RUNTIMES = ("llama_cpp",)
"""Which runtimes take files that we fetch."""

FREE_SPACE_KEPT_BYTES = 256 * 10**6
"""Never fill a volume to the brim: this much stays free while a download runs."""

SPACE_CHECKED_EVERY_S = 20.0
DESCRIBED_WITHIN_S = 60.0


class Source(Protocol):
    """The catalog's half of an install."""

    async def details(self, model_name: str, *, refresh: bool = False) -> CatalogEntry: ...

    def resolve_url(self, repository: str, revision: str, file_name: str) -> str: ...

    @property
    def endpoint(self) -> str: ...


class InstallModels:
    """`require_runtime` raises when the profile forbids one; `choose` picks the quantization when the user named none.

    `token` yields the hub's key for one request.
    """

    def __init__(
        self,
        *,
        source: Source,
        downloader: Downloader,
        operations: OperationService,
        manifest: Manifest,
        inventory: Inventory,
        quota: StorageQuota,
        promised: PromisedSpace,
        models_dir: Path,
        require_runtime: Callable[[str], None],
        choose: Callable[[CatalogEntry], Awaitable[Quantization]],
        token: Callable[[], Awaitable[str | None]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._downloader = downloader
        self._operations = operations
        self._manifest = manifest
        self._inventory = inventory
        self._quota = quota
        self._promised = promised
        self._models_dir = models_dir
        self._require_runtime = require_runtime
        self._choose = choose
        self._token = token
        self._clock = clock
        operations.register(OperationType.INSTALL, Kind(work=self._install, discard=self._discard, can_pause=True))

    async def install(self, model_name: str, provider: ModelProvider, runtime: str) -> str:
        """Start an install and return its operation id.

        Raises `InvalidName`, `InvalidInput`, `UnknownRuntime`, `ProfileForbidsRuntime`, `AlreadyInstalled`,
        `OperationRunning`, `FolderLocked`; what only the source can tell fails the operation instead.
        """
        check_name(model_name)
        self._manifest.require_writable()
        require_pair(provider, runtime, offered=RUNTIMES)
        self._require_runtime(runtime)
        parse_repository(model_name)
        self._refuse_second(model_name, runtime)
        return await self._operations.start(
            OperationType.INSTALL,
            model_name,
            runtime=runtime,
            payload={"name": model_name, "provider": provider.value},
        )

    def _refuse_second(self, model_name: str, runtime: str) -> None:
        with contextlib.suppress(UnknownModel):
            found = self._inventory.find(model_name, runtime)
            if found.status is ModelStatus.INSTALLED and not found.checksum_differs:
                raise AlreadyInstalled(model_name=model_name, runtime=runtime)

    async def _install(self, operation: ModelOperation) -> AsyncGenerator[Progress, None]:
        self._manifest.require_writable()
        plan = plan_from_payload(operation.payload)
        if plan is None:
            yield Progress(message="Reading the file list")
            plan = await self._describe(str(operation.payload["name"]))
            self._refuse_twin(operation, plan)
            yield Progress(model_name=plan.model_name, total_bytes=plan.total_bytes, payload=plan.to_payload())
        try:
            async with contextlib.aclosing(self._fetched(plan, operation.operation_id)) as steps:
                async for step in steps:
                    yield step
        finally:
            self._promised.release(operation.operation_id)
        yield Progress(message="Recording")
        try:
            await self._record(plan, str(operation.runtime))
        except UnreadableModelFile:
            # It stands in no list, so nobody could ever free its space.
            await self._throw_away(plan)
            raise
        yield Progress(message="Verified and ready")

    async def _describe(self, model_name: str) -> InstallPlan:
        repository, label = parse_repository(model_name)
        entry = await self._patient_details(repository)
        if not entry.quantizations:
            raise PickleOnly(model_name=repository) if entry.only_pickle else NoUsableFile(model_name=repository)
        quantization = await self._choose(entry) if label is None else _named(entry, label)
        return make_plan(entry, quantization, models_dir=self._models_dir)

    async def _patient_details(self, repository: str) -> CatalogEntry:
        """A list must be there within 3 s; an install is better late than failed."""
        until = self._clock() + DESCRIBED_WITHIN_S
        while True:
            try:
                return await self._source.details(repository, refresh=True)
            except UpstreamSlow:
                if self._clock() >= until:
                    raise

    def _refuse_twin(self, operation: ModelOperation, plan: InstallPlan) -> None:
        """The full name may turn out to be one that is installed, or being installed, already."""
        runtime = str(operation.runtime)
        self._refuse_second(plan.model_name, runtime)
        twin = self._operations.running_on(plan.model_name, runtime)
        if twin is not None and twin.operation_id != operation.operation_id:
            raise OperationRunning(model_name=plan.model_name)

    async def _fetched(self, plan: InstallPlan, operation_id: str) -> AsyncGenerator[Progress, None]:
        """Fetch with the space promised, and look again at times: other programs fill disks too."""
        download = await self._download_plan(plan)
        await self._promise_space(download, operation_id)
        checked_at = self._clock()
        async with contextlib.aclosing(self._downloader.fetch(download)) as steps:
            async for step in steps:
                if self._clock() - checked_at >= SPACE_CHECKED_EVERY_S:
                    await self._promise_space(download, operation_id)
                    checked_at = self._clock()
                yield Progress(message=step.sentence, done_bytes=step.done_bytes, total_bytes=step.total_bytes)

    async def _promise_space(self, download: DownloadPlan, operation_id: str) -> None:
        missing = await asyncio.to_thread(_missing_bytes, download)
        await self._promised.promise(operation_id, missing, quota=self._quota, inventory=self._inventory)

    async def _download_plan(self, plan: InstallPlan) -> DownloadPlan:
        return DownloadPlan(
            files=tuple(
                FileToFetch(
                    url=self._source.resolve_url(plan.repository, plan.revision, file.remote),
                    target=resolve_under(self._models_dir, file.local),
                    size_bytes=file.size_bytes,
                    sha256=file.sha256,
                )
                for file in plan.all_files
            ),
            source="Hugging Face",
            token=await self._token() if plan.needs_token else None,
            token_host=self._source.endpoint,
            reserve_bytes=FREE_SPACE_KEPT_BYTES,
        )

    async def _record(self, plan: InstallPlan, runtime: str) -> None:
        first = resolve_under(self._models_dir, plan.files[0].local)
        projector = resolve_under(self._models_dir, plan.projector.local) if plan.projector else None
        capabilities = await asyncio.to_thread(read_capabilities, first, projector)
        now = datetime.now(UTC).astimezone()
        size_bytes = await asyncio.to_thread(self._size_on_disk, plan)
        model = ModelMetadata(
            name=plan.model_name,
            provider=ModelProvider.HUGGINGFACE,
            display_name=plan.display_name,
            runtime=runtime,
            size_bytes=size_bytes,
            size_gb=round(size_bytes / 10**9, 3),
            capabilities=replace(capabilities, quantization=capabilities.quantization or plan.quantization),
            local_path=first,
            files=tuple(file.local for file in plan.all_files),
            projector_path=projector,
            sha256=plan.files[0].sha256 if len(plan.files) == 1 else None,
            checksums={file.local: file.sha256 for file in plan.all_files if file.sha256},
            verified_at=now,
            installed_at=now,
            revision=plan.revision,
            license=plan.license,
        )
        await self._list(model)

    async def _list(self, model: ModelMetadata) -> None:
        """What comes to end the install while the list is written comes too late: a row without files must not be."""
        try:
            await self._manifest.put(model)
            await self._inventory.refresh()
        except asyncio.CancelledError:
            await self._manifest.settled()
            if self._manifest.get(model.key) != model:
                raise

    def _size_on_disk(self, plan: InstallPlan) -> int:
        return sum(resolve_under(self._models_dir, file.local).stat().st_size for file in plan.all_files)

    async def _discard(self, operation: ModelOperation) -> None:
        """Throw away what a cancelled install has fetched; an installed model's files are never touched."""
        plan = plan_from_payload(operation.payload)
        if plan is None or not self._manifest.is_writable:
            # What stands in a folder that another process has may be what that one is fetching.
            return
        await self._downloader.discard(await self._download_plan(plan))
        await self._throw_away(plan)

    async def _throw_away(self, plan: InstallPlan) -> None:
        kept = {file for model in self._inventory.snapshot.models for file in model.files}
        doomed = [file.local for file in plan.all_files if file.local not in kept]
        await asyncio.to_thread(delete_files, self._models_dir, doomed)
        await self._inventory.refresh()


def _missing_bytes(download: DownloadPlan) -> int | None:
    """What still has to be written, or None when the source did not tell a size."""
    missing = 0
    for file in download.files:
        if file.size_bytes is None:
            return None
        missing += file.size_bytes - _present_bytes(file)
    return missing


def _present_bytes(file: FileToFetch) -> int:
    for path in (file.target, part_path(file)):
        with contextlib.suppress(OSError):
            return path.stat().st_size
    return 0


def _named(entry: CatalogEntry, label: str) -> Quantization:
    quantizations = entry.quantizations or ()
    for quantization in quantizations:
        if quantization.label.casefold() == label.casefold():
            return quantization
    offered = ", ".join(quantization.label for quantization in quantizations)
    raise UnknownQuantization(model_name=entry.model_name, quantization=label, offered=offered)
