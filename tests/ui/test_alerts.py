"""The bell counts what stands; the list under it has the sentence, the cure and the way to be rid of it."""

from collections.abc import AsyncIterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from tests.ui.settings.desk import until
from venom_desktop.core.errors import Cure, ManifestBroughtBack, SettingsReset
from venom_desktop.core.notices import Notices
from venom_desktop.core.tasks import TaskScope
from venom_desktop.ui.alerts import Alerts, Badge
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.main_window import MainWindow
from venom_desktop.ui.widgets import Button, ToolButton

# The offscreen platform knows neither stacking nor grabs, and says so.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)

RESET = SettingsReset(path="settings.json", kept="settings.json.damaged")
BACK = ManifestBroughtBack(path="manifest.json")


class Bell:
    def __init__(self, qtbot: QtBot, scope: TaskScope) -> None:
        self.window = MainWindow()
        qtbot.addWidget(self.window)
        self.window.show()
        self.notices = Notices([RESET])
        self.cured: list[Cure] = []
        self.alerts = Alerts(
            Bridge(scope), self.notices, self.window.alerts_button, lambda cure, _: self.cured.append(cure)
        )
        self.window.alerts_requested.connect(self.alerts.open)

    @property
    def badge(self) -> Badge:
        found = self.window.alerts_button.findChild(Badge)
        assert isinstance(found, Badge)
        return found

    @property
    def words(self) -> list[str]:
        labels = self.alerts.popup.findChildren(QLabel)
        return [label.text() for label in labels if not label.isHidden() and label.isVisible()]


@pytest.fixture
async def bell(themed: QApplication, qtbot: QtBot) -> AsyncIterator[Bell]:
    async with TaskScope("alerts") as scope:
        yield Bell(qtbot, scope)


async def test_the_bell_counts_what_stands_and_says_it(bell: Bell) -> None:
    assert (bell.badge.text, bell.window.alerts_button.accessibleName()) == ("1", "1 alert")
    bell.notices.add(BACK)
    assert (bell.badge.text, bell.window.alerts_button.accessibleName()) == ("2", "2 alerts")
    bell.notices.dismiss(BACK)
    bell.notices.dismiss(RESET)
    assert not bell.badge.isVisible()
    assert bell.window.alerts_button.accessibleName() == "Alerts"


async def test_the_list_opens_under_the_bell_inside_the_window_and_esc_closes_it(bell: Bell) -> None:
    bell.window.alerts_button.click()
    popup = bell.alerts.popup
    assert popup.isVisible()
    assert bell.window.geometry().contains(popup.geometry())
    assert any("settings.json was damaged" in words for words in bell.words)
    QTest.keyClick(popup, Qt.Key.Key_Escape)
    assert not popup.isVisible()


async def test_a_cure_is_handed_on_and_its_notice_goes(bell: Bell) -> None:
    bell.alerts.open()
    (button,) = bell.alerts.popup.findChildren(Button)
    assert button.label == "Open settings"
    button.click()
    assert bell.cured == [Cure.OPEN_SETTINGS]
    assert bell.notices.standing == ()
    assert not bell.alerts.popup.isVisible()


async def test_when_the_last_one_is_dismissed_nothing_needs_you(bell: Bell) -> None:
    bell.alerts.open()
    (close,) = bell.alerts.popup.findChildren(ToolButton)
    close.click()
    await until(lambda: bell.words == ["Alerts", "Nothing needs you"])
