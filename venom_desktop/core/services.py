"""Everything a front end can ask for, built once by `app/compose.py` and handed on piece by piece."""

from collections.abc import Mapping
from dataclasses import dataclass

from venom_desktop.core.catalog.base import DetailedCatalog
from venom_desktop.core.catalog.hugging_face import HuggingFaceCatalog
from venom_desktop.core.catalog.run_on import SettingsOf, SettingsOfModel
from venom_desktop.core.catalog.search import CatalogSearch
from venom_desktop.core.catalog.trending import Trending
from venom_desktop.core.governance.gate import Gate
from venom_desktop.core.host.monitor import HostMonitor
from venom_desktop.core.observability.loads import MeasuredLoads
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.registry.registry import ModelRegistry
from venom_desktop.core.runtimes.active import ActiveModelStore
from venom_desktop.core.runtimes.ask import Ask
from venom_desktop.core.runtimes.base import Runtime
from venom_desktop.core.runtimes.crash_watch import CrashWatch
from venom_desktop.core.runtimes.model_settings import ModelSettingsStore
from venom_desktop.core.runtimes.profile_change import ChangeProfile
from venom_desktop.core.runtimes.remotes import Remotes
from venom_desktop.core.runtimes.state_check import StateCheck
from venom_desktop.core.secrets.vault import Vault
from venom_desktop.core.settings.store import SettingsStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """One home's services; whoever built them starts and closes them."""

    registry: ModelRegistry
    hugging_face: HuggingFaceCatalog
    catalogs: Mapping[ModelProvider, DetailedCatalog]
    search: CatalogSearch
    trending: Trending
    load_settings: SettingsOf
    """How each runtime loads a model for which nobody chose anything, and what its loads taught."""
    settings_of_model: SettingsOfModel
    """How a model is loaded with what was chosen for it alone."""
    loads: MeasuredLoads
    runtimes: Mapping[str, Runtime]
    active: ActiveModelStore
    crash_watch: CrashWatch
    state_check: StateCheck
    profiles: ChangeProfile
    ask: Ask
    gate: Gate
    model_settings: ModelSettingsStore
    host: HostMonitor
    settings: SettingsStore
    vault: Vault
    remotes: Remotes
