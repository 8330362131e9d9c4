"""What the hand in the window's process can do: look at visible widgets, click, type, and take pictures."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QKeySequence, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QTabBar,
    QTextEdit,
    QWidget,
)

from venom_desktop.ui.main_window import MainWindow

SAMPLE_MS = 10
_PLAIN = str.maketrans({"\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u2068": None, "\u2069": None})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Class name, words (shell pattern) and the class or accessible name of something around it."""

    kind: str = "QWidget"
    words: str = "*"
    inside: str = "*"

    def fits(self, widget: QWidget) -> bool:
        return (
            _is(widget, self.kind)
            and any(fnmatchcase(words, self.words) for words in words_of(widget))
            and (self.inside == "*" or any(_is(outer, self.inside) for outer in _around(widget)))
        )


def plain(text: str) -> str:
    """With ordinary spaces only."""
    return text.translate(_PLAIN).strip()


def words_of(widget: QWidget) -> list[str]:
    """What a person reads on it, then what a screen reader says."""
    found = []
    match widget:
        case QLabel() | QAbstractButton() | QLineEdit():
            found.append(widget.text())
        case QPlainTextEdit() | QTextEdit():
            found.append(widget.toPlainText())
        case _:
            pass
    return [plain(text) for text in (*found, widget.accessibleName(), widget.windowTitle())]


def _is(widget: QWidget, kind: str) -> bool:
    return widget.accessibleName() == kind or any(base.__name__ == kind for base in type(widget).__mro__)


def _around(widget: QWidget) -> Iterator[QWidget]:
    outer = widget.parentWidget()
    while outer is not None:
        yield outer
        outer = outer.parentWidget()


def _seen(sought: Sought) -> list[QWidget]:
    """From top to bottom and from left to right."""
    found = [
        widget
        for widget in QApplication.allWidgets()
        if widget.isVisible() and sought.fits(widget) and not widget.visibleRegion().isEmpty()
    ]
    return sorted(found, key=_place)


def _place(widget: QWidget) -> tuple[int, int]:
    corner = widget.mapToGlobal(QPoint())
    return corner.y(), corner.x()


def _the_one(sought: Sought) -> QWidget:
    found = _seen(sought)
    if len(found) != 1:
        told = [words_of(widget) for widget in found or _seen(Sought(kind=sought.kind, inside=sought.inside))]
        raise LookupError(f"{len(found)} of {sought}; there is {told[:60]}")
    return found[0]


def look(**sought: str) -> list[dict[str, object]]:
    """Every visible widget that fits: words, whether it can be used, and the text that assistive programs get."""
    return [
        {
            "words": words_of(widget)[0],
            "name": plain(widget.accessibleName()),
            "description": plain(widget.accessibleDescription()),
            "tip": plain(widget.toolTip()),
            "enabled": widget.isEnabled(),
        }
        for widget in _seen(Sought(**sought))
    ]


def click(**sought: str) -> None:
    """Click the one widget that fits, where it shows."""
    widget = _the_one(Sought(**sought))
    if not widget.isEnabled():
        raise LookupError(f"{words_of(widget)} is disabled: {widget.toolTip()}")
    _click_at(widget, widget.visibleRegion().boundingRect().center())


def _click_at(widget: QWidget, place: QPoint) -> None:
    modal = QApplication.activeModalWidget()
    if modal is not None and widget.window() is not modal:
        raise LookupError(f"{words_of(widget)} is behind {words_of(modal)}")
    there = widget.mapToGlobal(place)
    hit = QApplication.widgetAt(there)
    if hit is None or (hit is not widget and not widget.isAncestorOf(hit)):
        raise LookupError(f"{words_of(widget)} is covered by {hit}")
    QTest.mouseClick(hit, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, hit.mapFromGlobal(there))


def click_tab(words: str) -> None:
    tabs = _the_one(Sought(kind="TabBar"))
    assert isinstance(tabs, QTabBar)
    for index in range(tabs.count()):
        if plain(tabs.tabText(index)) == words:
            _click_at(tabs, tabs.tabRect(index).center())
            return
    raise LookupError(f"no tab {words}")


def rows(**sought: str) -> list[str]:
    """The sentence of every row of a list, as a screen reader says it."""
    view = _view(Sought(**sought))
    return [_row_words(view.model(), row) for row in range(view.model().rowCount())]


