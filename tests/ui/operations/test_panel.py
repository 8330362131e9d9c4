"""The operations panel over real operations."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import QElapsedTimer, QEvent, QObject, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from tests.ui.operations.test_presenter import NOTHING, NOW, operation
from tests.ui.workbench import Workbench, open_workbench, plain, turns, until
from venom_desktop.core.errors import Cure, DiskFull, QuotaExceeded
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType
from venom_desktop.core.registry.switch_steps import STOP_AND_SWITCH
from venom_desktop.ui.bridge import MERGE_MS
from venom_desktop.ui.operations.bar import OperationsBar
from venom_desktop.ui.operations.panel import OperationsPanel
from venom_desktop.ui.operations.presenter import Counts, Verb, look
from venom_desktop.ui.operations.row import OperationRow

GB = 10**9


class Clock:
    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Desk:
    def __init__(self, bench: Workbench, page: QWidget) -> None:
        self.bench = bench
        self.clock = Clock()
        self.cured: list[tuple[Cure, ModelOperation]] = []
        self.panel = OperationsPanel(
            bench.registry,
            bench.services.settings,
            bench.bridge,
            on_cure=lambda cure, operation: self.cured.append((cure, operation)),
            now=self.clock,
        )
        layout = QVBoxLayout(page)
        layout.addStretch(1)
        layout.addWidget(self.panel)
        page.resize(1280, 800)
        page.show()
        self.install = bench.script(OperationType.INSTALL)

    def status(self, operation_id: str) -> OperationStatus:
        return self.bench.registry.get_operation_status(operation_id).status

    def row(self, operation_id: str) -> OperationRow:
        return self.panel.rows[operation_id]

    def press(self, operation_id: str, name: str) -> None:
        found = [button for button in self.row(operation_id).buttons if plain(button.accessibleName()) == name]
        assert found, [button.accessibleName() for button in self.row(operation_id).buttons]
        found[0].click()

    async def begin(self, name: str = "org/tiny:Q4_K_M") -> str:
        operation_id = await self.bench.start(OperationType.INSTALL, name)
        await until(lambda: operation_id in self.panel.rows if self.panel.is_expanded else self.panel.isVisible())
        return operation_id


@pytest.fixture
async def desk(themed: QApplication, qtbot: QtBot, tmp_path: Path) -> AsyncIterator[Desk]:
    page = QWidget()
    qtbot.addWidget(page)
    async with open_workbench(tmp_path / "home") as bench:
        yield Desk(bench, page)
        page.hide()
        page.deleteLater()
        await turns()


async def test_it_is_hidden_while_there_is_nothing_to_tell(desk: Desk) -> None:
    assert desk.panel.isHidden()
    desk.panel.toggle()
    assert not desk.panel.is_expanded
    await desk.begin()
    assert desk.panel.isVisible()


async def test_the_closed_bar_follows_the_running_job(desk: Desk) -> None:
    await desk.begin()
    desk.install.say("Downloading tiny.gguf", done=2_200_000_000, total=5_200_000_000)
    await until(lambda: plain(desk.panel.bar.percent.text()) == "42 %")
    assert desk.panel.bar.title.text() == "Installing org/tiny:Q4_K_M"
    assert plain(desk.panel.bar.amounts.text()) == "2.2 of 5.2 GB"
    desk.panel.set_narrow(True)
    assert desk.panel.bar.amounts.text() == ""


async def test_pause_resume_and_cancel_from_a_row(desk: Desk) -> None:
    operation_id = await desk.begin()
    desk.panel.toggle()
    desk.press(operation_id, "Pause")
    await until(lambda: desk.status(operation_id) is OperationStatus.PAUSED)
    await until(lambda: desk.row(operation_id).detail.text() == "Paused by you")
    desk.press(operation_id, "Resume")
    await until(lambda: desk.status(operation_id) is OperationStatus.IN_PROGRESS)
    await until(lambda: len(desk.row(operation_id).buttons) == 2)
    desk.press(operation_id, "Cancel")
    await until(lambda: desk.status(operation_id) is OperationStatus.CANCELLED)
    await until(lambda: "Cancelled" in desk.row(operation_id).detail.text())


async def test_pause_and_resume_from_the_closed_bar(desk: Desk) -> None:
    operation_id = await desk.begin()
    buttons = desk.panel.bar.findChildren(QAbstractButton)
    next(button for button in buttons if button.accessibleName() == "Pause").click()
    await until(lambda: desk.status(operation_id) is OperationStatus.PAUSED)
    await until(lambda: any(button.isVisible() and button.accessibleName() == "Resume" for button in buttons))
    next(button for button in buttons if button.accessibleName() == "Resume").click()
    await until(lambda: desk.status(operation_id) is OperationStatus.IN_PROGRESS)


def test_a_question_has_both_of_its_answers_in_the_closed_bar(themed: QApplication, qtbot: QtBot) -> None:
    bar = OperationsBar()
    qtbot.addWidget(bar)
    bar.resize(960, bar.height())
    bar.show()
    told: list[tuple[str, object]] = []
    bar.pressed.connect(lambda key, verb: told.append((key, verb)))
    sentence = "1 answer is still running on vLLM. Switch when it is done, or stop it now?"
    kind = OperationType.ACTIVATE
    asking = operation(operation_type=kind, can_pause=False, message=sentence, question=STOP_AND_SWITCH)

    def offered(shown: ModelOperation) -> list[QAbstractButton]:
        bar.show_leader(shown, look(shown, NOTHING, NOW), Counts(running=1))
        return [button for button in bar.findChildren(QAbstractButton) if button.isVisible()]

    wait, stop, expand = offered(asking)
    assert [button.accessibleName() for button in (wait, stop, expand)] == [
        "Wait",
        "Stop and switch",
        "Show operations (Ctrl+J)",
    ]
    assert bar.amounts.text() == sentence
    wait.click()
    stop.click()
    assert told == [("one", Verb.KEEP_WAITING), ("one", Verb.STOP_AND_SWITCH)]
    assert offered(operation(operation_type=kind, can_pause=False, message="Stopping vLLM")) == [expand]


async def test_a_failed_job_is_tried_again_from_its_row(desk: Desk) -> None:
    desk.install.fail(DiskFull())
    operation_id = await desk.begin()
    desk.panel.toggle()
    await until(lambda: "disk is full" in desk.row(operation_id).detail.text())
    assert not desk.row(operation_id).bar.isVisible()
    desk.press(operation_id, "Retry")
    await until(lambda: desk.install.runs == 2)
    desk.install.finish()
    await until(lambda: desk.status(operation_id) is OperationStatus.COMPLETED)


async def test_a_cure_that_leads_elsewhere_is_told_with_its_job(desk: Desk) -> None:
    desk.install.fail(DiskFull())
    operation_id = await desk.begin()
    desk.panel.toggle()
    await until(lambda: len(desk.row(operation_id).buttons) == 3)
    desk.press(operation_id, "Free up space…")
    assert [(cure, operation.operation_id) for cure, operation in desk.cured] == [(Cure.FREE_SPACE, operation_id)]


async def test_raising_the_limit_stores_it_and_tries_again(desk: Desk) -> None:
    figures = {"needed": "15.2 GB", "left": "11.8 GB", "needed_bytes": 15 * GB, "left_bytes": 12 * GB}
    desk.install.fail(QuotaExceeded(**figures, raise_to_gb=66))
    operation_id = await desk.begin()
    desk.panel.toggle()
    await until(lambda: len(desk.row(operation_id).buttons) == 4)
    desk.press(operation_id, "Raise the limit to 66 GB")
    await until(lambda: desk.install.runs == 2)
    assert desk.bench.services.settings.snapshot.max_storage_gb == 66


async def test_what_is_done_is_activated_or_dismissed_and_leaves_after_thirty_seconds(desk: Desk) -> None:
    activate = desk.bench.script(OperationType.ACTIVATE)
    await desk.bench.put()
    operation_id = await desk.begin()
    desk.panel.toggle()
    desk.install.finish()
    await until(lambda: "Verified and ready" in desk.row(operation_id).detail.text())
    desk.press(operation_id, "Activate")
    await until(lambda: activate.runs == 1)
    activate.finish()
    desk.press(operation_id, "Dismiss")
    await until(lambda: operation_id not in desk.panel.rows)
    await until(lambda: all(shown.look and shown.look.icon == "check" for shown in desk.panel.rows.values()))
    desk.clock.ahead = timedelta(seconds=31)
    desk.panel.refresh()
    assert desk.panel.isHidden()
    assert not desk.panel.is_expanded


async def test_clear_finished_leaves_what_is_not(desk: Desk) -> None:
    desk.install.fail(DiskFull())
    failed = await desk.begin("org/one:Q8_0")
    desk.panel.toggle()
    await until(lambda: desk.status(failed) is OperationStatus.FAILED)
    running = await desk.begin("org/two:Q8_0")
    clear = next(b for b in desk.panel.findChildren(QAbstractButton) if b.accessibleName() == "Clear finished")
    await until(clear.isVisible)
    clear.click()
    await until(lambda: set(desk.panel.rows) == {running})
    assert not clear.isVisible()


async def test_a_row_never_changes_height(desk: Desk) -> None:
    operation_id = await desk.begin()
    desk.panel.toggle()
    row = desk.row(operation_id)
    await turns()
    heights = {row.height()}
    desk.install.say("Downloading tiny.gguf", done=1, total=2)
    await until(lambda: row.look and row.look.fraction)
    heights.add(row.height())
    desk.press(operation_id, "Pause")
    await until(lambda: row.look and row.look.paused)
    heights.add(row.height())
    desk.install.fail(QuotaExceeded(needed="15.2 GB", left="11.8 GB", raise_to_gb=66))
    desk.press(operation_id, "Resume")
    await until(lambda: row.look and row.look.icon == "error")
    await turns()
    heights.add(row.height())
    assert heights == {max(52, row.height())}


class Paints(QObject):
    """Counts how often a widget was asked to paint itself."""

    def __init__(self, watched: QWidget) -> None:
        super().__init__(watched)
        self.count = 0
        watched.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Paint
        return False


async def test_two_hundred_progress_events_repaint_a_row_ten_times_a_second_at_most(desk: Desk) -> None:
    operation_id = await desk.begin()
    desk.panel.toggle()
    desk.install.say("Downloading tiny.gguf", done=0, total=1000)
    await until(lambda: plain(desk.row(operation_id).amounts.text()).startswith("0 %"))
    told: list[ModelOperation] = []
    desk.bench.registry.operations.changed.subscribe(told.append)
    paints = Paints(desk.row(operation_id).amounts)
    spent = QElapsedTimer()
    spent.start()
    for step in range(200):
        desk.install.say(done=step + 1)
        await turns(2)
    await until(lambda: plain(desk.row(operation_id).amounts.text()).startswith("20 %"))
    await turns()
    assert len(told) == 200
    assert paints.count <= spent.elapsed() / MERGE_MS + 2


async def test_control_j_is_the_windows_key_and_toggle_its_answer(desk: Desk) -> None:
    operation_id = await desk.begin()
    closed = desk.panel.sizeHint().height()
    desk.panel.toggle()
    await turns()
    assert desk.panel.sizeHint().height() > closed
    assert desk.row(operation_id).isVisible()
    desk.panel.toggle()
    assert desk.panel.sizeHint().height() == closed


async def test_a_click_on_the_line_opens_the_list(desk: Desk) -> None:
    await desk.begin()
    QTest.mouseClick(desk.panel.bar, Qt.MouseButton.LeftButton)
    assert desk.panel.is_expanded
