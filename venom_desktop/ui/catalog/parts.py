"""What the Catalog tab is built from, and the deciders it makes of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from venom_desktop.core.catalog.base import DetailedCatalog
from venom_desktop.core.catalog.recommended import Recommendation, read_recommended
from venom_desktop.core.catalog.run_on import SettingsOf, usual_settings
from venom_desktop.core.catalog.search import CatalogSearch
from venom_desktop.core.host.monitor import HostMonitor
from venom_desktop.core.registry.install import RUNTIMES
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.registry.registry import ModelRegistry
from venom_desktop.core.resources import resource
from venom_desktop.core.runtimes.active import ActiveModelStore
from venom_desktop.core.runtimes.base import Runtime
from venom_desktop.core.runtimes.model_settings import ModelSettingsStore
from venom_desktop.core.runtimes.profiles import RuntimeProfile
from venom_desktop.core.secrets.vault import Vault
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.core.settings.ui_state import UiState
from venom_desktop.core.signals import Signal
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.catalog.in_view import InView
from venom_desktop.ui.catalog.run_with import RunWith
from venom_desktop.ui.catalog.selection import Selection

RUNTIME_STATE = "catalog.runtime"
"""The runtime chosen last, in the window's state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogParts:
    """`recommended` may block: it reads the shipped list of first models.

    `load_settings` tells what a runtime takes for a model for which nobody chose anything, and what its loads taught;
    `learned` is told when they taught something new.
    """

    search: CatalogSearch
    catalogs: Mapping[ModelProvider, DetailedCatalog]
    registry: ModelRegistry
    runtimes: Mapping[str, Runtime]
    active: ActiveModelStore
    host: HostMonitor
    settings: SettingsStore
    model_settings: ModelSettingsStore
    vault: Vault
    ui_state: UiState
    recommended: Callable[[], Sequence[Recommendation]] = lambda: read_recommended(resource("recommended.json"))
    load_settings: SettingsOf = field(default=usual_settings)
    learned: Signal[None] = field(default_factory=Signal)


def make_run_with(parts: CatalogParts) -> RunWith:
    return RunWith(
        tuple(dict.fromkeys((*parts.runtimes, *RUNTIMES))),
        profile=lambda: RuntimeProfile(parts.settings.snapshot.runtime_profile.value),
        inventory=lambda: parts.registry.inventory.snapshot,
        operations=lambda: parts.registry.operations.operations,
        remembered=lambda: parts.ui_state.get(RUNTIME_STATE),
        remember=lambda name: parts.ui_state.put(RUNTIME_STATE, name),
    )


def make_selection(parts: CatalogParts, bridge: Bridge, run_with: RunWith) -> Selection:
    return Selection(
        parts.catalogs,
        bridge,
        lambda: parts.host.last,
        run_with=run_with,
        settings=parts.load_settings,
        stored_context=lambda key: parts.model_settings.get(key).context,
    )


def make_in_view(parts: CatalogParts, run_with: RunWith) -> InView:
    return InView(
        parts.catalogs,
        lambda entry: parts.search.replace_entries([entry]),
        usual=run_with.usual,
        settings=parts.load_settings,
    )
