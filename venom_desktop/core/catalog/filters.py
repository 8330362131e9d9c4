"""Filters and sorts the rows that are loaded, fast enough for every keystroke."""

from bisect import insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from venom_desktop.core.catalog.base import SAFETENSORS_RUNTIME, Ability, CatalogEntry, FitPlace, Sort
from venom_desktop.core.catalog.entry_fit import all_parameters, rough_size_range
from venom_desktop.core.catalog.snapshot import SORT_KEYS
from venom_desktop.core.registry.model import ModelProvider

Key = tuple[ModelProvider, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogFilters:
    """An empty set or None lets everything pass. A row whose value is unknown passes no filter on it.

    `size_bytes` is a range that the row's own range must touch; `quantizations` are labels in upper case. `parameters`
    is a range with its lower end, into which one of the row's models must fall. `installed` asks for what is in `home`
    (True) or not (False).
    """

    fits_here: bool = False
    providers: frozenset[ModelProvider] = frozenset()
    abilities: frozenset[Ability] = frozenset()
    size_bytes: tuple[int, int] | None = None
    quantizations: frozenset[str] = frozenset()
    licenses: frozenset[str] = frozenset()
    gated: bool | None = None
    runtimes: frozenset[str] = frozenset()
    parameters: tuple[int, int] | None = None
    installed: bool | None = None
    home: frozenset[Key] = frozenset()

    @property
    def wants_safetensors(self) -> bool:
        """True when only what vLLM runs is wanted, which is another list of the hub's."""
        return self.runtimes == {SAFETENSORS_RUNTIME}

    @property
    def is_local(self) -> bool:
        """True when something is filtered that no source can filter for us."""
        return self != CatalogFilters(providers=self.providers)


NO_FILTERS: Final = CatalogFilters()
_PLACES: Final = {place: rank for rank, place in enumerate(FitPlace)}


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """An entry with what filtering needs, worked out once when it is loaded."""

    entry: CatalogEntry
    key: str
    sizes: tuple[int, int] | None
    labels: frozenset[str]
    parameters: frozenset[int]

    @classmethod
    def of(cls, entry: CatalogEntry) -> "Row":
        return cls(
            entry,
            _key(entry),
            rough_size_range(entry),
            frozenset((choice.level or choice.label).upper() for choice in entry.quantizations or ()),
            all_parameters(entry),
        )

    def holds(self, text: str) -> bool:
        """True when every word of the text is in the row."""
        return all(word in self.key for word in text.lower().split())


def filtered(rows: Iterable[Row], filters: CatalogFilters) -> list[Row]:
    """The rows that pass every filter, in the order given."""
    found = list(rows)
    for passes in _tests(filters):
        found = [row for row in found if passes(row)]
    return found


def in_order(rows: Iterable[Row], sort: Sort) -> list[Row]:
    """The largest, latest or most wanted first; rows of which that is unknown last."""
    return sorted(rows, key=_place(sort))


def put_in_order(ordered: list[Row], others: Iterable[Row], sort: Sort) -> None:
    """A few more rows into a list that is in order, however long it is."""
    place = _place(sort)
    for row in others:
        insort(ordered, row, key=place)


def _place(sort: Sort) -> Callable[[Row], tuple[float, ...] | float]:
    if sort is Sort.SIZE:
        return lambda row: -row.sizes[1] if row.sizes else 1
    if sort is Sort.FIT:
        return _fit_place
    value = SORT_KEYS[sort]
    return lambda row: -value(row.entry)


def _fit_place(row: Row) -> tuple[float, ...]:
    """What runs fastest here first, and of that the largest, which is mostly the best; then what is not known."""
    fit = row.entry.fit
    return (len(FitPlace), 0) if fit is None else (_PLACES[fit.place], -fit.needed_bytes)


def _key(entry: CatalogEntry) -> str:
    """What is searched: names and plain tags, in lower case; languages and references would only find too much."""
    name, shown = entry.model_name.lower(), entry.display_name.lower()
    tags = [tag.lower() for tag in entry.tags if len(tag) > 2 and ":" not in tag and tag != "gguf"]
    words = [name, *([] if shown.replace(" ", "-") in name else [shown]), entry.architecture or "", *tags]
    if entry.provider is ModelProvider.OLLAMA:
        # Whoever knows "gemma3:4b" types it as it is pulled.
        words += [f"{name}:{choice.label.lower()}" for choice in entry.quantizations or ()]
    return " ".join(words)


def _tests(filters: CatalogFilters) -> Sequence[Callable[[Row], bool]]:
    tests: list[Callable[[Row], bool]] = []
    if filters.providers:
        tests.append(lambda row: row.entry.provider in filters.providers)
    if filters.fits_here:
        tests.append(lambda row: row.entry.fit is not None and row.entry.fit.place is not FitPlace.TOO_BIG)
    if filters.abilities:
        tests.append(lambda row: filters.abilities <= row.entry.abilities)
    if filters.size_bytes is not None:
        low, high = filters.size_bytes
        tests.append(lambda row: row.sizes is not None and row.sizes[0] <= high and low <= row.sizes[1])
    if filters.quantizations:
        tests.append(lambda row: not filters.quantizations.isdisjoint(row.labels))
    if filters.licenses:
        tests.append(lambda row: row.entry.license in filters.licenses)
    if filters.gated is not None:
        tests.append(lambda row: row.entry.gated is filters.gated)
    if filters.parameters is not None:
        least, most = filters.parameters
        tests.append(lambda row: any(least <= count < most for count in row.parameters))
    if filters.installed is not None:
        tests.append(lambda row: (row.entry.key in filters.home) is filters.installed)
    if filters.runtimes:
        tests.append(lambda row: not filters.runtimes.isdisjoint(row.entry.runtimes))
    return tests
