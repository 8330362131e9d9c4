"""The line of filter chips, and the short form of it where the window is narrow."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QWidget

from venom_desktop.core.catalog.base import Ability
from venom_desktop.core.catalog.filters import CatalogFilters, Key
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.runtimes.profiles import LOCAL_RUNTIMES
from venom_desktop.ui.catalog.more_filters import Choices, Filter, MoreFilters, name_of
from venom_desktop.ui.catalog.words import ability_words, license_words, provider_words, runtime_words
from venom_desktop.ui.i18n import gigabytes, parameters, tr
from venom_desktop.ui.widgets import Chip, ElidedLabel, MenuChip, row

EVERYTHING: Final = 1 << 62
SIZES: Final = (
    (0, 2_000_000_000),
    (2_000_000_000, 5_000_000_000),
    (5_000_000_000, 10_000_000_000),
    (10_000_000_000, 20_000_000_000),
    (20_000_000_000, EVERYTHING),
)
"""Ranges of a download in bytes."""

QUANTIZATIONS: Final = ("Q2_K", "Q3_K_M", "Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0", "MXFP4", "F16", "BF16")
PARAMETERS: Final = tuple(
    (least * 10**9, most * 10**9) for least, most in ((0, 2), (2, 5), (5, 10), (10, 20), (20, 40), (40, EVERYTHING))
)
"""Ranges of a model's size in parameters, the upper end not in it."""
LICENSES: Final = ("apache-2.0", "mit", "gemma", "llama3.1", "llama3.2", "llama3.3", "cc-by-nc-4.0", "other")
_SHOWN_NARROW: Final = frozenset({"source"})
_SHOWN: Final = frozenset({"source", "ability", "size", "quantization", "license", "runtime"})
"""The filters with a chip of their own; the others stand in "Filters"."""

T = TypeVar("T")


class FilterBar(QWidget):
    """`changed` tells that a chip got another value; the values are None (or off) for "any"."""

    changed = QtSignal()

    def __init__(self, providers: Sequence[ModelProvider]) -> None:
        super().__init__()
        self.fits = Chip(tr("Fits here"))
        self._menus = _menus(providers)
        chips = {one.key: one.chip for one in self._menus}
        self.source, self.ability, self.download_size = chips["source"], chips["ability"], chips["size"]
        self.quantization, self.license, self.runtime = chips["quantization"], chips["license"], chips["runtime"]
        self.parameters, self.access, self.installed = chips["parameters"], chips["access"], chips["installed"]
        self._home: frozenset[Key] = frozenset()
        self._runtimes_differ = False
        self._narrow = False
        self.more = MoreFilters()
        self._reach = ElidedLabel("", "small", tone="text3")
        self._reach.setAlignment(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignTrailing)
        self.setLayout(row(self.fits, *chips.values(), self.more, (self._reach, 1), margins=(16, 10, 12, 10)))
        self.fits.toggled.connect(lambda _: self.changed.emit())
        for chip in chips.values():
            chip.chosen.connect(lambda _: self.more.show_count())
            chip.chosen.connect(lambda _: self.changed.emit())
        self.set_narrow(False)

    @property
    def filters(self) -> CatalogFilters:
        """What the chips say."""
        return CatalogFilters(
            fits_here=self.fits.isChecked(),
            providers=_only(self.source, ModelProvider),
            abilities=_only(self.ability, Ability),
            size_bytes=next((size for size in SIZES if size == self.download_size.value), None),
            quantizations=_only(self.quantization, str),
            licenses=_only(self.license, str),
            runtimes=_only(self.runtime, str),
            parameters=next((one for one in PARAMETERS if one == self.parameters.value), None),
            gated=_yes_or_no(self.access),
            installed=_yes_or_no(self.installed),
            home=self._home if self.installed.value is not None else frozenset(),
        )

    @property
    def name(self) -> str:
        """What is chosen, in words; "" when nothing is."""
        return name_of(self._menus, tr("Fits here") if self.fits.isChecked() else "")

    @property
    def is_on(self) -> bool:
        """True when any filter narrows the list."""
        return self.fits.isChecked() or any(one.chip.value is not None for one in self._menus)

    @property
    def reach(self) -> str:
        return self._reach.text()

    def clear(self) -> None:
        """Take every filter off; tells once."""
        self.take({})

    def kept(self) -> dict[str, object]:
        """What is chosen as plain JSON, to be taken again."""
        chosen = {one.key: _to_json(one.chip.value) for one in self._menus if one.chip.value is not None}
        return {**chosen, "fits": True} if self.fits.isChecked() else chosen

    def take(self, kept: Mapping[str, object]) -> None:
        """Choose what was kept, and nothing else; what this version does not offer is left out. Tells once."""
        before = self.kept()
        blocked = self.blockSignals(True)
        self.fits.setChecked(kept.get("fits") is True)
        for one in self._menus:
            wanted = kept.get(one.key)
            offered = one.chip is not self.runtime or self._runtimes_differ
            same = (value for value, _ in one.choices if _to_json(value) == wanted)
            one.chip.choose(next(same, None) if offered and wanted is not None else None)
        self.blockSignals(blocked)
        if self.kept() != before:
            self.changed.emit()

    def show_home(self, home: frozenset[Key]) -> None:
        """Take the models of which something is installed; tells when that changes what is filtered."""
        before, self._home = self._home, home
        if before != home and self.installed.value is not None:
            self.changed.emit()

    def tell_reach(self, text: str) -> None:
        """Say how many rows a filter was applied to, when the source could not answer it."""
        self._reach.setText(text)

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow
        offered = [one for one in self._menus if one.chip is not self.runtime or self._runtimes_differ]
        shown = _SHOWN_NARROW if narrow else _SHOWN
        for one in self._menus:
            one.chip.setVisible(one in offered and one.key in shown)
        self.more.show_filters([one for one in offered if one.key not in shown])

    def offer_runtimes(self, offered: bool) -> None:
        """Let the runtime be chosen where they run different models; where it is not offered, it filters nothing."""
        if offered == self._runtimes_differ:
            return
        self._runtimes_differ = offered
        self.set_narrow(self._narrow)
        if not offered:
            self.runtime.choose(None)


