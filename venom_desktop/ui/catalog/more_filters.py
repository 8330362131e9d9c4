"""One chip for the filters that have no room in the line, and for those that were saved."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtCore import Signal as QtSignal

from venom_desktop.ui import icons
from venom_desktop.ui.i18n import facts, tr
from venom_desktop.ui.widgets import Menu, MenuChip

Choices = Sequence[tuple[object, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A filter by the key it is saved under, with its chip and all its values in words."""

    key: str
    title: str
    chip: MenuChip
    choices: Choices

    @property
    def words(self) -> str:
        """Its value now; "" for any."""
        return dict(self.choices).get(self.chip.value, "")


class MoreFilters(MenuChip):
    """A menu with a menu for each filter inside; `saved` are offered by name.

    `save_wanted` asks to keep what is chosen now, `saved_chosen` and `saved_forgotten` carry a place in `saved`.
    """

    save_wanted = QtSignal()
    saved_chosen = QtSignal(int)
    saved_forgotten = QtSignal(int)

    def __init__(self) -> None:
        super().__init__(tr("Filters"))
        self._inside: tuple[Filter, ...] = ()
        self._saved: tuple[str, ...] = ()
        self._can_save = False
        self.show_count()

    def show_filters(self, inside: Sequence[Filter]) -> None:
        """Take the filters that are chosen in here."""
        self._inside = tuple(inside)
        self.show_count()

    def show_saved(self, names: Sequence[str], *, can_save: bool) -> None:
        self._saved, self._can_save = tuple(names), can_save

    def menu_now(self) -> Menu:
        """The menu with a check mark at every chosen value."""
        menu = Menu(self)
        for one in self._inside:
            inner = Menu(menu)
            inner.setTitle(one.title)
            for value, words in ((None, tr("Any")), *one.choices):
                action = inner.addAction(words)
                action.setCheckable(True)
                action.setChecked(one.chip.value == value)
                action.triggered.connect(lambda _=False, chip=one.chip, value=value: chip.choose(value))
            menu.addMenu(inner)
        if self._inside:
            menu.addSeparator()
        save = menu.addAction(tr("Save these filters"))
        save.setEnabled(self._can_save)
        save.triggered.connect(lambda _=False: self.save_wanted.emit())
        self._add_saved(menu)
        return menu

    def show_count(self) -> None:
        """How many of the filters inside narrow the list."""
        count = sum(one.chip.value is not None for one in self._inside)
        text = tr("Filters: {count}", count=count) if count else tr("Filters")
        self.setText(text)
        self.setAccessibleName(text)
        self.setChecked(count > 0)
        self.setIcon(icons.icon("down", "accent_text" if count else "text2"))

    def _add_saved(self, menu: Menu) -> None:
        if not self._saved:
            return
        forget = Menu(menu)
        forget.setTitle(tr("Forget"))
        for place, name in enumerate(self._saved):
            shown = name.replace("&", "&&")
            menu.addAction(shown).triggered.connect(lambda _=False, place=place: self.saved_chosen.emit(place))
            forget.addAction(shown).triggered.connect(lambda _=False, place=place: self.saved_forgotten.emit(place))
        menu.addMenu(forget)

    def _open(self) -> None:
        self.show_count()
        menu = self.menu_now()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.mapToGlobal(self.rect().bottomLeft()))


def name_of(filters: Sequence[Filter], *others: str) -> str:
    """What is chosen, in words: "Fits here · Tools · up to 5 GB"."""
    return facts(*others, *(one.words for one in filters))
