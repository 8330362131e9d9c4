"""Builds every object bottom-up by plain calls; the only file that names concrete classes."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from venom_desktop.app.lifecycle import Lifecycle, Step
from venom_desktop.app.paths import Paths
from venom_desktop.core.catalog.base import CatalogEntry, Quantization
from venom_desktop.core.catalog.cache import DiskCache
from venom_desktop.core.catalog.hub_account import HubAccount
from venom_desktop.core.catalog.hugging_face import HuggingFaceCatalog
from venom_desktop.core.catalog.search import CatalogSearch
from venom_desktop.core.catalog.snapshot import read_bundled_rows
from venom_desktop.core.database import Database
from venom_desktop.core.downloads.client import DownloadWorker
from venom_desktop.core.errors import UnknownRuntime
from venom_desktop.core.governance.gate import Gate
from venom_desktop.core.host.monitor import HostMonitor
from venom_desktop.core.host.system import SystemSampler
from venom_desktop.core.http import Client, make_client, make_local_client
from venom_desktop.core.operations.history import OperationHistory
from venom_desktop.core.operations.service import OperationService
from venom_desktop.core.registry.activate import ActivateModel
from venom_desktop.core.registry.choice import best_quantization
from venom_desktop.core.registry.import_file import ImportFiles
from venom_desktop.core.registry.install import InstallModels
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import ModelKey, ModelProvider
from venom_desktop.core.registry.promised import PromisedSpace
from venom_desktop.core.registry.quota import StorageQuota
from venom_desktop.core.registry.registry import ModelRegistry, RegistryParts
from venom_desktop.core.registry.remove import RemoveModels
from venom_desktop.core.registry.verify import VerifyModels
from venom_desktop.core.resources import resource
from venom_desktop.core.runtimes.active import ActiveModelStore
from venom_desktop.core.runtimes.ask import Ask
from venom_desktop.core.runtimes.base import Runtime
from venom_desktop.core.runtimes.control.orphans import clean_up_orphans
from venom_desktop.core.runtimes.llama_cpp import LlamaCpp
from venom_desktop.core.runtimes.model_settings import ModelSettingsStore
from venom_desktop.core.runtimes.profiles import RuntimeProfile
from venom_desktop.core.secrets.base import HUGGING_FACE
from venom_desktop.core.secrets.environment_store import EnvironmentStore
from venom_desktop.core.secrets.keyring_store import KeyringStore
from venom_desktop.core.secrets.masking import Redactor
from venom_desktop.core.secrets.vault import Vault
from venom_desktop.core.services import Services
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.core.tasks import TaskScope

GIGABYTE = 10**9


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """What was built, and how it is started and stopped."""

    services: Services
    parts: RegistryParts
    account: HubAccount
    redactor: Redactor
    lifecycle: Lifecycle


def build(
    paths: Paths, environ: Mapping[str, str], *, redactor: Redactor, models_dir: Path | None = None
) -> Composition:
    """Everything without a window. Raises `InvalidSetting` for an environment that makes no sense.

    `models_dir` wins over the setting. Nothing runs and nothing is written before `lifecycle.start()`.
    """
    settings = SettingsStore(paths.settings_file, environ)
    vault = Vault(EnvironmentStore(environ), KeyringStore(), redactor)
    models = models_dir or settings.snapshot.models_dir or paths.models
    http = make_client()
    local_http = make_local_client()
    scope = TaskScope("services")
    database = Database(paths.data / "history.db")
    operations = OperationService(OperationHistory(database))
    manifest = Manifest(models)
    inventory = Inventory(manifest)
    promised = PromisedSpace()
    quota = StorageQuota(
        lambda: round(settings.snapshot.max_storage_gb * GIGABYTE),
        models,
        inventory=inventory,
        promised_bytes=promised.total,
    )
    sampler = SystemSampler()
    host = HostMonitor(scope, sampler.sample)
    token = vault.reader(HUGGING_FACE)
    hugging_face = HuggingFaceCatalog(
        http,
        endpoint=settings.snapshot.hf_endpoint,
        token=token,
        cache=DiskCache(paths.cache / "catalog"),
        bundled=lambda: read_bundled_rows(resource("catalog_snapshot.json"), ModelProvider.HUGGINGFACE),
    )
    llama_cpp = LlamaCpp(
        http=local_http,
        runtime_folder=paths.runtime,
        log_folder=paths.log,
        server_path=lambda: settings.snapshot.llama_server_path,
    )
    runtimes: dict[str, Runtime] = {llama_cpp.name: llama_cpp}
    gate = Gate()

    def require_runtime(name: str) -> None:
        RuntimeProfile(settings.snapshot.runtime_profile.value).require(name)

    def runtime_of(name: str) -> Runtime:
        require_runtime(name)
        if name not in runtimes:
            raise UnknownRuntime(runtime=name, known=", ".join(runtimes))
        return runtimes[name]

    async def choose(entry: CatalogEntry) -> Quantization:
        return best_quantization(entry, host.last or await sampler.sample())

    async def unload(key: ModelKey) -> None:
        runtime = runtimes.get(key.runtime)
        if runtime is not None and any(loaded.name == key.name for loaded in runtime.snapshot.loaded):
            await runtime.unload()

    ask = Ask(gate, runtime_of)
    active = ActiveModelStore(paths.data)
    model_settings = ModelSettingsStore(paths.config / "model-settings.json")
    parts = RegistryParts(
        catalogs={ModelProvider.HUGGINGFACE: hugging_face},
        manifest=manifest,
        inventory=inventory,
        operations=operations,
        quota=quota,
        installing=InstallModels(
            source=hugging_face,
            downloader=DownloadWorker(),
            operations=operations,
            manifest=manifest,
            inventory=inventory,
            quota=quota,
            promised=promised,
            models_dir=models,
            require_runtime=require_runtime,
            choose=choose,
            token=token,
        ),
        importing=ImportFiles(manifest=manifest, inventory=inventory, require_runtime=require_runtime),
        removing=RemoveModels(
            operations=operations,
            manifest=manifest,
            inventory=inventory,
            models_dir=models,
            active=lambda: active.snapshot.key,
            unload=unload,
        ),
        activating=ActivateModel(
            operations=operations,
            manifest=manifest,
            inventory=inventory,
            active=active,
            runtimes=runtimes,
            ask=ask,
            load_settings=model_settings.get,
            require_runtime=require_runtime,
        ),
        verifying=VerifyModels(operations=operations, manifest=manifest, inventory=inventory, models_dir=models),
    )
    registry = ModelRegistry(parts)
    services = Services(
        registry=registry,
        hugging_face=hugging_face,
        search=CatalogSearch([hugging_face]),
        runtimes=runtimes,
        active=active,
        ask=ask,
        gate=gate,
        model_settings=model_settings,
        host=host,
        settings=settings,
        vault=vault,
    )
    _keep_inventory_true(inventory, active, runtimes)
    return Composition(
        services=services,
        parts=parts,
        account=HubAccount(http, endpoint=lambda: settings.snapshot.hf_endpoint, token=token),
        redactor=redactor,
        lifecycle=_lifecycle(
            services,
            manifest,
            database,
            clients=(http, local_http),
            scope=scope,
            llama_cpp=llama_cpp,
            runtime_folder=paths.runtime,
        ),
    )


def _keep_inventory_true(inventory: Inventory, active: ActiveModelStore, runtimes: Mapping[str, Runtime]) -> None:
    """What is active and what is loaded shows in the inventory at once."""

    def tell_loaded(_: object) -> None:
        inventory.set_loaded(
            ModelKey(name=loaded.name, runtime=name)
            for name, runtime in runtimes.items()
            for loaded in runtime.snapshot.loaded
        )

    inventory.set_active(active.snapshot.key)
    active.changed.subscribe(lambda snapshot: inventory.set_active(snapshot.key))
    for runtime in runtimes.values():
        runtime.changed.subscribe(tell_loaded)


def _lifecycle(
    services: Services,
    manifest: Manifest,
    database: Database,
    *,
    clients: tuple[Client, ...],
    scope: TaskScope,
    llama_cpp: LlamaCpp,
    runtime_folder: Path,
) -> Lifecycle:
    async def open_manifest() -> None:
        await asyncio.to_thread(manifest.open)

    async def close_clients() -> None:
        for client in clients:
            await client.aclose()

    operations = services.registry.operations

    async def open_operations() -> None:
        await operations.open(settle=manifest.locked_by is None)

    return Lifecycle(
        Step(name="HTTP clients", stop=close_clients),
        Step(name="database", start=database.open, stop=database.close),
        Step(name="manifest", start=open_manifest, stop=manifest.close),
        Step(name="inventory", start=services.registry.inventory.refresh),
        Step(name="tasks", stop=scope.close),
        Step(name="catalog", stop=services.hugging_face.close),
        Step(name="catalog search", stop=services.search.close),
        Step(name="orphans of a crash", start=lambda: clean_up_orphans(runtime_folder)),
        Step(name="llama.cpp", stop=llama_cpp.close),
        Step(name="operations", start=open_operations, stop=operations.close),
    )
