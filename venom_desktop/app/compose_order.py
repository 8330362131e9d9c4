"""In which order what was built starts and stops, and what is kept true meanwhile."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

from venom_desktop.app.compose_finds import FindsParts
from venom_desktop.app.compose_ollama import OllamaParts
from venom_desktop.app.compose_vllm import VllmParts
from venom_desktop.app.lifecycle import Lifecycle, Step
from venom_desktop.core.database import Database
from venom_desktop.core.http import Client
from venom_desktop.core.observability.measure import MeasureLoads
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.active import ActiveModelStore
from venom_desktop.core.runtimes.base import Runtime
from venom_desktop.core.runtimes.control.orphans import clean_up_orphans
from venom_desktop.core.runtimes.live import RuntimeNews
from venom_desktop.core.runtimes.llama_cpp import LlamaCpp
from venom_desktop.core.runtimes.profiles import RuntimeProfile
from venom_desktop.core.services import Services
from venom_desktop.core.tasks import TaskScope


def keep_inventory_true(inventory: Inventory, active: ActiveModelStore, runtimes: Mapping[str, Runtime]) -> None:
    """What is active and what is loaded shows in the inventory at once."""

    def tell_loaded(_: object) -> None:
        inventory.set_loaded(
            ModelKey(name=loaded.name, runtime=name)
            for name, runtime in runtimes.items()
            for loaded in runtime.snapshot.loaded
        )

    inventory.set_active(active.snapshot.key)
    active.changed.subscribe(lambda snapshot: inventory.set_active(snapshot.key))
    RuntimeNews(runtimes).subscribe(tell_loaded)


def lifecycle_of(
    services: Services,
    manifest: Manifest,
    database: Database,
    *,
    clients: tuple[Client, ...],
    scope: TaskScope,
    ollama: OllamaParts,
    llama_cpp: LlamaCpp,
    vllm: VllmParts,
    measuring: MeasureLoads,
    finds: FindsParts,
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

    async def open_inventory() -> None:
        await services.registry.inventory.refresh()

    async def first_look() -> None:
        """What was left running is ours again, and Ollama's active model answers where its server runs."""
        await llama_cpp.take_over()
        if vllm.is_offered:
            await vllm.runtime.refresh()
        await ollama.runtime.refresh()
        key = services.active.snapshot.key
        row = services.registry.inventory.get(key) if key is not None else None
        if row is not None and row.runtime == ollama.runtime.name:
            ollama.runtime.resume(row, services.model_settings.get(row.key))
        await services.registry.refresh_stores()
        services.state_check.begin()

    async def resume_remote() -> None:
        """The model of a server elsewhere that was active goes on answering; nobody is asked for that."""
        key = services.active.snapshot.key
        row = services.registry.inventory.get(key) if key is not None else None
        for remote in services.remotes.all if row is not None else ():
            if row is not None and remote.name == row.runtime:
                remote.resume(row)

    async def look_at_servers() -> None:
        """Not waited for: a server that hangs must not hold up the rest."""
        scope.start("first look", first_look())

    async def watch_for_crashes() -> None:
        services.crash_watch.start()

    async def look_at_vllm() -> None:
        """Again whenever a setting changes: it may be its path, its address or the profile."""
        services.settings.changed.subscribe(lambda _: vllm.look())
        vllm.look()

    async def measure_loads() -> None:
        await services.loads.open()
        measuring.start()

    async def end_orphans() -> None:
        """Those of a runtime that the profile offers are left to it, which takes them over."""
        profile = RuntimeProfile(services.settings.snapshot.runtime_profile.value)
        await clean_up_orphans(runtime_folder, leave=profile.local_runtimes)

    return Lifecycle(
        Step(name="HTTP clients", stop=close_clients),
        Step(name="database", start=database.open, stop=database.close),
        Step(name="manifest", start=open_manifest, stop=manifest.close),
        Step(name="inventory", start=open_inventory, stop=services.registry.inventory.aclose),
        # Before the operations open, which show what was cut off: here it is put back.
        Step(name="models on this computer", start=finds.imports.recover, stop=finds.discovery.close),
        Step(name="catalog", stop=services.hugging_face.close),
        Step(name="Ollama library", stop=ollama.library.close),
        Step(name="catalog search", stop=services.search.close),
        Step(name="trending", stop=services.trending.close),
        Step(name="orphans of a crash", start=end_orphans),
        Step(name="llama.cpp", stop=llama_cpp.close),
        Step(name="vLLM", stop=vllm.runtime.close),
        Step(name="Ollama", stop=ollama.runtime.close),
        Step(name="remote servers", start=resume_remote, stop=services.remotes.close),
        # After the operations, which may start some, and before the servers that these ask and start.
        Step(name="tasks", stop=scope.close),
        Step(name="operations", start=open_operations, stop=operations.close),
        Step(name="Ollama of our own", start=ollama.setup.open),
        Step(name="measured loads", start=measure_loads, stop=measuring.close),
        Step(name="first look at the servers", start=look_at_servers),
        # Before the servers end with the program: nothing is brought back then.
        Step(name="crash watch", start=watch_for_crashes, stop=services.crash_watch.close),
        Step(name="first look at vLLM", start=look_at_vllm),
    )
