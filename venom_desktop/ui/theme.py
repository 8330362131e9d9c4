"""Applies one palette and one style sheet to the whole window, and answers for colours and fonts by role.

The only file that sets a style sheet. `apply` is called once at the start and again by Settings; with
`ThemeChoice.SYSTEM` the window follows the desktop by itself.
"""

from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QDir, QObject, Qt, QTemporaryDir
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontMetrics, QGuiApplication, QPalette, QStaticText
from PySide6.QtWidgets import QApplication, QWidget

from venom_desktop.ui import drawings
from venom_desktop.ui.compositor import composes
from venom_desktop.ui.theme_sheet import style_sheet
from venom_desktop.ui.theme_tokens import DARK, FONT_SHAPES, LIGHT, TILE_HUES, ColorRole, FontRole, Tokens

_FONT_PROPERTY = "fontRole"
_TONE_PROPERTY = "tone"


class ThemeChoice(StrEnum):
    """What the user chose in Settings."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


class _Theme(QObject):
    """Lives under the application and keeps the window in step with the desktop's scheme and font."""

    def __init__(self, app: QApplication, pictures: Path | None) -> None:
        super().__init__(app)
        self.choice = ThemeChoice.SYSTEM
        self.dark = False
        self._own_folder = QTemporaryDir()
        folder = pictures or Path(self._own_folder.path())
        drawings.write_tinted(folder)
        QDir.setSearchPaths("venom", [str(folder)])
        app.styleHints().colorSchemeChanged.connect(self.refresh)
        # A filter over the application's events would tell too, and put Python in the way of every one of them.
        app.fontChanged.connect(self._take_font)

    def refresh(self) -> None:
        app = _application()
        match self.choice:
            case ThemeChoice.LIGHT:
                self.dark = False
            case ThemeChoice.DARK:
                self.dark = True
            case ThemeChoice.SYSTEM:
                self.dark = app.styleHints().colorScheme() == Qt.ColorScheme.Dark
        _forget()
        # palette() inside a sheet is frozen when it is polished: the palette comes first.
        app.setPalette(_palette())
        radius = 10 if composes(QGuiApplication.platformName()) else 0
        name = "dark" if self.dark else "light"
        app.setStyleSheet(style_sheet(tokens(), theme=name, menu_radius=radius))

    def _take_font(self, _: QFont) -> None:
        _forget()
        for widget in QApplication.allWidgets():
            role = widget.property(_FONT_PROPERTY)
            if role:
                widget.setFont(font(role))


_theme: _Theme | None = None
_generation = 0


def apply(app: QApplication, choice: ThemeChoice, pictures: Path | None = None) -> None:
    """Dress the application. `pictures` is a cache folder for the sheet's tinted icons (default: a temporary one)."""
    global _theme
    if _theme is None:
        app.setStyle("Fusion")
        _theme = _Theme(app, pictures)
    _theme.choice = choice
    hints = app.styleHints()
    match choice:
        case ThemeChoice.LIGHT:
            hints.setColorScheme(Qt.ColorScheme.Light)
        case ThemeChoice.DARK:
            hints.setColorScheme(Qt.ColorScheme.Dark)
        case ThemeChoice.SYSTEM:
            hints.unsetColorScheme()
    _theme.refresh()


def is_dark() -> bool:
    return _theme is not None and _theme.dark


def tokens() -> Tokens:
    """The colour table in use, by role."""
    return DARK if is_dark() else LIGHT


@lru_cache(maxsize=256)
def color(role: ColorRole, alpha: float = 1.0) -> QColor:
    """The colour of a role in the theme in use; do not change the returned object."""
    value = QColor(tokens()[role])
    value.setAlphaF(alpha)
    return value


@lru_cache(maxsize=32)
def font(role: FontRole = "body") -> QFont:
    """The font of a role, a factor of the application font; do not change the returned object."""
    base = QApplication.font()
    factor, weight = FONT_SHAPES[role]
    result = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont) if role == "mono" else QFont(base)
    result.setPointSizeF(base.pointSizeF() * factor if base.pointSizeF() > 0 else 10.0 * factor)
    result.setWeight(QFont.Weight(weight))
    if role not in {"mono", "reading"}:
        result.setFeature(QFont.Tag("tnum"), 1)
    return result


