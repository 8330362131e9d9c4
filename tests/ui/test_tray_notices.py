"""Notifications: of what ended out of sight, merged, a failure with its cure, and each leads to the right place."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from tests.ui.tray_facts import operation
from venom_desktop.core.errors import NotEnoughSpace, SwitchInProgress
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType
from venom_desktop.core.registry.switch_steps import STOP_AND_SWITCH
from venom_desktop.core.signals import Signal
from venom_desktop.core.tasks import TaskScope
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.tab_bar import TabName
from venom_desktop.ui.tray_notices import OperationNotices, TrayNotice, notice_of, refusal_notice

RUNNING, DONE, FAILED = OperationStatus.IN_PROGRESS, OperationStatus.COMPLETED, OperationStatus.FAILED


@dataclass
class Desk:
    changes: Signal[ModelOperation] = field(default_factory=Signal)
    told: list[TrayNotice] = field(default_factory=list)
    watched: bool = False

    def end(self, name: str, status: OperationStatus = DONE) -> None:
        self.changes.publish(operation(name, RUNNING))
        self.changes.publish(operation(name, status))


@pytest.fixture
def desk(themed: QApplication) -> Iterator[Desk]:
    made = Desk()
    bridge = Bridge(TaskScope("notices"))
    notices = OperationNotices(bridge, made.changes, watched=lambda: made.watched, tell=made.told.append, merge_ms=50)
    yield made
    delete(notices)
    assert not made.changes.has_listeners


def test_what_ends_out_of_sight_is_told(desk: Desk, qtbot: QtBot) -> None:
    desk.end("qwen3:8b")
    qtbot.waitUntil(lambda: bool(desk.told), timeout=10_000)
    (notice,) = desk.told
    assert (notice.title, notice.text) == ("Install qwen3:8b", "Verified and ready")
    assert (notice.tab, notice.operations, notice.failed) == (TabName.INSTALLED, False, False)


def test_a_question_out_of_sight_is_told_each_time_it_is_asked(desk: Desk) -> None:
    asks = "2 answers are still running on Ollama. Switch when they are done, or stop them now?"
    asking = operation(
        "qwen3:8b", RUNNING, operation_type=OperationType.ACTIVATE, message=asks, question=STOP_AND_SWITCH
    )
    for one in (asking, asking, replace(asking, question=None), asking):
        desk.changes.publish(one)
    desk.watched = True
    for one in (replace(asking, question=None), asking):
        desk.changes.publish(one)
    assert [(notice.title, notice.text, notice.operations) for notice in desk.told] == [
        ("Activate qwen3:8b", asks, True)
    ] * 2


def test_what_ends_together_is_told_together(desk: Desk, qtbot: QtBot) -> None:
    for number in range(5):
        desk.end(f"model-{number}")
    desk.end("broken", FAILED)
    qtbot.waitUntil(lambda: bool(desk.told), timeout=10_000)
    (notice,) = desk.told
    assert notice.title == "5 finished · 1 failed"
    assert notice.text.splitlines() == [
        "Failed: Install broken",
        "Install model-0 · Verified and ready",
        "Install model-1 · Verified and ready",
        "3 more",
    ]
    assert notice.operations


def test_what_the_user_sees_cancels_or_has_seen_before_is_no_news(desk: Desk, qtbot: QtBot) -> None:
    desk.watched = True
    desk.end("seen")
    desk.watched = False
    desk.end("cancelled", OperationStatus.CANCELLED)
    desk.changes.publish(operation("of an earlier run", FAILED))
    desk.end("news")
    qtbot.waitUntil(lambda: bool(desk.told), timeout=10_000)
    assert [notice.title for notice in desk.told] == ["Install news"]


def test_a_failure_that_is_tried_again_at_once_is_not_told(desk: Desk, qtbot: QtBot) -> None:
    desk.end("again", FAILED)
    desk.changes.publish(operation("again", RUNNING))
    desk.end("other")
    qtbot.waitUntil(lambda: bool(desk.told), timeout=10_000)
    assert [notice.title for notice in desk.told] == ["Install other"]


def test_a_failure_names_its_cure_and_leads_to_its_row(themed: QApplication) -> None:
    error = NotEnoughSpace(needed="15.2 GB", left="11.8 GB")
    failed = replace(
        operation(status=FAILED), reason_code=error.reason_code, error=str(error), error_parameters=error.parameters
    )
    notice = notice_of([failed])
    assert notice.title == "Install qwen3:8b failed"
    assert notice.text.splitlines()[-1] == "In the window: Free up space…"
    assert notice.operations
    assert notice.failed


@pytest.mark.parametrize(
    ("kind", "tab"),
    [
        (OperationType.INSTALL, TabName.INSTALLED),
        (OperationType.REMOVE, TabName.INSTALLED),
        (OperationType.ACTIVATE, TabName.RUNTIME),
        (OperationType.SETUP, TabName.RUNTIME),
    ],
)
def test_a_notification_leads_to_the_tab_of_its_job(themed: QApplication, kind: OperationType, tab: TabName) -> None:
    assert notice_of([operation(status=DONE, operation_type=kind)]).tab is tab


def test_a_refusal_says_that_nothing_was_changed(themed: QApplication) -> None:
    notice = refusal_notice(SwitchInProgress())
    assert notice.title == "Nothing was changed"
    assert notice.text == "A model is being switched already. Wait until it is done."
