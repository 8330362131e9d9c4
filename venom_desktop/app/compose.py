"""Builds every object bottom-up by plain calls; the only file that names concrete classes."""

from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from venom_desktop.app.compose_finds import build_finds
from venom_desktop.app.compose_hub import build_hub
from venom_desktop.app.compose_llama_cpp import build_llama_cpp
from venom_desktop.app.compose_loads import build_measured_loads, build_settings_of_model
from venom_desktop.app.compose_ollama import OllamaParts, build_ollama
from venom_desktop.app.compose_order import keep_inventory_true, lifecycle_of
from venom_desktop.app.compose_vllm import VllmParts, build_vllm
from venom_desktop.app.compose_watch import build_crash_watch, build_profiles, build_state_check, pause_when_offline
from venom_desktop.app.lifecycle import Lifecycle
from venom_desktop.app.paths import Paths
from venom_desktop.core.catalog.base import CatalogEntry, DetailedCatalog, Quantization
from venom_desktop.core.catalog.cache import DiskCache
from venom_desktop.core.catalog.fit import LoadSettings
from venom_desktop.core.catalog.hub_account import HubAccount
from venom_desktop.core.catalog.search import CatalogSearch
from venom_desktop.core.catalog.trending import Trending
from venom_desktop.core.database import Database
from venom_desktop.core.downloads.client import DownloadWorker
from venom_desktop.core.errors import UnknownRuntime
from venom_desktop.core.governance.gate import Gate
from venom_desktop.core.host.monitor import HostMonitor
from venom_desktop.core.host.nvidia import Nvidia
from venom_desktop.core.host.system import SystemSampler
from venom_desktop.core.http import make_client, make_local_client
from venom_desktop.core.observability.loads import MeasuredLoads
from venom_desktop.core.offline import Offline
from venom_desktop.core.operations.history import OperationHistory
from venom_desktop.core.operations.service import OperationService
from venom_desktop.core.registry.activate import ActivateModel
from venom_desktop.core.registry.choice import best_quantization
from venom_desktop.core.registry.elsewhere import Elsewhere
from venom_desktop.core.registry.install import InstallModels
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import ModelKey, ModelProvider
from venom_desktop.core.registry.promised import PromisedSpace
from venom_desktop.core.registry.quota import StorageQuota
from venom_desktop.core.registry.registry import ModelRegistry, RegistryParts
from venom_desktop.core.registry.remove import RemoveModels
from venom_desktop.core.registry.store_memory import StoreMemory
from venom_desktop.core.registry.stored import StoredModels
from venom_desktop.core.registry.unloading import unload_one
from venom_desktop.core.registry.verify import VerifyModels
from venom_desktop.core.registry.workplace import Workplace
from venom_desktop.core.runtimes.active import ActiveModelStore
from venom_desktop.core.runtimes.ask import Ask
from venom_desktop.core.runtimes.base import Runtime
from venom_desktop.core.runtimes.live import Runtimes
from venom_desktop.core.runtimes.llama_cpp import LlamaCpp
from venom_desktop.core.runtimes.memory_return import MemoryReturn
from venom_desktop.core.runtimes.model_settings import ModelSettingsStore
from venom_desktop.core.runtimes.model_store import ModelStore
from venom_desktop.core.runtimes.profiles import LOCAL_RUNTIMES, RuntimeProfile
from venom_desktop.core.runtimes.remote_file import RemoteFile
from venom_desktop.core.runtimes.remotes import Remotes
from venom_desktop.core.secrets.base import HUGGING_FACE
from venom_desktop.core.secrets.environment_store import EnvironmentStore
from venom_desktop.core.secrets.keyring_store import KeyringStore
from venom_desktop.core.secrets.masking import Redactor
from venom_desktop.core.secrets.vault import Vault
from venom_desktop.core.services import Services
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.core.tasks import TaskScope


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """What was built, and how it is started and stopped."""

    services: Services
    parts: RegistryParts
    llama_cpp: LlamaCpp
    ollama: OllamaParts
    vllm: VllmParts
    graphics: Nvidia
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
    offline = Offline(lambda: settings.snapshot.offline)
    http = make_client(require=offline.require)
    local_http = make_local_client(require=offline.require)
    scope = TaskScope("services")
    database = Database(paths.data / "history.db")
    operations = OperationService(OperationHistory(database))
    downloader = DownloadWorker(offline=offline)
    cache = DiskCache(paths.cache / "catalog")
    ollama = build_ollama(
        paths,
        environ,
        settings=settings,
        http=http,
        local_http=local_http,
        cache=cache,
        operations=operations,
        downloader=downloader,
        scope=scope,
    )
    stores: dict[str, ModelStore] = {ollama.runtime.name: ollama.models}
    manifest = Manifest(models)
    memory = StoreMemory(paths.data / "stores.json")
    remotes = Remotes(RemoteFile(paths.config / "remotes.json"), vault, require=offline.require)
    inventory = Inventory(manifest, stores=(*stores.values(), *remotes.stores.values()), memory=memory)
    promised = PromisedSpace()
    quota = StorageQuota(
        lambda: round(settings.snapshot.max_storage_gb * 10**9),
        models,
        inventory=inventory,
        promised_bytes=promised.total,
    )
    graphics = Nvidia()
    sampler = SystemSampler(cards=graphics.cards)
    host = HostMonitor(scope, sampler.sample)
    token = vault.reader(HUGGING_FACE)
    hugging_face = build_hub(http, settings, token=token, cache=cache)
    llama_cpp = build_llama_cpp(paths, settings=settings, known=inventory.get, local_http=local_http)
    model_settings = ModelSettingsStore(paths.config / "model-settings.json")
    vllm = build_vllm(
        paths,
        environ,
        settings=settings,
        model_settings=model_settings,
        known=inventory.get,
        local_http=local_http,
        cards=graphics.cards,
    )
    runtimes = Runtimes(ollama.runtime, llama_cpp)
    vllm.offer_in(runtimes)
    for remote in remotes.all:
        runtimes.add(remote)
    gate = Gate(terms_of=remotes.terms_of)
    loads = MeasuredLoads(database)

    def require_runtime(name: str) -> None:
        RuntimeProfile(settings.snapshot.runtime_profile.value).require(name)

    def runtime_of(name: str) -> Runtime:
        require_runtime(name)
        if name not in runtimes:
            raise UnknownRuntime(runtime=name, known=", ".join(runtimes))
        return runtimes[name]

    def load_settings(runtime: str) -> LoadSettings:
        usual = vllm.load_settings() if runtime == vllm.runtime.name else ollama.load_settings(runtime)
        return replace(usual, lessons=loads.lessons(runtime))

    async def choose(entry: CatalogEntry, runtime: str) -> Quantization:
        return best_quantization(entry, host.last or await sampler.sample(), settings=load_settings(runtime))

    async def unload(key: ModelKey) -> None:
        runtime = runtimes.get(key.runtime)
        if runtime is not None and any(loaded.name == key.name for loaded in runtime.snapshot.loaded):
            await unload_one(runtime, key.name)

    async def follow(old: ModelKey, new: ModelKey) -> None:
        await model_settings.save(new, model_settings.get(old))

    ask = Ask(gate, runtime_of)
    active = ActiveModelStore(paths.data)
    catalogs: dict[ModelProvider, DetailedCatalog] = {
        ModelProvider.HUGGINGFACE: hugging_face,
        ModelProvider.OLLAMA: ollama.library,
    }
    place = Workplace(
        manifest=manifest,
        inventory=inventory,
        active=active,
        runtimes=runtimes,
        ask=ask,
        load_settings=model_settings.get,
        require_runtime=require_runtime,
        memory=MemoryReturn(graphics),
        stores=ChainMap(stores, remotes.stores),
        is_local=LOCAL_RUNTIMES.__contains__,
    )
    stored = StoredModels(
        stores,
        remote=ollama.registries,
        hub=hugging_face,
        choose=partial(choose, runtime=ollama.runtime.name),
        operations=operations,
        manifest=manifest,
        inventory=inventory,
        quota=quota,
        promised=promised,
        require_runtime=require_runtime,
        active=lambda: active.snapshot.key,
        unload=unload,
        follow=follow,
    )
    finds = build_finds(paths, environ, settings, stored.stores, active=lambda: active.snapshot.key, unload=unload)
    parts = RegistryParts(
        catalogs=catalogs,
        require_runtime=require_runtime,
        manifest=manifest,
        inventory=inventory,
        operations=operations,
        quota=quota,
        installing=InstallModels(
            source=hugging_face,
            downloader=downloader,
            operations=operations,
            manifest=manifest,
            inventory=inventory,
            quota=quota,
            promised=promised,
            models_dir=models,
            require_runtime=require_runtime,
            choose=partial(choose, runtime=llama_cpp.name),
            token=token,
        ),
        importing=finds.importing,
        discovery=finds.discovery,
        finds=finds.imports,
        removing=RemoveModels(
            operations=operations,
            manifest=manifest,
            inventory=inventory,
            models_dir=models,
            active=lambda: active.snapshot.key,
            unload=unload,
            stores=stores,
        ),
        activating=ActivateModel(place, operations=operations),
        verifying=VerifyModels(operations=operations, manifest=manifest, inventory=inventory, models_dir=models),
        stored=stored,
    )
    registry = ModelRegistry(parts)
    services = Services(
        registry=registry,
        hugging_face=hugging_face,
        catalogs=catalogs,
        search=CatalogSearch(tuple(catalogs.values()), settings=load_settings),
        trending=Trending(catalogs, settings=load_settings),
        load_settings=load_settings,
        settings_of_model=build_settings_of_model(load_settings, model_settings, vllm),
        loads=loads,
        runtimes=runtimes,
        active=active,
        crash_watch=build_crash_watch(
            registry, runtimes, active=active, settings=settings, require_runtime=require_runtime
        ),
        profiles=build_profiles(registry, runtimes, active=active, settings=settings),
        state_check=build_state_check(registry, runtimes, active=active, settings=settings),
        ask=ask,
        gate=gate,
        model_settings=model_settings,
        host=host,
        settings=settings,
        vault=vault,
        remotes=remotes,
    )
    keep_inventory_true(inventory, active, runtimes)
    pause_when_offline(registry, settings)
    remotes.appear_in(runtimes, Elsewhere(inventory, manifest, active=active, deactivate=registry.deactivate))
    return Composition(
        services=services,
        parts=parts,
        llama_cpp=llama_cpp,
        ollama=ollama,
        vllm=vllm,
        graphics=graphics,
        account=HubAccount(http, endpoint=lambda: settings.snapshot.hf_endpoint, token=token),
        redactor=redactor,
        lifecycle=lifecycle_of(
            services,
            manifest,
            database,
            clients=(http, local_http),
            scope=scope,
            ollama=ollama,
            llama_cpp=llama_cpp,
            vllm=vllm,
            measuring=build_measured_loads(
                loads, runtimes, inventory=inventory, model_settings=model_settings, ollama=ollama, graphics=graphics
            ),
            finds=finds,
            runtime_folder=paths.runtime,
        ),
    )
