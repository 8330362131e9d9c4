"""A line over a list: stale data, an error with its cure, or advice that can be dismissed."""

from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QFrame

from venom_desktop.ui import theme
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.theme_tokens import ColorRole
from venom_desktop.ui.widgets.buttons import Button, ButtonKind, ToolButton
from venom_desktop.ui.widgets.labels import Icon, Label
from venom_desktop.ui.widgets.layouts import column, row

BannerKind = Literal["note", "cure", "box"]
_LOOKS: dict[BannerKind, tuple[str, ColorRole]] = {
    "note": ("cloud", "warn"),
    "cure": ("error", "bad"),
    "box": ("info", "part"),
}


class Banner(QFrame):
    """Icon, sentence, button. `note` = stale data, `cure` = an error, `box` = advice with a close button.

    Hidden until `tell` is called. `closable` gives the other kinds a close button too, and `dismissed` tells that
    it was pressed. `stacked` puts the button below the sentence, for narrow panels.
    """

    dismissed = QtSignal()

    def __init__(
        self, kind: BannerKind, *, icon: str | None = None, closable: bool = False, stacked: bool = False
    ) -> None:
        super().__init__()
        default_icon, role = _LOOKS[kind]
        self._kind: BannerKind = kind
        self._act: Callable[[], object] | None = None
        self.setProperty("role", kind)
        self._icon = Icon(icon or default_icon, 16, role)
        self._sentence = Label(wrap=True)
        self._sentence.setAlignment(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeading)
        self._button = Button("", _button_kind(kind), size="dense", on_click=self._press)
        close = ToolButton("close", tr("Dismiss"), icon_size=14, on_click=self._dismiss)
        close.setVisible(closable or kind == "box")
        beside = () if stacked else (self._button,)
        line = row(self._icon, (self._sentence, 1), *beside, close, spacing=10)
        below = (row(None, self._button),) if stacked else ()
        self.setLayout(column(line, *below, spacing=6, margins=(12, 6, 6, 6)))
        self.setMinimumHeight(38)
        self.hide()

    @property
    def sentence(self) -> str:
        return self._sentence.text()

    @property
    def button(self) -> Button:
        return self._button

    def tell(
        self,
        sentence: str,
        action: str = "",
        on_click: Callable[[], object] | None = None,
        *,
        icon: str | None = None,
        tip: str = "",
    ) -> None:
        """Show the sentence, with a button when `action` names one; `tip` is for a reason code."""
        self._sentence.setText(sentence)
        self._act = on_click
        self._button.set_content(action, icon)
        self._button.setVisible(bool(action))
        self.setToolTip(tip)
        self.setAccessibleName(sentence)
        self.show()

    def show_kind(self, kind: BannerKind) -> None:
        """Turn a note into an error or back."""
        if kind == self._kind:
            # To dress the button anew would take its icon away.
            return
        self._kind = kind
        icon, role = _LOOKS[kind]
        self._icon.show_icon(icon, role)
        theme.set_variant(self, "role", kind)
        self._button.set_kind(_button_kind(kind))

    def _press(self) -> None:
        if self._act is not None:
            self._act()

    def _dismiss(self) -> None:
        self.hide()
        self.dismissed.emit()


def _button_kind(kind: BannerKind) -> ButtonKind:
    return "quiet" if kind == "box" else "default"
