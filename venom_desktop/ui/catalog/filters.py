"""The line of filter chips, and the short form of it where the window is narrow."""

from collections.abc import Sequence
from typing import Final, TypeVar

from PySide6.QtCore import Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QWidget

from venom_desktop.core.catalog.base import Ability
from venom_desktop.core.catalog.filters import CatalogFilters
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.runtimes.profiles import LOCAL_RUNTIMES
from venom_desktop.ui import icons
from venom_desktop.ui.catalog.words import ability_words, license_words, provider_words, runtime_words
from venom_desktop.ui.i18n import gigabytes, tr
from venom_desktop.ui.widgets import Chip, ElidedLabel, Menu, MenuChip, row

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
LICENSES: Final = ("apache-2.0", "mit", "gemma", "llama3.1", "llama3.2", "llama3.3", "cc-by-nc-4.0", "other")
_ALWAYS_SHOWN: Final = 1
"""Menu chips that stay where the window is narrow; the others go into "Filters"."""

T = TypeVar("T")
Choices = Sequence[tuple[object, str]]


class FilterBar(QWidget):
    """`changed` tells that a chip got another value; the values are None (or off) for "any"."""

    changed = QtSignal()

    def __init__(self, providers: Sequence[ModelProvider]) -> None:
        super().__init__()
        self.fits = Chip(tr("Fits here"))
        self.source, sources = _chip(tr("Source"), [(one, provider_words(one)) for one in providers])
        self.ability, abilities = _chip(tr("Can do"), [(one, ability_words(one)) for one in Ability])
        self.download_size, sizes = _chip(tr("Size"), [(size, _size_words(*size)) for size in SIZES])
        self.quantization, labels = _chip(tr("Quantization"), [(one, one) for one in QUANTIZATIONS])
        self.license, licenses = _chip(tr("Licence"), [(one, license_words(one)) for one in LICENSES])
        self.runtime, runtimes = _chip(tr("Run with"), [(one, runtime_words(one)) for one in LOCAL_RUNTIMES])
        self._runtimes_differ = False
        self._narrow = False
        self._menus: tuple[tuple[str, MenuChip, Choices], ...] = (
            (tr("Source"), self.source, sources),
            (tr("Can do"), self.ability, abilities),
            (tr("Size"), self.download_size, sizes),
            (tr("Quantization"), self.quantization, labels),
            (tr("Licence"), self.license, licenses),
            (tr("Run with"), self.runtime, runtimes),
        )
        self.more = MoreFilters(self._menus[_ALWAYS_SHOWN:])
        self.more.hide_filter(self.runtime)
        self._reach = ElidedLabel("", "small", tone="text3")
        self._reach.setAlignment(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignTrailing)
        chips = [chip for _, chip, _ in self._menus]
        self.setLayout(row(self.fits, *chips, self.more, (self._reach, 1), margins=(16, 10, 12, 10)))
        self.fits.toggled.connect(lambda _: self.changed.emit())
        for chip in chips:
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
        )

    @property
    def is_on(self) -> bool:
        """True when any filter narrows the list."""
        return self.fits.isChecked() or any(chip.value is not None for _, chip, _ in self._menus)

    @property
    def reach(self) -> str:
        return self._reach.text()

    def clear(self) -> None:
        """Take every filter off; tells once."""
        was_on = self.is_on
        blocked = self.blockSignals(True)
        self.fits.setChecked(False)
        for _, chip, _ in self._menus:
            chip.choose(None)
        self.blockSignals(blocked)
        if was_on:
            self.changed.emit()

    def tell_reach(self, text: str) -> None:
        """Say how many rows a filter was applied to, when the source could not answer it."""
        self._reach.setText(text)

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow
        for _, chip, _ in self._menus[_ALWAYS_SHOWN:]:
            chip.setVisible(not narrow and (chip is not self.runtime or self._runtimes_differ))
        self.more.setVisible(narrow)

    def offer_runtimes(self, offered: bool) -> None:
        """Let the runtime be chosen where they run different models; where it is not offered, it filters nothing."""
        if offered == self._runtimes_differ:
            return
        self._runtimes_differ = offered
        self.more.hide_filter(None if offered else self.runtime)
        self.set_narrow(self._narrow)
        if not offered:
            self.runtime.choose(None)


class MoreFilters(MenuChip):
    """One chip for the filters that have no room: a menu with a menu for each."""

    def __init__(self, filters: Sequence[tuple[str, MenuChip, Choices]]) -> None:
        super().__init__(tr("Filters"))
        self._filters = tuple(filters)
        self._hidden: MenuChip | None = None
        for _, chip, _ in self._filters:
            chip.chosen.connect(lambda _: self._show_count())
        self._show_count()

    def hide_filter(self, chip: MenuChip | None) -> None:
        """Leave one of the filters out; None has them all."""
        self._hidden = chip

    def menu_now(self) -> Menu:
        """The menu with a check mark at every chosen value."""
        menu = Menu(self)
        for title, chip, choices in self._filters:
            if chip is self._hidden:
                continue
            inner = Menu(menu)
            inner.setTitle(title)
            for value, words in ((None, tr("Any")), *choices):
                action = inner.addAction(words)
                action.setCheckable(True)
                action.setChecked(chip.value == value)
                action.triggered.connect(lambda _=False, chip=chip, value=value: chip.choose(value))
            menu.addMenu(inner)
        return menu

    def _open(self) -> None:
        self._show_count()
        menu = self.menu_now()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.mapToGlobal(self.rect().bottomLeft()))

    def _show_count(self) -> None:
        count = sum(chip.value is not None for _, chip, _ in self._filters)
        text = tr("Filters: {count}", count=count) if count else tr("Filters")
        self.setText(text)
        self.setAccessibleName(text)
        self.setChecked(count > 0)
        self.setIcon(icons.icon("down", "accent_text" if count else "text2"))


def _only(chip: MenuChip, kind: type[T]) -> frozenset[T]:
    return frozenset({chip.value} if isinstance(chip.value, kind) else ())


def _chip(title: str, choices: Choices) -> tuple[MenuChip, Choices]:
    return MenuChip(title, choices), choices


def _size_words(from_bytes: int, under_bytes: int) -> str:
    if under_bytes == EVERYTHING:
        return tr("{size} and more", size=gigabytes(from_bytes))
    if from_bytes == 0:
        return tr("up to {size}", size=gigabytes(under_bytes))
    return tr("{low} to {high}", low=gigabytes(from_bytes), high=gigabytes(under_bytes))
