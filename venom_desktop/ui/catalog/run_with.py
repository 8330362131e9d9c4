"""Which runtimes can run a model of the catalog here, which one is meant, and if it can be used now. No Qt in here."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Final, Protocol

from venom_desktop.core.catalog.base import SAFETENSORS_RUNTIME, CatalogEntry, Quantization
from venom_desktop.core.catalog.run_on import OLLAMA, runtime_of
from venom_desktop.core.errors import ProfileForbidsRuntime, ProgramMissing, VenomError
from venom_desktop.core.operations.operation import ModelOperation, OperationType
from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.registry.model import ModelProvider, ModelStatus
from venom_desktop.core.runtimes.base import RuntimeSnapshot
from venom_desktop.core.runtimes.profiles import RuntimeProfile
from venom_desktop.core.runtimes.state import RuntimeState

HUB_HOST: Final = "hf.co"
"""What Ollama calls the hub in a name; it fetches from there whatever mirror we read."""


class Readiness(Enum):
    """Whether a runtime could take a model now."""

    READY = "ready"
    STOPPED = "stopped"
    STARTING = "starting"
    MISSING = "missing"
    """Its program is not on this machine."""


class HasSnapshot(Protocol):
    """The part of a runtime that is looked at."""

    @property
    def snapshot(self) -> RuntimeSnapshot: ...


def readiness_of(runtime: HasSnapshot | None, *, needs_server: bool) -> Readiness:
    """A runtime whose server comes and goes with its model is always ready."""
    if runtime is None or not needs_server:
        return Readiness.READY
    snapshot = runtime.snapshot
    match snapshot.state:
        case RuntimeState.RUNNING:
            return Readiness.READY
        case RuntimeState.STARTING:
            return Readiness.STARTING
        case _:
            return Readiness.MISSING if isinstance(snapshot.error, ProgramMissing) else Readiness.STOPPED


def repository_name(entry: CatalogEntry, runtime: str) -> str:
    """What the runtime calls the repository: Ollama takes one of the hub as `hf.co/org/name`."""
    if runtime == OLLAMA and entry.provider is ModelProvider.HUGGINGFACE:
        return f"{HUB_HOST}/{entry.model_name}"
    return entry.model_name


def full_name(entry: CatalogEntry, quantization: Quantization, runtime: str) -> str:
    """The name an install of it gets: `org/name:Q4_K_M`, `gemma3:4b`, `hf.co/org/name:Q4_K_M`; `org/name` for vLLM."""
    if runtime == SAFETENSORS_RUNTIME:
        return entry.model_name
    return f"{repository_name(entry, runtime)}:{quantization.label}"


def keys_here(inventory: InventorySnapshot) -> frozenset[tuple[ModelProvider, str]]:
    """The rows of the catalog, by source and name, of which something is installed."""
    hub, host = ModelProvider.HUGGINGFACE, f"{HUB_HOST}/"
    names = {
        (model.runtime, model.name.rpartition(":")[0] or model.name)
        for model in inventory.models
        if model.status is ModelStatus.INSTALLED
    }
    return frozenset(
        (hub, name.removeprefix(host)) if runtime != OLLAMA or name.startswith(host) else (ModelProvider.OLLAMA, name)
        for runtime, name in names
    )


class RunWith:
    """The runtime somebody chose last comes first, except for a model that is here on another one already."""

    def __init__(
        self,
        known: Sequence[str],
        *,
        profile: Callable[[], RuntimeProfile],
        inventory: Callable[[], InventorySnapshot],
        operations: Callable[[], Iterable[ModelOperation]] = tuple,
        remembered: Callable[[], object] = lambda: None,
        remember: Callable[[str], object] = lambda name: None,
    ) -> None:
        self._known = tuple(known)
        self._profile = profile
        self._inventory = inventory
        self._operations = operations
        self._remembered = remembered
        self._remember = remember

    @property
    def preferred(self) -> tuple[str, ...]:
        """The runtimes that may be used, in the order in which a row is judged for them; empty leaves it to the row."""
        last = self._remembered()
        return tuple(name for name in self._allowed() if name == last)

    @property
    def runs_safetensors(self) -> bool:
        """Whether the runtimes offered here run different kinds of files."""
        return SAFETENSORS_RUNTIME in self._allowed()

    def offered(self, entry: CatalogEntry) -> tuple[str, ...]:
        """Those that can run it here, in the order the entry names them."""
        allowed = self._allowed()
        return tuple(name for name in entry.runtimes if name in allowed)

    def usual(self, entry: CatalogEntry) -> str:
        """The one a row is judged for."""
        return runtime_of(entry, (*self.preferred, *self.offered(entry)))

    def meant(self, entry: CatalogEntry) -> str | None:
        """The one that is chosen when the entry is opened; None when none may run it."""
        offered = self.offered(entry)
        if not offered:
            return None
        at_home = [name for name in offered if self.has(entry, name)]
        usual = self.usual(entry)
        return usual if usual in (at_home or offered) else (at_home or offered)[0]

    def has(self, entry: CatalogEntry, runtime: str) -> bool:
        """True when something of the entry is installed, or on its way, there."""
        begin = f"{repository_name(entry, runtime)}:"
        models = (model.name for model in self._inventory().models if model.runtime == runtime)
        coming = (
            operation.model_name
            for operation in self._operations()
            if operation.runtime == runtime
            and operation.operation_type is OperationType.INSTALL
            and not operation.status.is_final
        )
        return any(f"{name}:".startswith(begin) for name in (*models, *coming))

    def choose(self, runtime: str) -> None:
        """Remember what somebody chose by hand."""
        self._remember(runtime)

    def refusal(self, entry: CatalogEntry) -> VenomError | None:
        """Why nothing here may run it; None when something may, or when it is no question of being allowed."""
        profile = self._profile()
        forbidden = next((name for name in entry.runtimes if not profile.allows(name)), None)
        if forbidden is None or self.offered(entry):
            return None
        return ProfileForbidsRuntime(profile=profile.value, runtime=forbidden)

    def _allowed(self) -> tuple[str, ...]:
        profile = self._profile()
        return tuple(name for name in self._known if profile.allows(name))


def readiness_in(runtimes: Mapping[str, HasSnapshot], name: str | None) -> Readiness:
    """Ollama keeps its models in a server of its own, which has to run before it can take one."""
    return readiness_of(runtimes.get(name or ""), needs_server=name == OLLAMA)
