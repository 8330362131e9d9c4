"""Builds what looks for models on this computer and takes them over."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from venom_desktop.app.paths import Paths
from venom_desktop.core.registry.discovery.places import Place, places
from venom_desktop.core.registry.discovery.service import OLLAMA, Discovery
from venom_desktop.core.registry.import_file import ImportFiles
from venom_desktop.core.registry.imports.memory import ImportMemory
from venom_desktop.core.registry.imports.service import ImportFinds
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.registry.stores import Stores
from venom_desktop.core.runtimes.profiles import RuntimeProfile
from venom_desktop.core.settings.store import SettingsStore


@dataclass(frozen=True, slots=True, kw_only=True)
class FindsParts:
    importing: ImportFiles
    discovery: Discovery
    imports: ImportFinds


def build_finds(
    paths: Paths,
    environ: Mapping[str, str],
    settings: SettingsStore,
    stores: Stores,
    *,
    active: Callable[[], ModelKey | None],
    unload: Callable[[ModelKey], Awaitable[None]],
) -> FindsParts:
    """Nothing is looked for before somebody asks."""

    def where() -> tuple[Place, ...]:
        ollama = stores.by_runtime.get(OLLAMA)
        return places(
            environ,
            models_dir=stores.manifest.models_dir,
            ollama_folder=ollama.snapshot.folder if ollama is not None else None,
            folders=settings.snapshot.model_folders,
        )

    importing = ImportFiles(
        manifest=stores.manifest, inventory=stores.inventory, require_runtime=stores.require_runtime
    )
    memory = ImportMemory(paths.data / "finds.json")
    discovery = Discovery(
        places=where,
        manifest=stores.manifest,
        inventory=stores.inventory,
        memory=memory,
        allows=lambda runtime: RuntimeProfile(settings.snapshot.runtime_profile.value).allows(runtime),
    )
    imports = ImportFinds(stores, discovery=discovery, importing=importing, memory=memory, active=active, unload=unload)
    _follow_settings(settings, discovery)
    return FindsParts(importing=importing, discovery=discovery, imports=imports)


def _follow_settings(settings: SettingsStore, discovery: Discovery) -> None:
    """Another profile offers other finds; other folders are looked through where the rest was already."""
    folders = settings.snapshot.model_folders

    def follow(_: object) -> None:
        nonlocal folders
        before, folders = folders, settings.snapshot.model_folders
        discovery.judge()
        if folders != before and discovery.snapshot.looked_at is not None:
            discovery.begin()

    settings.changed.subscribe(follow)
