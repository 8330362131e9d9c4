"""The application style sheet, written over colour roles (`@role`) and filled from one theme's tokens."""

import re
from typing import Final, cast

from venom_desktop.ui.theme_tokens import ColorRole, Tokens

# A ring of 2 px inside the border: padding and min-height give back the pixel, so that nothing moves.
_FRAMES: Final = """
* { outline: none; }
QToolTip { background: @raised; color: @text; border: 1px solid @field; padding: 5px 8px; }
QBalloonTip { background: @raised; color: @text; }
QBalloonTip QLabel { background: transparent; color: @text; }
QBalloonTip QPushButton { background: transparent; border: 0; min-height: 0; padding: 0; }
QMainWindow, QDialog { background: @window; }
QDialog[role="dialog"] { background: @surface; }
QFrame[role="header"] { background: @window; border: 0; border-bottom: 1px solid @line; }
QFrame[role="bar"] { background: @surface; border: 0; border-bottom: 1px solid @line; }
QFrame[role="status"] { background: @window; border: 0; border-top: 1px solid @line; }
QFrame[role="panel"] { background: @surface; border: 0; }
QFrame[role="side"] { background: @surface; border: 0; border-left: 1px solid @line; }
QFrame[role="side-start"] { background: @surface; border: 0; border-right: 1px solid @line; }
QFrame[role="operations"] { background: @surface; border: 0; border-top: 1px solid @line; }
QFrame[role="card"] { background: @surface; border: 1px solid @line; border-radius: 10px; }
QFrame[role="card"][current="true"] { border-color: @accent; }
QFrame[role="box"] { background: @sunken; border: 1px solid @line; border-radius: 8px; }
QFrame[role="popup"] { background: @raised; border: 1px solid @field; border-radius: @menu_radius; }
QFrame[role="popup"] QListView { background: transparent; }
QFrame[role="cure"] { background: @bad_soft; border: 0; border-radius: 8px; }
QFrame[role="note"] { background: @warn_soft; border: 0; border-radius: 8px; }
QFrame[role="line"] { background: @line; border: 0; min-height: 1px; max-height: 1px; }
QFrame[role="segmented"] { background: @hover; border: 1px solid @line; border-radius: 8px; }
QScrollArea { background: transparent; border: 0; }
QScrollArea > QWidget > QWidget[role="page"] { background: transparent; }
QSplitter::handle { background: @line; }
QSplitter::handle:horizontal { width: 1px; }
QLabel { background: transparent; }
QLabel[tone="text2"] { color: @text2; }
QLabel[tone="text3"] { color: @text3; }
QLabel[tone="accent_text"] { color: @accent_text; }
QLabel[tone="ok"] { color: @ok; }
QLabel[tone="part"] { color: @part; }
QLabel[tone="warn"] { color: @warn; }
QLabel[tone="bad"] { color: @bad; }
"""

