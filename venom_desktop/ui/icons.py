"""Icons drawn by us: they take their colour from the theme when painted and stay sharp at any scale."""

from functools import lru_cache

from PySide6.QtCore import QByteArray, QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from venom_desktop.ui import drawings, theme
from venom_desktop.ui.theme_tokens import ColorRole


@lru_cache(maxsize=512)
def _pixmap(name: str, color: str, device_px: int) -> QPixmap:
    pixmap = QPixmap(device_px, device_px)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    QSvgRenderer(QByteArray(drawings.svg(name, color))).render(painter, QRectF(0, 0, device_px, device_px))
    painter.end()
    return pixmap


def pixmap(name: str, size: int, role: ColorRole, scale: float = 1.0) -> QPixmap:
    """A square picture of `size` logical pixels for a device of that pixel ratio."""
    result = QPixmap(_pixmap(name, theme.tokens()[role], max(1, round(size * scale))))
    result.setDevicePixelRatio(scale)
    return result


def paint(painter: QPainter, name: str, rect: QRectF, role: ColorRole) -> None:
    """Draw the icon into `rect` (square, logical pixels) in the colour of `role`."""
    scale = painter.device().devicePixelRatioF()
    device_px = max(1, round(rect.width() * scale))
    painter.drawPixmap(rect, _pixmap(name, theme.tokens()[role], device_px), QRectF(0, 0, device_px, device_px))


class _Engine(QIconEngine):
    def __init__(self, name: str, role: ColorRole, on_role: ColorRole | None) -> None:
        super().__init__()
        self._name = name
        self._role: ColorRole = role
        self._on_role = on_role

    def clone(self) -> QIconEngine:
        return _Engine(self._name, self._role, self._on_role)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        side = min(rect.width(), rect.height())
        corner = rect.center() - QPoint((side - 1) // 2, (side - 1) // 2)
        paint(painter, self._name, QRectF(QPointF(corner), QSize(side, side).toSizeF()), self._color(mode, state))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        return pixmap(self._name, min(size.width(), size.height()), self._color(mode, state))

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        # Qt hands over device pixels here.
        side = min(size.width(), size.height())
        return pixmap(self._name, round(side / scale), self._color(mode, state), scale)

    def _color(self, mode: QIcon.Mode, state: QIcon.State) -> ColorRole:
        if mode == QIcon.Mode.Disabled:
            return "disabled"
        if state == QIcon.State.On and self._on_role is not None:
            return self._on_role
        return self._role


_engines: list[_Engine] = []
"""QIcon owns the engine on the C++ side; without these references Python would free it first."""


@lru_cache(maxsize=256)
def icon(name: str, role: ColorRole = "text2", on_role: ColorRole | None = None) -> QIcon:
    """An icon that follows the theme; `on_role` colours it while a button is checked or a tab selected."""
    engine = _Engine(name, role, on_role)
    _engines.append(engine)
    return QIcon(engine)


def app_icon() -> QIcon:
    """The application's own icon, the same in both themes, in the sizes that desktops ask for."""
    result = QIcon()
    renderer = QSvgRenderer(QByteArray(drawings.svg("venom-desktop", theme.tokens()["accent"])))
    for size in (16, 22, 24, 32, 48, 64, 128, 256):
        picture = QPixmap(size, size)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        renderer.render(painter, QRectF(0, 0, size, size))
        painter.end()
        result.addPixmap(picture)
    return result


def nothing() -> QIcon:
    """No icon."""
    return QIcon()
