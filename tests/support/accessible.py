"""Finds what a screen reader could not name and what the Tab key meets."""

from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QPlainTextEdit,
    QScrollBar,
    QTextEdit,
    QWidget,
)

_WORKED_WITH = (
    *(QAbstractButton, QAbstractItemView, QAbstractSlider, QAbstractSpinBox),
    *(QComboBox, QLineEdit, QPlainTextEdit, QTextEdit),
)
_INSIDE = (QScrollBar, QHeaderView)


def unnamed(root: QWidget) -> list[str]:
    """Every widget that is shown below `root`, can be worked with and has no accessible name."""
    return [_where(widget) for widget in _interactive(root) if not accessible_name(widget).strip()]


def interactive_names(root: QWidget) -> list[str]:
    """The names of all that can be worked with below `root`."""
    return [accessible_name(widget) for widget in _interactive(root)]


def tab_route(first: QWidget) -> list[QWidget]:
    """The widgets that Tab reaches from `first` on within its window, as they are shown now."""
    route = [first]
    here = first.nextInFocusChain()
    while here is not None and here is not first:
        if here.isVisible() and here.isEnabled() and _stops_at(here):
            route.append(here)
        here = here.nextInFocusChain()
    return route


def accessible_name(widget: QWidget) -> str:
    """What stands for the widget; on Linux Qt would answer with the value of a combo box."""
    if widget.accessibleName() or isinstance(widget, QComboBox):
        return widget.accessibleName()
    return QAccessible.queryAccessibleInterface(widget).text(QAccessible.Text.Name)


def _interactive(root: QWidget) -> Iterator[QWidget]:
    for widget in (root, *root.findChildren(QWidget)):
        wanted = _stops_at(widget) or isinstance(widget, _WORKED_WITH)
        if wanted and widget.isVisibleTo(root) and not _belongs_to_another(widget):
            yield widget


def _stops_at(widget: QWidget) -> bool:
    return Qt.FocusPolicy.TabFocus.value & widget.focusPolicy().value != 0


def _belongs_to_another(widget: QWidget) -> bool:
    """Parts that Qt makes inside its own widgets, which speak for them."""
    if isinstance(widget, _INSIDE) or widget.objectName().startswith("qt_"):
        return True
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, (QComboBox, QLineEdit)):
            return True
        parent = parent.parentWidget()
    return False


def _where(widget: QWidget) -> str:
    names = []
    here: QWidget | None = widget
    while here is not None:
        names.append(type(here).__name__)
        here = here.parentWidget()
    return " < ".join(names[:4])