_BUTTONS: Final = """
QPushButton { background: @surface; color: @text; border: 1px solid @field; border-radius: 7px;
              padding: 0 12px; min-height: 30px; }
QPushButton:hover { background: @hover; }
QPushButton:pressed { background: @pressed; }
QPushButton:focus { border: 2px solid @focus; padding: 0 11px; min-height: 28px; }
QPushButton:disabled { color: @disabled; border-color: @line; }
QPushButton[kind="primary"] { background: @accent; color: @on_accent; border-color: @accent; }
QPushButton[kind="primary"]:hover { background: @accent_hover; border-color: @accent_hover; }
QPushButton[kind="primary"]:pressed { background: @accent_press; border-color: @accent_press; }
QPushButton[kind="primary"]:focus { border-color: @text; }
QPushButton[kind="primary"]:disabled { background: @pressed; color: @disabled; border-color: @pressed; }
QPushButton[kind="quiet"] { background: transparent; border-color: transparent; color: @text2; padding: 0 9px; }
QPushButton[kind="quiet"]:hover { background: @hover; color: @text; }
QPushButton[kind="quiet"]:pressed { background: @pressed; color: @text; }
QPushButton[kind="quiet"]:focus { border-color: @focus; padding: 0 8px; }
QPushButton[kind="quiet"]:disabled { color: @disabled; }
QPushButton[kind="danger"] { background: transparent; color: @bad; }
QPushButton[kind="danger"]:hover { background: @bad_soft; border-color: @bad; }
QPushButton[kind="danger"]:focus { border-color: @focus; }
QPushButton[kind="danger"]:disabled { color: @disabled; border-color: @line; }
QPushButton[kind="destroy"] { background: @bad_fill; color: @on_accent; border-color: @bad_fill; }
QPushButton[kind="destroy"]:focus { border-color: @text; }
QPushButton[dense="true"] { min-height: 24px; padding: 0 9px; border-radius: 6px; }
QPushButton[dense="true"]:focus { min-height: 22px; padding: 0 8px; }
QPushButton[large="true"] { min-height: 36px; padding: 0 16px; border-radius: 8px; }
QPushButton[large="true"]:focus { min-height: 34px; padding: 0 15px; }
QPushButton::menu-indicator { image: none; width: 0; }
QPushButton[role="chip"] { border-radius: 14px; min-height: 26px; padding: 0 11px; color: @text2; }
QPushButton[role="chip"]:checked { background: @accent_soft; border-color: @accent; color: @accent_text; }
QPushButton[role="chip"]:focus { border-color: @focus; padding: 0 10px; min-height: 24px; }
QPushButton[role="chip"]:disabled { color: @disabled; }
QPushButton[role="segment"] { background: transparent; border: 1px solid transparent; border-radius: 6px;
                              min-height: 26px; padding: 0 11px; color: @text2; }
QPushButton[role="segment"]:hover { color: @text; }
QPushButton[role="segment"]:checked { background: @segment; border-color: @field; color: @text; }
QPushButton[role="segment"]:focus { border: 2px solid @focus; padding: 0 10px; min-height: 24px; }
QToolButton { background: transparent; border: 1px solid transparent; border-radius: 6px; padding: 4px;
              color: @text2; }
QToolButton:hover { background: @hover; }
QToolButton:pressed, QToolButton:checked { background: @pressed; }
QToolButton:focus { border: 2px solid @focus; padding: 3px; }
QToolButton::menu-indicator { image: none; }
QTabBar { background: transparent; border: 0; qproperty-drawBase: 0; }
QTabBar::tab { background: transparent; color: @text2; padding: 0 13px; height: 51px; border: 0;
               border-bottom: 2px solid transparent; }
QTabBar::tab:hover { color: @text; }
QTabBar::tab:selected { color: @text; border-bottom-color: @accent; font-weight: 600; }
"""

