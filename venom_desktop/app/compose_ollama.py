"""Builds what belongs to Ollama: its server and the models in it, its library and registries, a program of our own."""

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from venom_desktop.app.paths import Paths
from venom_desktop.core.catalog.cache import DiskCache
from venom_desktop.core.catalog.fit import LoadSettings
from venom_desktop.core.catalog.kv_cache import KvType
from venom_desktop.core.catalog.ollama_library import OllamaLibrary
from venom_desktop.core.catalog.ollama_registry import OllamaRegistries
from venom_desktop.core.catalog.run_on import OLLAMA, SettingsOf, usual_settings
from venom_desktop.core.catalog.snapshot import read_bundled_rows
from venom_desktop.core.downloads.base import Downloader
from venom_desktop.core.errors import VenomError
from venom_desktop.core.http import Client
from venom_desktop.core.operations.service import OperationService
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.resources import resource
from venom_desktop.core.runtimes.base import RuntimeState
from venom_desktop.core.runtimes.ollama import Ollama
from venom_desktop.core.runtimes.ollama_client import OllamaClient
from venom_desktop.core.runtimes.ollama_models import OllamaModels, folder_of
from venom_desktop.core.runtimes.ollama_program import OllamaProgram
from venom_desktop.core.runtimes.ollama_server import OllamaServer
from venom_desktop.core.runtimes.ollama_setup.installation import OllamaSetup
from venom_desktop.core.runtimes.ollama_setup.releases import ReleasePage
from venom_desktop.core.runtimes.tuning import Tuning
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.core.tasks import TaskScope

SMALL_CONTEXT = 4096
"""What a server takes where nobody says anything and the machine has less than 24 GiB of graphics memory (0.16)."""
KEEP_ALIVE = "5m"
"""A server's own, where nobody says anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OllamaParts:
    """`program` finds the executable, `setup` brings one of ours; `load_settings` is how each runtime loads a model."""

    runtime: Ollama
    server: OllamaServer
    models: OllamaModels
    library: OllamaLibrary
    registries: OllamaRegistries
    tuning: Tuning
    program: OllamaProgram
    setup: OllamaSetup
    load_settings: SettingsOf

    @property
    def server_environment(self) -> Mapping[str, str] | None:
        """What the running server was given; None while none runs, or where that is unknown."""
        seen = self.server.seen
        return None if seen is None or seen.control is None else seen.environment


def build_ollama(
    paths: Paths,
    environ: Mapping[str, str],
    *,
    settings: SettingsStore,
    http: Client,
    local_http: Client,
    cache: DiskCache,
    operations: OperationService,
    downloader: Downloader,
    scope: TaskScope,
) -> OllamaParts:
    """Nothing runs and nothing is written before the lifecycle starts it. `scope` is for work nobody waits for."""

    async def start() -> None:
        """After its program came; one that runs already is left as it is. Why it does not start, its card says."""
        with contextlib.suppress(VenomError):
            if (await runtime.refresh()).state is not RuntimeState.RUNNING:
                await runtime.start()

    def start_it(_: Path) -> None:
        scope.start("start Ollama", start())

    client = OllamaClient(local_http, lambda: settings.snapshot.ollama_endpoint)
    tuning = Tuning(
        environ,
        lambda: settings.snapshot.ollama_profile.value,
        lambda: dict(settings.snapshot.ollama_variables),
        endpoint=lambda: settings.snapshot.ollama_endpoint,
    )
    setup = OllamaSetup(
        releases=ReleasePage(http, url=lambda: settings.snapshot.ollama_releases_url),
        downloader=downloader,
        folder=paths.programs / "ollama",
        operations=operations,
        on_installed=start_it,
        running_program=lambda: server.seen.program if server.seen is not None else None,
    )
    program = OllamaProgram(lambda: settings.snapshot.ollama_path, lambda: setup.program, environ=environ)
    server = OllamaServer(
        program=program.path,
        environment=tuning.environment,
        endpoint=lambda: settings.snapshot.ollama_endpoint,
        answers=_answers(client),
        runtime_folder=paths.runtime,
        log_folder=paths.log,
        unit=lambda: settings.snapshot.ollama_systemd_unit,
        scope=lambda: settings.snapshot.ollama_systemd_scope,
    )
    models = OllamaModels(
        client,
        folder=folder_of(server, tuning.environment),
        is_here=lambda: server.seen is None or server.seen.is_local,
    )
    registries = OllamaRegistries(
        http,
        registry=lambda: settings.snapshot.ollama_registry_url,
        hugging_face=lambda: settings.snapshot.hf_endpoint,
        cache=cache,
    )
    library = OllamaLibrary(
        http,
        registries=registries,
        cache=cache,
        endpoint=lambda: settings.snapshot.ollama_library_url,
        bundled=lambda: read_bundled_rows(resource("catalog_snapshot.json"), ModelProvider.OLLAMA),
    )
    runtime = Ollama(
        server=server,
        client=client,
        models=models,
        program=program.path,
        default_keep_alive=lambda: tuning.environment().get("OLLAMA_KEEP_ALIVE", KEEP_ALIVE),
    )
    return OllamaParts(
        runtime=runtime,
        server=server,
        models=models,
        library=library,
        registries=registries,
        tuning=tuning,
        program=program,
        setup=setup,
        load_settings=_LoadSettings(settings, server, tuning),
    )


def _answers(client: OllamaClient) -> Callable[[], Awaitable[bool]]:
    async def answers() -> bool:
        try:
            await client.version()
        except VenomError:
            return False
        return True

    return answers


class _LoadSettings:
    """Ollama loads by the variables of its server; they are read once for each state of server and settings."""

    def __init__(self, settings: SettingsStore, server: OllamaServer, tuning: Tuning) -> None:
        self._settings = settings
        self._server = server
        self._tuning = tuning
        self._known: tuple[object, object, LoadSettings] | None = None

    def __call__(self, runtime: str) -> LoadSettings:
        if runtime != OLLAMA:
            return usual_settings(runtime)
        chosen, seen = self._settings.snapshot, self._server.seen
        if self._known is None or self._known[0] is not chosen or self._known[1] is not seen:
            running = None if seen is None or seen.control is None else seen.environment
            self._known = (chosen, seen, load_settings(self._tuning.environment() if running is None else running))
        return self._known[2]


def load_settings(variables: Mapping[str, str]) -> LoadSettings:
    """What a server with these variables does with a model for which nobody chose anything."""
    kv_type = variables.get("OLLAMA_KV_CACHE_TYPE", "")
    return LoadSettings(
        context=_whole(variables, "OLLAMA_CONTEXT_LENGTH") or SMALL_CONTEXT,
        kv_type=KvType(kv_type) if kv_type in set(KvType) else KvType.F16,
        parallel=_whole(variables, "OLLAMA_NUM_PARALLEL") or 1,
        runtime=OLLAMA,
    )


def _whole(variables: Mapping[str, str], name: str) -> int:
    """0 for what is not told or no number."""
    text = variables.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