def click_row(row: str, **sought: str) -> None:
    """Click the first row whose sentence fits the pattern."""
    view = _view(Sought(**sought))
    model = view.model()
    for number in range(model.rowCount()):
        if fnmatchcase(_row_words(model, number), row):
            place: QRect = view.visualRect(model.index(number, 0))
            if not view.viewport().rect().contains(place.center()):
                raise LookupError(f"row {number} is out of view")
            _click_at(view.viewport(), place.center())
            return
    raise LookupError(f"no row {row} in {[_row_words(model, number) for number in range(model.rowCount())][:20]}")


def _view(sought: Sought) -> QAbstractItemView:
    view = _the_one(sought)
    assert isinstance(view, QAbstractItemView)
    return view


def _row_words(model: QAbstractItemModel, row: int) -> str:
    index = model.index(row, 0)
    told = index.data(Qt.ItemDataRole.AccessibleTextRole) or index.data(Qt.ItemDataRole.DisplayRole)
    return plain(str(told or ""))


def click_menu(words: str) -> None:
    """Choose an entry of the open menu."""
    menu = QApplication.activePopupWidget()
    if menu is None:
        raise LookupError("no menu is open")
    assert isinstance(menu, QMenu)
    for action in menu.actions():
        if plain(action.text()).partition("\t")[0] == words and action.isEnabled():
            QTest.mouseClick(
                menu, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, menu.actionGeometry(action).center()
            )
            return
    raise LookupError(f"no entry {words} in {[action.text() for action in menu.actions()]}")


def type_text(text: str) -> None:
    """Type where the keyboard is."""
    QTest.keyClicks(_focus(), text)


def press(keys: str) -> None:
    """Press a key or a combination, such as Ctrl+Return."""
    QTest.keySequence(_focus(), QKeySequence(keys))


def _focus() -> QWidget:
    widget = QApplication.focusWidget()
    if widget is None:
        raise LookupError("no widget has the keyboard")
    return widget


def window() -> dict[str, object]:
    shown = _window()
    return {
        "active": shown.isActiveWindow() and not shown.isMinimized(),
        "minimized": shown.isMinimized(),
        "tab": shown.current_tab.value,
        "furnished": shown.operations is not None,
        "size": [shown.width(), shown.height()],
        "focus": words_of(focus) if (focus := QApplication.focusWidget()) else None,
    }


def _window() -> MainWindow:
    for widget in QApplication.topLevelWidgets():
        if isinstance(widget, MainWindow):
            return widget
    raise LookupError("the window is not there yet")


def resize(width: int, height: int) -> None:
    _window().resize(width, height)


def minimize() -> None:
    _window().showMinimized()


def pixels() -> str:
    """A digest of what is on the screen where the window is."""
    image = _grabbed().toImage()
    return f"{image.width()}x{image.height()} {hash(bytes(image.constBits()))}"


def picture(path: str) -> None:
    """Keep what is on the screen where the window is."""
    if not _grabbed().save(path, quality=80):
        raise LookupError(f"{path} cannot be written")


def _grabbed() -> QPixmap:
    shown = _window()
    return shown.screen().grabWindow(shown.winId())


@dataclass(slots=True, kw_only=True)
class Recorder:
    """Notes what the fitting widgets say, every time it is something else than before."""

    sought: Sought
    texts: list[str] = field(default_factory=list)
    timer: QTimer = field(default_factory=QTimer)

    def start(self) -> None:
        self.timer.setInterval(SAMPLE_MS)
        self.timer.timeout.connect(self.note)
        self.timer.start()

    def note(self) -> None:
        text = " ".join(words_of(widget)[0] for widget in _seen(self.sought))
        if text and (not self.texts or text != self.texts[-1]):
            self.texts.append(text)


_recorders: dict[str, Recorder] = {}


def record(tape: str, **sought: str) -> None:
    """Note from now on what the fitting widgets say."""
    _recorders[tape] = Recorder(sought=Sought(**sought))
    _recorders[tape].start()


def recorded(tape: str) -> list[str]:
    """Everything noted so far, in order."""
    return _recorders[tape].texts


def stop_recording(tape: str) -> list[str]:
    recorder = _recorders.pop(tape)
    recorder.timer.stop()
    return recorder.texts


ACTIONS: dict[str, Callable[..., Any]] = {
    action.__name__: action
    for action in (
        *(look, click, click_tab, click_row, click_menu, rows, type_text, press),
        *(window, resize, minimize, pixels, picture, record, recorded, stop_recording),
    )
}
