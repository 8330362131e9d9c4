"""Real Qt for the tests of the window: one application in our theme, Inter, English."""

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QLocale
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication

from venom_desktop.ui import theme
from venom_desktop.ui.theme import ThemeChoice

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    before = QLocale()
    QLocale.setDefault(QLocale("en_US"))
    yield
    QLocale.setDefault(before)


@pytest.fixture
def themed(qapp: QApplication) -> QApplication:
    """The application in the light theme."""
    qapp.setFont(QFont("Inter", 10))
    theme.apply(qapp, ThemeChoice.LIGHT)
    return qapp


@pytest.fixture
def pictures() -> Path:
    """Where screenshots for people go."""
    folder = ROOT / "test-output" / "ui"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
