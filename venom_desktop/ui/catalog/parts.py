"""What the tabs that show models to install are built from, and the deciders they make of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from venom_desktop.core.catalog.base import CatalogEntry, DetailedCatalog
from venom_desktop.core.catalog.recommended import Recommendation, read_recommended
from venom_desktop.core.catalog.run_on import SettingsOf, SettingsOfModel, usual_settings
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
from venom_desktop.ui.catalog.in_view import InView
from venom_desktop.ui.catalog.run_with import RunWith
from venom_desktop.ui.catalog.selection import Selection, Starter

RUNTIME_STATE = "catalog.runtime"
"""The runtime chosen last, in the window's state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PanelParts:
    """What a details panel is built from.

    `load_settings` tells what a runtime takes for a model for which nobody chose anything, and what its loads taught,
    `settings_of_model` what it takes for this one (None: what it takes for any);
    `learned` is told when they taught something new.
    """

    catalogs: Mapping[ModelProvider, DetailedCatalog]
    registry: ModelRegistry
    runtimes: Mapping[str, Runtime]
    host: HostMonitor
    settings: SettingsStore
    model_settings: ModelSettingsStore
    vault: Vault
    ui_state: UiState
    load_settings: SettingsOf = field(default=usual_settings)
    settings_of_model: SettingsOfModel | None = None
    learned: Signal[None] = field(default_factory=Signal)


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogParts(PanelParts):
    """`recommended` may block: it reads the shipped list of first models."""

    search: CatalogSearch
    active: ActiveModelStore
    recommended: Callable[[], Sequence[Recommendation]] = lambda: read_recommended(resource("recommended.json"))


def make_run_with(parts: PanelParts) -> RunWith:
    return RunWith(
        tuple(dict.fromkeys((*parts.runtimes, *RUNTIMES))),
        profile=lambda: RuntimeProfile(parts.settings.snapshot.runtime_profile.value),
        inventory=lambda: parts.registry.inventory.snapshot,
        operations=lambda: parts.registry.operations.operations,
        remembered=lambda: parts.ui_state.get(RUNTIME_STATE),
        remember=lambda name: parts.ui_state.put(RUNTIME_STATE, name),
    )


def make_selection(parts: PanelParts, starter: Starter, run_with: RunWith) -> Selection:
    return Selection(
        parts.catalogs,
        starter,
        lambda: parts.host.last,
        run_with=run_with,
        settings=parts.load_settings,
        settings_of_model=parts.settings_of_model,
        stored_context=parts.model_settings.context_of,
    )


def make_in_view(parts: PanelParts, tell: Callable[[CatalogEntry], None], run_with: RunWith) -> InView:
    """`tell` takes the entries whose verdict is exact now."""
    return InView(parts.catalogs, tell, usual=run_with.usual, settings=parts.load_settings)
