"""The way of one install: check what is cheap, then describe, fetch, verify, and only then record."""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

from venom_desktop.core.catalog.base import SAFETENSORS_RUNTIME, CatalogEntry, Quantization
from venom_desktop.core.catalog.vllm_architectures import known_architectures
from venom_desktop.core.downloads.base import Downloader, DownloadPlan, FileToFetch
from venom_desktop.core.downloads.partial import part_path
from venom_desktop.core.errors import (
    AlreadyInstalled,
    OperationRunning,
    UnknownModel,
    UnreadableModelFile,
    UnusableConfig,
)
from venom_desktop.core.files import resolve_under
from venom_desktop.core.operations.operation import ModelOperation, OperationType, Progress
from venom_desktop.core.operations.service import Kind, OperationService
from venom_desktop.core.registry.deletion import delete_files
from venom_desktop.core.registry.describe import Describe, Source, require_no_label
from venom_desktop.core.registry.install_plan import InstallPlan, plan_from_payload
from venom_desktop.core.registry.installed_row import installed_row
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import ModelMetadata, ModelProvider, ModelStatus
from venom_desktop.core.registry.names import check_name, parse_repository
from venom_desktop.core.registry.pairs import require_pair
from venom_desktop.core.registry.promised import PromisedSpace
from venom_desktop.core.registry.put_for_good import put_for_good
from venom_desktop.core.registry.quota import StorageQuota

RUNTIMES = ("llama_cpp", SAFETENSORS_RUNTIME)
"""Which runtimes take files that we fetch."""

FREE_SPACE_KEPT_BYTES = 256 * 10**6
"""Never fill a volume to the brim: this much stays free while a download runs."""

SPACE_CHECKED_EVERY_S = 20.0


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
        self._token = token
        self._clock = clock
        self._describe = Describe(source, models_dir=models_dir, choose=choose, clock=clock)
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
        repository, label = parse_repository(model_name)
        if runtime == SAFETENSORS_RUNTIME:
            require_no_label(repository, label)
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
            self._require_runtime(str(operation.runtime))
            plan = await self._describe.plan(str(operation.payload["name"]), str(operation.runtime))
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
        except (UnreadableModelFile, UnusableConfig):
            # It stands in no list, so nobody could ever free its space.
            await self._throw_away(plan)
            raise
        note = await asyncio.to_thread(_note, plan)
        yield Progress(message=f"Verified and ready. {note}" if note else "Verified and ready")

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
                    git_sha=file.git_sha,
                )
                for file in plan.all_files
            ),
            source="Hugging Face",
            token=await self._token() if plan.needs_token else None,
            token_host=self._source.endpoint,
            reserve_bytes=FREE_SPACE_KEPT_BYTES,
        )

    async def _record(self, plan: InstallPlan, runtime: str) -> None:
        await self._list(await asyncio.to_thread(installed_row, plan, runtime, models_dir=self._models_dir))

    async def _list(self, model: ModelMetadata) -> None:
        await put_for_good(self._manifest, model)
        with contextlib.suppress(asyncio.CancelledError):
            await self._inventory.refresh()

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


def _note(plan: InstallPlan) -> str | None:
    """What whoever installed it should know before the first start."""
    if not plan.is_folder:
        return None
    return known_architectures().note(plan.model_class, needs_own_code=plan.needs_own_code)


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
