"""Which rows the switcher shows for what is installed and what was typed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum, auto

from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.registry.model import ModelKey, ModelMetadata, ModelStatus
from venom_desktop.core.registry.names import is_remote
from venom_desktop.ui.i18n import ago, facts, gigabytes, tr

_NEVER = datetime.min.replace(tzinfo=UTC)
_RUNTIMES = {"llama_cpp": "llama.cpp", "ollama": "Ollama", "vllm": "vLLM"}


class RowKind(Enum):
    RUNTIME = auto()
    """A heading over its models."""
    MODEL = auto()
    UNLOAD = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchRow:
    """`model` is None in a heading; `active` is True for the one that answers."""

    kind: RowKind
    title: str
    detail: str = ""
    trailing: str = ""
    model: ModelMetadata | None = None
    active: bool = False

    @property
    def sentence(self) -> str:
        """For a screen reader."""
        return ", ".join(part for part in (self.title, self.detail, self._last) if part)

    @property
    def _last(self) -> str:
        if self.kind is RowKind.RUNTIME:
            return self.trailing
        return tr("active") if self.active else ""


def switch_rows(
    inventory: InventorySnapshot, text: str, *, allows: Callable[[str], bool] = lambda runtime: True
) -> tuple[SwitchRow, ...]:
    """Runtimes with their models, what was used last on top; then what can be unloaded. `text` narrows by words.

    A runtime that is not allowed has no row.
    """
    words = text.casefold().split()
    usable = [
        model
        for model in inventory.models
        if model.status is ModelStatus.INSTALLED and _matches(model, words, inventory)
    ]
    usable = [model for model in usable if allows(model.runtime)]
    usable.sort(key=_last_used, reverse=True)
    rows: list[SwitchRow] = []
    for runtime in dict.fromkeys(model.runtime for model in usable):
        title = runtime_title(runtime, inventory)
        rows.append(SwitchRow(kind=RowKind.RUNTIME, title=title, trailing=_beside(inventory, runtime)))
        rows += [_row(model, inventory.active) for model in usable if model.runtime == runtime]
    return (*rows, *_unload(inventory, words))


def first_choice(rows: tuple[SwitchRow, ...]) -> int:
    """Where the selection stands at first: on the model used last that does not answer now; -1 without any row."""
    places = [place for place, row in enumerate(rows) if row.kind is not RowKind.RUNTIME]
    others = [place for place in places if rows[place].kind is RowKind.MODEL and not rows[place].active]
    return next(iter(others or places), -1)


def next_choice(rows: tuple[SwitchRow, ...], current: int, step: int) -> int:
    """The row that an arrow key leads to; headings are passed over and the ends hold."""
    place = current + step
    while 0 <= place < len(rows):
        if rows[place].kind is not RowKind.RUNTIME:
            return place
        place += step
    return current


def runtime_title(runtime: str, inventory: InventorySnapshot) -> str:
    """What the user calls a server elsewhere."""
    store = inventory.stores.get(runtime)
    told = None if store is None else store.title
    return told or _RUNTIMES.get(runtime, runtime)


def _beside(inventory: InventorySnapshot, runtime: str) -> str:
    """What an activation does first, where the server that keeps the models does not answer."""
    store = inventory.stores.get(runtime)
    if store is None or store.reachable:
        return ""
    return tr("Did not answer yet") if is_remote(runtime) else tr("Not running, is started first")


def _row(model: ModelMetadata, active: ModelKey | None) -> SwitchRow:
    used = tr("used {when}", when=ago(model.last_used_at)) if model.last_used_at else tr("never used")
    return SwitchRow(
        kind=RowKind.MODEL,
        title=model.display_name,
        detail=facts(model.capabilities.quantization, used),
        trailing=gigabytes(model.size_bytes),
        model=model,
        active=model.key == active,
    )


def _unload(inventory: InventorySnapshot, words: list[str]) -> tuple[SwitchRow, ...]:
    model = next((model for model in inventory.models if model.key == inventory.active), None)
    if model is None or (words and not _matches(model, words, inventory)):
        return ()
    title = tr("Unload {name}", name=model.display_name)
    return (SwitchRow(kind=RowKind.UNLOAD, title=title, detail=tr("frees its memory"), model=model),)


def _matches(model: ModelMetadata, words: list[str], inventory: InventorySnapshot) -> bool:
    searched = f"{model.display_name} {model.name} {runtime_title(model.runtime, inventory)}".casefold()
    return all(word in searched for word in words)


def _last_used(model: ModelMetadata) -> datetime:
    return model.last_used_at or _NEVER