@lru_cache(maxsize=32)
def metrics(role: FontRole = "body") -> QFontMetrics:
    return QFontMetrics(font(role))


@lru_cache(maxsize=4096)
def advance(text: str, role: FontRole = "body") -> int:
    """How wide a line of text is; measured once, as what paints asks for it at every repaint."""
    return metrics(role).horizontalAdvance(text)


@lru_cache(maxsize=4096)
def laid_out(text: str, role: FontRole, *, width: int, middle: bool = False) -> QStaticText:
    """A text shortened to `width`, ready to be drawn: shaping it anew each time is most of painting a table."""
    mode = Qt.TextElideMode.ElideMiddle if middle else Qt.TextElideMode.ElideRight
    result = QStaticText(metrics(role).elidedText(text, mode, width))
    result.setTextFormat(Qt.TextFormat.PlainText)
    result.prepare(font=font(role))
    return result


@lru_cache(maxsize=32)
def tile_colors(hue_index: int) -> tuple[QColor, QColor]:
    """Ground and letter of a tile, one of six soft hues."""
    hue = TILE_HUES[hue_index % len(TILE_HUES)] / 360
    if is_dark():
        return QColor.fromHslF(hue, 0.30, 0.24), QColor.fromHslF(hue, 0.60, 0.78)
    return QColor.fromHslF(hue, 0.55, 0.93), QColor.fromHslF(hue, 0.50, 0.33)


def set_font(widget: QWidget, role: FontRole) -> None:
    """Give `widget` the font of a role and keep it in step with the application font."""
    widget.setProperty(_FONT_PROPERTY, role)
    widget.setFont(font(role))


def set_variant(widget: QWidget, name: str, value: object) -> None:
    """Set a property that the sheet selects on, and dress the widget anew when it changed."""
    if widget.property(name) == value:
        return
    widget.setProperty(name, value)
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()


def set_tone(widget: QWidget, tone: ColorRole) -> None:
    """Colour a label's text by role."""
    set_variant(widget, _TONE_PROPERTY, tone)


def two_line_height() -> int:
    """The height of a row with a name and a second line, 54 at the usual font."""
    return max(54, metrics("medium").height() + metrics("small").height() + 18)


def dense_height(least: int = 34) -> int:
    """The height of a row of one line."""
    return max(least, metrics("body").height() + 14)


def animates(widget: QWidget) -> bool:
    """False when the desktop asks for no motion."""
    # Its enumerations cost 15 ms, and the first picture of the window moves nothing.
    from PySide6.QtWidgets import QStyle

    return widget.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration, None, widget) > 0


def _application() -> QApplication:
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        raise TypeError("The theme needs a QApplication")
    return app


def generation() -> int:
    """Another number whenever colours or fonts have changed; part of the key of whatever is kept painted."""
    return _generation


def _forget() -> None:
    global _generation
    _generation += 1
    for cache in (color, font, metrics, advance, laid_out, tile_colors):
        cache.cache_clear()


def _palette() -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    colors: dict[QPalette.ColorRole, ColorRole] = {
        role.Window: "window", role.Base: "surface", role.AlternateBase: "sunken", role.Button: "surface",
        role.ToolTipBase: "raised", role.WindowText: "text", role.Text: "text", role.ButtonText: "text",
        role.ToolTipText: "text", role.PlaceholderText: "text3", role.Highlight: "accent",
        role.HighlightedText: "on_accent", role.Accent: "accent", role.Link: "accent_text",
        role.LinkVisited: "accent_text", role.Mid: "line", role.Midlight: "line", role.Light: "surface",
        role.Dark: "field", role.Shadow: "shadow", role.BrightText: "bad",
    }  # fmt: skip
    for target, source in colors.items():
        palette.setColor(target, color(source))
    for target in (role.Text, role.WindowText, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, target, color("disabled"))
    return palette
