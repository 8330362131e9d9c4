"""Buttons by kind, and icon buttons; only the keyboard gives them a focus ring."""

from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QPushButton, QToolButton

from venom_desktop.ui import icons, theme
from venom_desktop.ui.theme_tokens import ColorRole

ButtonKind = Literal["primary", "default", "quiet", "danger", "destroy"]
ButtonSize = Literal["dense", "normal", "large"]

_ICON_ROLES: dict[ButtonKind, ColorRole] = {
    "primary": "on_accent", "destroy": "on_accent", "danger": "bad", "default": "text2", "quiet": "text2",
}  # fmt: skip
_THIN_SPACE = "\u2009"


class Button(QPushButton):
    """A push button. One `primary` per view; `danger` opens a dialog; `destroy` stands only inside one.

    `trailing` puts the icon behind the text: for "goes there" and for menus.
    """

    def __init__(
        self,
        text: str,
        kind: ButtonKind = "default",
        *,
        icon: str | None = None,
        size: ButtonSize = "normal",
        trailing: bool = False,
        on_click: Callable[[], object] | None = None,
    ) -> None:
        super().__init__()
        self._kind: ButtonKind = kind
        self._text = ""
        self._trailing = trailing
        self._help = ""
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAutoDefault(False)
        self.setIconSize(QSize(16, 16))
        self.setProperty("kind", kind)
        if size != "normal":
            self.setProperty(size, True)
        if trailing:
            self.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        theme.set_font(self, "strong" if kind in {"primary", "destroy"} else "medium")
        self.set_content(text, icon)
        if on_click is not None:
            self.clicked.connect(lambda: on_click())

    @property
    def label(self) -> str:
        """The words on the button, without the space that sets them off from the icon."""
        return self._text

    def set_content(self, text: str, icon: str | None = None) -> None:
        """Change words and icon together."""
        self._text = text
        gap = _THIN_SPACE if icon and text else ""
        self.setText(f"{text}{gap}" if self._trailing else f"{gap}{text}")
        self.setAccessibleName(text)
        if icon:
            self.setIcon(icons.icon(icon, _ICON_ROLES[self._kind]))
        else:
            self.setIcon(icons.nothing())

    def set_kind(self, kind: ButtonKind, icon: str | None = None) -> None:
        """Turn one button into another kind without moving it."""
        self._kind = kind
        theme.set_variant(self, "kind", kind)
        theme.set_font(self, "strong" if kind in {"primary", "destroy"} else "medium")
        self.set_content(self._text, icon)

    def set_help(self, text: str) -> None:
        """The tooltip while the button can be used."""
        self._help = text
        if self.isEnabled():
            self.setToolTip(text)

    def allow(self) -> None:
        """Enable the button."""
        self.setEnabled(True)
        self.setToolTip(self._help)

    def forbid(self, reason: str) -> None:
        """Disable the button; its tooltip says why."""
        self.setEnabled(False)
        self.setToolTip(reason)


class ToolButton(QToolButton):
    """An icon button of 30 px; `meaning` is its tooltip and its accessible name."""

    def __init__(
        self,
        icon: str,
        meaning: str,
        *,
        icon_size: int = 18,
        role: ColorRole = "text2",
        on_click: Callable[[], object] | None = None,
    ) -> None:
        super().__init__()
        self._role: ColorRole = role
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setIconSize(QSize(icon_size, icon_size))
        self.setFixedSize(icon_size + 12, icon_size + 12)
        self.set_content(icon, meaning)
        if on_click is not None:
            self.clicked.connect(lambda: on_click())

    def set_content(self, icon: str, meaning: str) -> None:
        self.setIcon(icons.icon(icon, self._role))
        self.setToolTip(meaning)
        self.setAccessibleName(meaning)
