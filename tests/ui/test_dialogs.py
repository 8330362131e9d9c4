"""Dialogs ask and never block: the safe answer is focused, Esc is safe, every way out settles the future."""

import asyncio

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from venom_desktop.ui.dialogs import Dialog, Question, QuestionDialog, SecretDialog, answer, ask

REMOVE = Question(
    title="Remove deepseek-r1:14b?",
    consequence="Its file (9.0 GB) is deleted.",
    safe="Keep",
    action="Remove 9.0 GB",
    destroys=True,
)


@pytest.fixture
def window(themed: QApplication, qtbot: QtBot) -> QWidget:
    widget = QWidget()
    qtbot.addWidget(widget)
    with qtbot.waitActive(widget):
        widget.show()
    return widget


def opened(window: QWidget, qtbot: QtBot) -> Dialog:
    dialog = QuestionDialog(window, REMOVE)
    with qtbot.waitActive(dialog):
        dialog.open()
    return dialog


def test_the_safe_button_has_the_focus(window: QWidget, qtbot: QtBot) -> None:
    dialog = opened(window, qtbot)
    qtbot.waitUntil(dialog.safe.hasFocus)
    assert dialog.action.property("kind") == "destroy"
    dialog.reject()


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, Qt.Key.Key_Return])
def test_escape_and_a_blind_enter_are_safe(window: QWidget, qtbot: QtBot, key: Qt.Key) -> None:
    dialog = opened(window, qtbot)
    with qtbot.waitSignal(dialog.answered) as told:
        QTest.keyClick(dialog, key)
    assert told.args == [False]


def test_the_action_is_told_once(window: QWidget, qtbot: QtBot) -> None:
    dialog = opened(window, qtbot)
    told: list[bool] = []
    dialog.answered.connect(told.append)
    dialog.action.click()
    assert told == [True]


def test_nothing_typed_cannot_be_stored(window: QWidget, qtbot: QtBot) -> None:
    dialog = SecretDialog(window, "Hugging Face token", "It is kept in the keyring.")
    with qtbot.waitActive(dialog):
        dialog.open()
    field = dialog.findChild(QLineEdit)
    assert isinstance(field, QLineEdit)
    assert field.echoMode() == QLineEdit.EchoMode.Password
    assert not dialog.action.isEnabled()
    field.setText("  hf_x ")
    assert dialog.action.isEnabled()
    assert dialog.secret == "hf_x"
    dialog.reject()


async def test_a_question_is_awaited_without_stopping_the_loop(window: QWidget) -> None:
    asked = asyncio.ensure_future(ask(window, REMOVE))
    await asyncio.sleep(0)
    dialog = window.findChild(QuestionDialog)
    assert isinstance(dialog, QuestionDialog)
    dialog.action.click()
    assert await asked is True


async def test_a_cancelled_question_takes_its_dialog_along(window: QWidget) -> None:
    dialog = QuestionDialog(window, REMOVE)
    asked = asyncio.ensure_future(answer(dialog))
    await asyncio.sleep(0)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert not dialog.isVisible()