def _only(chip: MenuChip, kind: type[T]) -> frozenset[T]:
    return frozenset({chip.value} if isinstance(chip.value, kind) else ())


def _yes_or_no(chip: MenuChip) -> bool | None:
    return chip.value if isinstance(chip.value, bool) else None


def _to_json(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _menus(providers: Sequence[ModelProvider]) -> tuple[Filter, ...]:
    """Every filter, in the order of the line."""
    return (
        _filter("source", tr("Source"), [(one, provider_words(one)) for one in providers]),
        _filter("ability", tr("Can do"), [(one, ability_words(one)) for one in Ability]),
        _filter("size", tr("Size"), [(size, _size_words(*size)) for size in SIZES]),
        _filter("quantization", tr("Quantization"), [(one, one) for one in QUANTIZATIONS]),
        _filter("license", tr("Licence"), [(one, license_words(one)) for one in LICENSES]),
        _filter("runtime", tr("Run with"), [(one, runtime_words(one)) for one in LOCAL_RUNTIMES]),
        _filter("parameters", tr("Parameters"), [(one, _parameters_words(*one)) for one in PARAMETERS]),
        _filter("access", tr("Access"), [(False, tr("Open")), (True, tr("Gated"))]),
        _filter("installed", tr("Installed"), [(True, tr("Installed")), (False, tr("Not installed"))]),
    )


def _filter(key: str, title: str, choices: Choices) -> Filter:
    return Filter(key=key, title=title, chip=MenuChip(title, choices), choices=choices)


def _parameters_words(least: int, under: int) -> str:
    if least == 0:
        return tr("under {count}", count=parameters(under))
    if under >= EVERYTHING:
        return tr("{count} and more", count=parameters(least))
    return tr("{low} to {high}", low=parameters(least), high=parameters(under))


def _size_words(from_bytes: int, under_bytes: int) -> str:
    if under_bytes == EVERYTHING:
        return tr("{size} and more", size=gigabytes(from_bytes))
    if from_bytes == 0:
        return tr("up to {size}", size=gigabytes(under_bytes))
    return tr("{low} to {high}", low=gigabytes(from_bytes), high=gigabytes(under_bytes))
