"""One models folder with everything an install needs, over a hub on a real socket and the real download worker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.fakes.hub import HubServer
from venom_desktop.core.catalog.base import CatalogEntry, Quantization
from venom_desktop.core.catalog.cache import DiskCache
from venom_desktop.core.catalog.hugging_face import HuggingFaceCatalog
from venom_desktop.core.database import Database
from venom_desktop.core.downloads.client import DownloadWorker
from venom_desktop.core.downloads.job import TransferLimits
from venom_desktop.core.host.system import SystemSampler
from venom_desktop.core.http import make_client
from venom_desktop.core.operations.history import OperationHistory
from venom_desktop.core.operations.service import OperationService
from venom_desktop.core.registry.choice import best_quantization
from venom_desktop.core.registry.install import InstallModels
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.registry.promised import PromisedSpace
from venom_desktop.core.registry.quota import StorageQuota
from venom_desktop.core.registry.remove import RemoveModels
from venom_desktop.core.registry.verify import VerifyModels
from venom_desktop.core.runtimes.profiles import RuntimeProfile

QUICK = TransferLimits(stall_s=0.5, tries=2, first_wait_s=0.01, longest_wait_s=0.02, longest_told_wait_s=1.0)


@dataclass
class Home:
    """What a test turns: the token, the quota, the profile, which model is active, and what was unloaded."""

    models_dir: Path
    operations: OperationService
    manifest: Manifest
    inventory: Inventory
    installing: InstallModels
    removing: RemoveModels
    verifying: VerifyModels
    token: str | None = None
    token_asked: int = 0
    limit_bytes: int | None = None
    profile: RuntimeProfile = RuntimeProfile.LIGHT
    active: ModelKey | None = None
    unloaded: list[ModelKey] = field(default_factory=list)

    @property
    def files(self) -> set[str]:
        """Every file under the models folder that a user would call a model or a part of one."""
        found = (path for path in self.models_dir.rglob("*") if path.is_file())
        return {str(path.relative_to(self.models_dir)) for path in found if path.parent != self.models_dir}


@asynccontextmanager
async def open_home(folder: Path, hub: HubServer) -> AsyncIterator[Home]:
    """Opened over whatever an earlier one left in `folder`, as a restart would."""
    models_dir = folder / "models"
    database = Database(folder / "history.db")
    await database.open()
    manifest = Manifest(models_dir)
    manifest.open()
    inventory = Inventory(manifest)
    operations = OperationService(OperationHistory(database))
    promised = PromisedSpace()
    sampler = SystemSampler()

    async def token() -> str | None:
        home.token_asked += 1
        return home.token

    async def choose(entry: CatalogEntry) -> Quantization:
        return best_quantization(entry, sampler.sample_now())

    async def unload(key: ModelKey) -> None:
        home.unloaded.append(key)

    async with make_client() as http:
        catalog = HuggingFaceCatalog(
            http,
            endpoint=hub.url,
            token=token,
            cache=DiskCache(folder / "cache"),
            offers_vllm=lambda: home.profile is RuntimeProfile.FULL,
        )
        home = Home(
            models_dir=models_dir,
            operations=operations,
            manifest=manifest,
            inventory=inventory,
            installing=InstallModels(
                source=catalog,
                downloader=DownloadWorker(limits=QUICK),
                operations=operations,
                manifest=manifest,
                inventory=inventory,
                quota=StorageQuota(
                    lambda: home.limit_bytes, models_dir, inventory=inventory, promised_bytes=promised.total
                ),
                promised=promised,
                models_dir=models_dir,
                require_runtime=lambda runtime: home.profile.require(runtime),
                choose=choose,
                token=token,
            ),
            removing=RemoveModels(
                operations=operations,
                manifest=manifest,
                inventory=inventory,
                models_dir=models_dir,
                active=lambda: home.active,
                unload=unload,
            ),
            verifying=VerifyModels(
                operations=operations, manifest=manifest, inventory=inventory, models_dir=models_dir
            ),
        )
        await operations.open()
        try:
            yield home
        finally:
            await operations.close()
            await catalog.close()
            await manifest.close()
            await database.close()
