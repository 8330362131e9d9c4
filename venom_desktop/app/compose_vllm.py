"""Builds what belongs to vLLM: its program, its server, and what is set for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from venom_desktop.app.paths import Paths
from venom_desktop.core.catalog.fit import LONGEST_CONTEXT, LoadSettings
from venom_desktop.core.catalog.vllm_memory import Spread
from venom_desktop.core.host.base import Cards
from venom_desktop.core.http import Client
from venom_desktop.core.registry.model import ModelKey, ModelMetadata
from venom_desktop.core.runtimes.base import LoadSettings as Chosen
from venom_desktop.core.runtimes.base import RuntimeState
from venom_desktop.core.runtimes.live import Runtimes
from venom_desktop.core.runtimes.model_settings import ModelSettingsStore
from venom_desktop.core.runtimes.profiles import RuntimeProfile
from venom_desktop.core.runtimes.vllm import Vllm
from venom_desktop.core.runtimes.vllm_client import VllmClient
from venom_desktop.core.runtimes.vllm_command import API_KEY
from venom_desktop.core.runtimes.vllm_facts import NAME
from venom_desktop.core.runtimes.vllm_program import VllmProgram
from venom_desktop.core.runtimes.vllm_server import VllmServer
from venom_desktop.core.runtimes.vllm_settings import VllmOptions, VllmSettings, resolved
from venom_desktop.core.settings.schema import Settings
from venom_desktop.core.settings.store import SettingsStore

ALIVE = (RuntimeState.STARTING, RuntimeState.RUNNING, RuntimeState.STOPPING)


@dataclass(frozen=True, slots=True, kw_only=True)
class VllmParts:
    """`is_offered` says whether the profile of now allows it."""

    runtime: Vllm
    server: VllmServer
    program: VllmProgram
    settings: SettingsStore
    model_settings: ModelSettingsStore

    @property
    def is_offered(self) -> bool:
        return RuntimeProfile(self.settings.snapshot.runtime_profile.value).allows(NAME)

    def load_settings(self, key: ModelKey | None = None) -> LoadSettings:
        """What a start does with this model, or with one for which nobody chose anything."""
        options = options_of(self.settings.snapshot)
        of_model = VllmSettings() if key is None else self.model_settings.get_vllm(key)
        beside = Chosen() if key is None else self.model_settings.get(key)
        start = resolved(options, of_model, beside)
        return LoadSettings(
            runtime=NAME,
            context=start.max_model_len or LONGEST_CONTEXT,
            gpu_share=start.gpu_memory_utilization or options.gpu_memory_utilization,
            answers=start.max_num_seqs,
            spread=Spread(
                tensor_parallel=start.tensor_parallel or 1,
                pipeline_parallel=start.pipeline_parallel or 1,
                on_cluster=start.ray,
            ),
        )

    def look(self) -> None:
        """In the background, and only where the profile offers it."""
        if self.is_offered:
            self.runtime.look()

    def offer_in(self, runtimes: Runtimes) -> None:
        """Have it among `runtimes` while the profile allows it, and until it has stopped."""

        def keep(_: object) -> None:
            wanted = self.is_offered or self.runtime.snapshot.state in ALIVE
            if wanted and self.runtime.name not in runtimes:
                runtimes.add(self.runtime)
            elif not wanted:
                runtimes.remove(self.runtime.name)

        keep(None)
        self.settings.changed.subscribe(keep)
        self.runtime.changed.subscribe(keep)


def build_vllm(
    paths: Paths,
    environ: Mapping[str, str],
    *,
    settings: SettingsStore,
    model_settings: ModelSettingsStore,
    known: Callable[[ModelKey], ModelMetadata | None],
    local_http: Client,
    cards: Cards,
) -> VllmParts:
    """Nothing runs and nothing is written before the lifecycle starts it. `known` gives the row of a model."""

    def options() -> VllmOptions:
        return options_of(settings.snapshot)

    def settings_of(key: ModelKey) -> VllmSettings:
        return model_settings.get_vllm(key)

    program = VllmProgram(lambda: settings.snapshot.vllm_path, environ=environ)
    server = VllmServer(
        client=VllmClient(local_http),
        options=options,
        runtime_folder=paths.runtime,
        log_folder=paths.log,
        unit=lambda: settings.snapshot.vllm_systemd_unit,
        scope=lambda: settings.snapshot.vllm_systemd_scope,
        unit_folder=paths.config,
    )
    runtime = Vllm(
        http=local_http,
        server=server,
        program=program,
        options=options,
        settings_of=settings_of,
        foreign_key=lambda: environ.get(API_KEY) or None,
        cards=cards,
        known=known,
    )
    return VllmParts(runtime=runtime, server=server, program=program, settings=settings, model_settings=model_settings)


def options_of(settings: Settings) -> VllmOptions:
    return VllmOptions(
        host=settings.vllm_host,
        port=settings.vllm_port,
        gpu_memory_utilization=settings.vllm_gpu_memory_utilization,
        max_model_len=settings.vllm_max_model_len,
        max_num_seqs=settings.vllm_max_num_seqs,
        ray_address=settings.vllm_ray_address or None,
        model_path=settings.vllm_model_path,
    )
