"""The theme's promises: readable text, one place for colours, and a window that follows a change."""

import ast
import re
from itertools import product
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

import venom_desktop.ui
from venom_desktop.ui import icons, theme
from venom_desktop.ui.theme import ThemeChoice
from venom_desktop.ui.theme_sheet import style_sheet
from venom_desktop.ui.theme_tokens import DARK, LIGHT, ColorRole, Tokens
from venom_desktop.ui.widgets import Label

UI = Path(venom_desktop.ui.__file__).parent
THEMES = pytest.mark.parametrize("tokens", [LIGHT, DARK], ids=["light", "dark"])
GROUNDS: list[ColorRole] = ["window", "surface", "raised", "sunken", "hover", "accent_soft"]
TEXTS: list[ColorRole] = ["text", "text2", "text3"]


def luminance(color: str) -> float:
    parts = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@THEMES
def test_text_reaches_the_contrast_of_wcag_aa_on_every_ground(tokens: Tokens) -> None:
    weak = {
        (text, ground): round(contrast(tokens[text], tokens[ground]), 2)
        for text, ground in product(TEXTS, GROUNDS)
        if contrast(tokens[text], tokens[ground]) < 4.5
    }
    assert not weak


@THEMES
def test_state_words_are_readable_on_their_pill_and_on_a_selected_one(tokens: Tokens) -> None:
    pairs: list[tuple[ColorRole, ColorRole]] = [
        ("ok", "ok_soft"), ("part", "part_soft"), ("warn", "warn_soft"), ("bad", "bad_soft"), ("off", "off_soft"),
        ("ok", "surface"), ("part", "surface"), ("warn", "surface"), ("bad", "surface"), ("off", "surface"),
        ("text", "warn_soft"), ("text", "bad_soft"), ("accent_text", "accent_soft"), ("accent_text", "surface"),
        ("on_accent", "accent"), ("on_accent", "accent_hover"), ("on_accent", "accent_press"),
        ("on_accent", "bad_fill"), ("text", "pressed"),
    ]  # fmt: skip
    assert all(contrast(tokens[text], tokens[ground]) >= 4.5 for text, ground in pairs)


@THEMES
def test_controls_rings_and_charts_stand_out_from_what_is_behind_them(tokens: Tokens) -> None:
    pairs: list[tuple[ColorRole, ColorRole]] = [
        ("control", "surface"), ("focus", "surface"), ("focus", "window"), ("chart", "track"), ("seg2", "track"),
        ("seg3", "track"), ("seg4", "track"),
    ]  # fmt: skip
    assert all(contrast(tokens[shape], tokens[ground]) >= 3.0 for shape, ground in pairs)


def test_both_themes_know_the_same_roles() -> None:
    assert LIGHT.keys() == DARK.keys()


@THEMES
def test_the_sheet_names_no_role_that_is_missing(tokens: Tokens) -> None:
    assert "@" not in style_sheet(tokens, theme="light", menu_radius=10)


def test_only_the_theme_sets_a_style_sheet_and_only_the_tokens_name_a_colour() -> None:
    for path in UI.rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        calls = {node.attr for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Attribute)}
        assert "setStyleSheet" not in calls or path.name == "theme.py", path
        assert not re.search(r"[\"' ]#[0-9A-Fa-f]{6}\b", source) or path.name == "theme_tokens.py", path


def test_nothing_in_the_window_executes_a_dialog_or_a_menu() -> None:
    for path in UI.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        called = {node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call)
                  and isinstance(node.func, ast.Attribute)}  # fmt: skip
        assert not called & {"exec", "exec_"}, path


def test_a_change_of_theme_reaches_palette_icons_and_widgets(themed: QApplication, qtbot: QtBot) -> None:
    label = Label("x", tone="text2")
    qtbot.addWidget(label)
    icon = icons.icon("search", "text")
    label.show()

    theme.apply(themed, ThemeChoice.DARK)

    assert themed.palette().color(QPalette.ColorRole.Window) == QColor(DARK["window"])
    assert label.palette().color(QPalette.ColorRole.WindowText) == QColor(DARK["text2"])
    picture = icon.pixmap(32, 32).toImage()
    inked = [picture.pixelColor(x, y) for x in range(32) for y in range(32) if picture.pixelColor(x, y).alpha() > 250]
    assert inked
    assert all(color.lightness() > 200 for color in inked)


def test_a_larger_application_font_reaches_labels_and_row_heights(themed: QApplication, qtbot: QtBot) -> None:
    label = Label("x", "small")
    qtbot.addWidget(label)
    small, row = label.font().pointSizeF(), theme.two_line_height()

    themed.setFont(QFont("Inter", 20))

    assert label.font().pointSizeF() == pytest.approx(2 * small)
    assert theme.two_line_height() > row


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
def test_an_icon_has_as_many_pixels_as_the_screen_shows(themed: QApplication, scale: float) -> None:
    picture = icons.pixmap("search", 18, "text", scale)
    assert picture.width() == round(18 * scale)
    assert picture.devicePixelRatio() == scale


def test_every_drawing_takes_its_colour_from_the_theme() -> None:
    drawings = sorted((UI.parents[1] / "resources" / "icons").glob("*.svg"))
    plain = [path for path in drawings if path.stem != "venom-desktop"]
    assert len(plain) >= 50
    assert not [path.name for path in plain if "#" in path.read_text(encoding="utf-8")]


def test_menus_are_ours_so_that_their_corners_are() -> None:
    for path in UI.rglob("*.py"):
        if path.name in {"menu.py", "tray.py"}:
            continue
        assert f"{QMenu.__name__}(" not in path.read_text(encoding="utf-8"), path