_FIELDS: Final = """
QLineEdit, QComboBox, QPlainTextEdit, QAbstractSpinBox {
    background: @surface; color: @text; border: 1px solid @field; border-radius: 7px; padding: 0 9px;
    min-height: 30px; selection-background-color: @accent; selection-color: @on_accent; }
QPlainTextEdit { padding: 6px 8px; }
QLineEdit:focus, QComboBox:focus, QPlainTextEdit:focus, QAbstractSpinBox:focus {
    border: 2px solid @focus; padding-left: 8px; padding-right: 8px; min-height: 28px; }
QPlainTextEdit:focus { padding: 5px 7px; }
QPlainTextEdit[role="log"] { background: transparent; border-color: transparent; }
QPlainTextEdit[role="log"]:focus { border-color: @focus; }
QLineEdit[state="bad"], QAbstractSpinBox[state="bad"] { border-color: @bad; }
QLineEdit:disabled, QComboBox:disabled, QPlainTextEdit:disabled, QAbstractSpinBox:disabled {
    color: @disabled; border-color: @line; }
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button { border: 0; width: 22px; background: transparent; }
QAbstractSpinBox::up-arrow { image: url(venom:@theme/up.svg); width: 11px; height: 11px; }
QAbstractSpinBox::down-arrow { image: url(venom:@theme/down.svg); width: 11px; height: 11px; }
QComboBox { combobox-popup: 0; }
QComboBox::drop-down { border: 0; width: 26px; }
QComboBox::down-arrow { image: url(venom:@theme/down.svg); width: 14px; height: 14px; }
QComboBox QAbstractItemView { background: @raised; color: @text; border: 1px solid @field; border-radius: 8px;
    padding: 4px; selection-background-color: @pressed; selection-color: @text; outline: 0; }
QComboBox QAbstractItemView::item { min-height: 28px; padding: 0 8px; border-radius: 6px; }
QComboBox QAbstractItemView::item:selected { background: @pressed; color: @text; }
QSlider { min-height: 24px; }
QSlider::groove:horizontal { height: 4px; background: @track; border-radius: 2px; }
QSlider::sub-page:horizontal { background: @accent; border-radius: 2px; }
QSlider::handle:horizontal { width: 14px; height: 14px; margin: -7px 0; border-radius: 9px;
    background: @surface; border: 2px solid @accent; }
QSlider::handle:horizontal:focus { background: @accent; border-color: @focus; }
QCheckBox { spacing: 8px; }
QCheckBox::indicator { width: 16px; height: 16px; border: 1px solid @control; border-radius: 4px;
    background: @surface; }
QCheckBox::indicator:checked { background: @accent; border-color: @accent; image: url(venom:on/check.svg); }
QCheckBox::indicator:focus { width: 14px; height: 14px; border: 2px solid @focus; }
QCheckBox::indicator:checked:focus { border-color: @text; }
QRadioButton { spacing: 8px; }
QRadioButton::indicator { width: 14px; height: 14px; border: 1px solid @control; border-radius: 8px;
    background: @surface; }
QRadioButton::indicator:checked { width: 8px; height: 8px; border: 4px solid @accent; }
QRadioButton::indicator:focus { border-color: @focus; }
"""

_VIEWS: Final = """
QAbstractItemView { background: @surface; border: 0; selection-background-color: @accent_soft;
    selection-color: @text; gridline-color: @line; }
QListView[role="cards"] { background: transparent; }
QTableView::item { padding: 0; border: 0; }
QHeaderView { background: @surface; border: 0; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 2px 1px; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 1px 2px; }
QScrollBar::handle { background: @scroll; border-radius: 4px; min-height: 32px; min-width: 32px; }
QScrollBar::handle:hover { background: @control; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }
QMenu { background: @raised; color: @text; border: 1px solid @field; border-radius: @menu_radius; padding: 5px; }
QMenu::item { padding: 6px 26px 6px 10px; border-radius: 6px; min-width: 190px; }
QMenu::item:selected { background: @pressed; }
QMenu::item:disabled { color: @disabled; }
QMenu::separator { height: 1px; background: @line; margin: 5px 8px; }
QMenu::icon { padding-left: 8px; }
QMenu::indicator { width: 16px; height: 16px; left: 8px; }
QMenu::indicator:checked { image: url(venom:@theme/check.svg); }
QMenu::right-arrow { image: url(venom:@theme/right.svg); width: 14px; height: 14px; }
QAbstractScrollArea::corner { background: transparent; border: 0; }
QTextBrowser { background: transparent; border: 0; color: @text; }
"""


def style_sheet(tokens: Tokens, *, theme: str, menu_radius: int) -> str:
    """The sheet of one theme; `theme` names the folder of its tinted pictures."""
    extra = {"theme": theme, "menu_radius": f"{menu_radius}px"}

    def value(match: re.Match[str]) -> str:
        name = match[1]
        return extra[name] if name in extra else tokens[cast("ColorRole", name)]

    return re.sub(r"@(\w+)", value, _FRAMES + _BUTTONS + _FIELDS + _VIEWS)
