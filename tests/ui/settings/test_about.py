"""About tells the version and the licences that ship."""

from pathlib import Path

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.ui.settings.desk import said_by
from venom_desktop import __version__
from venom_desktop.ui.settings.about_page import AboutPage
from venom_desktop.ui.settings.places import Places


def test_the_version_the_folders_and_the_licences_are_there(themed: QApplication, qtbot: QtBot, tmp_path: Path) -> None:
    page = AboutPage(Places(models=tmp_path, config=tmp_path / "config", log=tmp_path / "log"))
    qtbot.addWidget(page)
    page.resize(900, 600)
    page.show()
    said = said_by(page)
    assert __version__ in said
    assert str(tmp_path / "config") in said
    assert not page.notices.text.isVisible()
    page.notices.button.click()
    assert page.notices.text.isVisible()
    assert "PySide6" in page.notices.text.toPlainText()
    page.licence.button.click()
    assert "Permission is hereby granted" in page.licence.text.toPlainText()
    page.notices.button.click()
    assert not page.notices.text.isVisible()
