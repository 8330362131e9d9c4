"""The tray over the real core: what its rows do, what is refused, and what it keeps asking while nobody looks."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QSystemTrayIcon
from shiboken6 import delete

from tests.ui.test_tray_window import Presence
from tests.ui.workbench import Workbench, open_workbench, plain, turns, until
from venom_desktop.app.status import keep_status_true
from venom_desktop.core.errors import Cure, RuntimeFailed, SettingsReset
from venom_desktop.core.notices import Notices
from venom_desktop.core.operations.operation import OperationStatus, OperationType
from venom_desktop.core.registry.model import ModelKey, ModelMetadata
from venom_desktop.ui import theme
from venom_desktop.ui.bridge import Merged
from venom_desktop.ui.main_window import MainWindow
from venom_desktop.ui.theme import ThemeChoice
from venom_desktop.ui.tray import Tray, TrayParts
from venom_desktop.ui.tray_actions import TrayMenu
from venom_desktop.ui.tray_menu import TrayRow
from venom_desktop.ui.tray_notices import TrayNotice
from venom_desktop.ui.tray_window import TrayWindow

# The offscreen platform knows neither stacking nor trays, and says so.
pytestmark = pytest.mark.qt_log_ignore(
    "This plugin does not support", "No such signal QPlatformNativeInterface::systemTrayWindowChanged", extend=True
)


class NotingTray(Tray):
    """Notes what it tells, and shows it nowhere."""

    def __init__(self, *arguments: Any) -> None:
        self.told: list[TrayNotice] = []
        super().__init__(*arguments)

    def tell(self, notice: TrayNotice) -> None:
        self.told.append(notice)


@dataclass
class Desk:
    bench: Workbench
    window: MainWindow
    presence: Presence
    tray: NotingTray
    notices: Notices
    opened: list[str] = field(default_factory=list)
    cures: list[Cure] = field(default_factory=list)

    def choose(self, text: str, menu: str = "") -> None:
        self.tray.refresh()
        place = self.tray.menu.submenu(menu) if menu else self.tray.menu
        assert place is not None
        found = [action for action in place.actions() if plain(action.text()) == text]
        assert found, [action.text() for action in place.actions()]
        found[0].trigger()

    def icons(self) -> list[QSystemTrayIcon]:
        return [] if self.tray.icon is None else [self.tray.icon]

    def says(self, text: str) -> bool:
        self.tray.refresh()
        return text in [plain(action.text()) for action in self.tray.menu.actions()]


@pytest.fixture
async def desk(themed: QApplication, private_home: Path) -> AsyncIterator[Desk]:
    async with open_workbench(private_home) as bench:
        services = bench.services
        window, presence, notices = MainWindow(), Presence(there=True), Notices([SettingsReset(path="a", kept="b")])
        opened: list[str] = []
        cures: list[Cure] = []
        place = TrayWindow(
            window,
            presence,
            wanted=lambda: services.settings.snapshot.close_to_tray,
            quit_=lambda: opened.append("quit"),
        )
        window.switcher_requested.connect(lambda: opened.append("switcher"))
        window.alerts_requested.connect(lambda: opened.append("alerts"))
        parts = TrayParts(
            window=window,
            place=place,
            presence=presence,
            registry=services.registry,
            active=services.active,
            runtimes=services.runtimes,
            settings=services.settings,
            notices=notices,
            show_operations=lambda: opened.append("operations"),
            on_cure=cures.append,
            quit_=lambda: opened.append("quit"),
        )
        tray = NotingTray(bench.bridge, parts)
        notices.dismiss(notices.standing[0])
        yield Desk(bench, window, presence, tray, notices, opened, cures)
        await turns()
        if tray.icon is not None:
            tray.close()
        place.close()
        delete(window)


async def tiny(bench: Workbench, file: Path, name: str) -> ModelMetadata:
    model = await bench.put(f"org/{name}:Q4_K_M", display_name=name)
    assert model.local_path is not None
    copyfile(file, model.local_path)
    await bench.registry.inventory.refresh()
    return model


async def answers(desk: Desk, key: ModelKey) -> None:
    """Wait until the switch to a model is over altogether."""
    operations = desk.bench.registry.operations
    await until(lambda: desk.bench.services.active.snapshot.key == key)
    await until(lambda: all(one.status is OperationStatus.COMPLETED for one in operations.operations))


async def test_a_model_is_switched_to_unloaded_and_its_runtime_named(desk: Desk, tiny_llama: Path) -> None:
    first = await tiny(desk.bench, tiny_llama, "First")
    second = await tiny(desk.bench, tiny_llama, "Second")
    desk.choose("First", "models")
    await answers(desk, first.key)
    assert desk.says("llama.cpp · First")
    desk.choose("Second", "models")
    await answers(desk, second.key)
    desk.choose("Unload Second")
    await until(lambda: desk.bench.services.active.snapshot.key is None)
    desk.choose("llama.cpp · Second", "runtimes")
    await answers(desk, second.key)


async def test_the_active_model_is_not_switched_to_again(desk: Desk, tiny_llama: Path) -> None:
    first = await tiny(desk.bench, tiny_llama, "First")
    desk.choose("First", "models")
    await answers(desk, first.key)
    desk.choose("First", "models")
    await turns()
    assert len(desk.bench.registry.operations.operations) == 1


async def test_a_refused_switch_is_told_as_a_notification_and_in_the_window(desk: Desk, tiny_llama: Path) -> None:
    model = await tiny(desk.bench, tiny_llama, "Tiny")
    desk.window.show()
    desk.tray.refresh()
    assert model.local_path is not None
    model.local_path.unlink()
    desk.choose("Tiny", "models")
    await until(lambda: desk.tray.told)
    (notice,) = desk.tray.told
    assert notice.title == "Nothing was changed"
    assert "no longer at" in notice.text
    assert desk.window.notice.isVisible()
    assert desk.window.notice.sentence in notice.text


async def test_of_two_switches_one_wins_and_the_other_is_told(desk: Desk, tiny_llama: Path) -> None:
    await tiny(desk.bench, tiny_llama, "First")
    await tiny(desk.bench, tiny_llama, "Second")
    desk.choose("First", "models")
    desk.choose("Second", "models")
    operations = desk.bench.registry.operations
    await until(lambda: desk.bench.services.active.snapshot.key)
    await until(lambda: all(one.status.is_final for one in operations.operations))
    ended = [one.status for one in operations.operations]
    assert ended.count(OperationStatus.COMPLETED) == 1
    refused = [notice for notice in desk.tray.told if "switched already" in notice.text]
    failed = [one for one in operations.operations if one.reason_code == "SWITCH_IN_PROGRESS"]
    assert len(refused) + len(failed) >= 1


async def test_a_switch_that_asks_is_told_and_its_row_opens_the_window_at_the_question(
    desk: Desk, tiny_llama: Path
) -> None:
    first, second = [await tiny(desk.bench, tiny_llama, name) for name in ("First", "Second")]
    desk.choose("First", "models")
    await answers(desk, first.key)
    desk.tray.told.clear()
    desk.bench.registry._activating.finish_within_s = lambda: 0.0
    asks = "1 answer is still running on llama.cpp. Switch when it is done, or stop it now?"
    with desk.bench.services.runtimes["llama_cpp"].passing():
        desk.choose("Second", "models")
        await until(lambda: desk.says(asks))
        (notice,) = desk.tray.told
        assert (plain(notice.text), notice.operations) == (asks, True)
        desk.choose(asks)
        assert (desk.opened, desk.window.isVisible()) == (["operations"], True)
    await answers(desk, second.key)
    assert not desk.says(asks)


async def test_a_runtime_that_the_profile_forbids_is_not_shown_and_not_switched_to(
    desk: Desk, tiny_llama: Path
) -> None:
    await tiny(desk.bench, tiny_llama, "Tiny")
    desk.tray.refresh()
    await desk.bench.services.settings.set("runtime_profile", "llm_off")
    row = desk.tray.menu.submenu("models")
    assert row is not None
    # Chosen from a menu that was drawn before the profile changed.
    next(action for action in row.actions() if action.text() == "Tiny").trigger()
    await until(lambda: desk.tray.told)
    assert "llm_off" in desk.tray.told[0].text
    desk.tray.refresh()
    menu = desk.tray.menu.submenu("models")
    assert menu is not None
    assert [action.text() for action in menu.actions()] == ["No runtime is offered in this profile"]


async def test_downloads_are_paused_and_resumed_together(desk: Desk) -> None:
    desk.bench.script(OperationType.INSTALL)
    one, other = await desk.bench.start(name="org/one:Q4_K_M"), await desk.bench.start(name="org/two:Q4_K_M")
    operations = desk.bench.registry.operations
    await until(lambda: desk.says("Pause all downloads"))
    desk.choose("Pause all downloads")
    await until(lambda: all(operations.get(key).status is OperationStatus.PAUSED for key in (one, other)))
    desk.choose("Resume all downloads")
    await until(lambda: all(operations.get(key).status is OperationStatus.IN_PROGRESS for key in (one, other)))


async def test_progress_comes_into_the_menu_by_itself(desk: Desk) -> None:
    script = desk.bench.script(OperationType.INSTALL)
    await desk.bench.start()
    script.say("Downloading", done=43, total=100)

    def shown(text: str) -> bool:
        return any(text in plain(action.text()) for action in desk.tray.menu.actions())

    await until(lambda: shown("· 43 %"))
    script.say("Downloading", done=44, total=100)
    await until(lambda: shown("· 44 %"))
    desk.choose("Installing org/tiny:Q4_K_M · 44 %")
    assert desk.opened == ["operations"]
    assert desk.window.isVisible()


async def test_the_menu_is_renewed_at_most_ten_times_a_second(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    script = desk.bench.script(OperationType.INSTALL)
    key = await desk.bench.start()
    await until(lambda: desk.says("Pause all downloads"))
    renewed: list[float] = []
    show = TrayMenu.show_rows

    def noting(menu: TrayMenu, rows: tuple[TrayRow, ...]) -> None:
        renewed.append(1)
        show(menu, rows)

    monkeypatch.setattr(TrayMenu, "show_rows", noting)
    for done in range(1, 200):
        script.say("Downloading", done=done, total=200)
    await until(lambda: desk.bench.registry.get_operation_status(key).done_bytes == 199)
    await until(lambda: renewed)
    assert len(renewed) <= 20


async def test_the_window_is_opened_and_hidden_by_the_left_button_alone(desk: Desk) -> None:
    assert desk.tray.icon is not None
    reasons = QSystemTrayIcon.ActivationReason
    for reason in (reasons.MiddleClick, reasons.DoubleClick, reasons.Context):
        desk.tray.icon.activated.emit(reason)
        assert not desk.window.isVisible()
    desk.tray.icon.activated.emit(reasons.Trigger)
    assert desk.window.isVisible()
    await until(desk.window.isActiveWindow)
    desk.tray.icon.activated.emit(reasons.Trigger)
    assert not desk.window.isVisible()


async def test_the_rows_lead_into_the_window_and_out_of_the_program(desk: Desk) -> None:
    for number in range(13):
        await desk.bench.put(f"org/model-{number}:Q4_K_M")
    await desk.bench.registry.inventory.refresh()
    desk.choose("Open Venom Desktop")
    assert desk.window.isVisible()
    desk.window.hide()
    desk.choose("All installed models…", "models")
    assert desk.window.isVisible()
    desk.choose("Quit")
    assert desk.opened == ["switcher", "quit"]


async def test_an_ended_job_is_told_unless_notifications_are_off_and_a_click_leads_to_it(desk: Desk) -> None:
    script = desk.bench.script(OperationType.INSTALL)
    await desk.bench.start()
    script.fail(RuntimeFailed(runtime="llama.cpp", explanation="It ended."))
    await until(lambda: desk.tray.told)
    assert desk.tray.told[0].title == "Install org/tiny:Q4_K_M failed"
    assert desk.tray.icon is not None
    desk.tray._notice = desk.tray.told[0]
    desk.tray.icon.messageClicked.emit()
    assert desk.window.current_tab.value == "installed"
    assert desk.opened == ["operations"]
    desk.window.hide()
    await desk.bench.services.settings.set("notifications", False)
    await desk.bench.start(name="org/other:Q4_K_M")
    script.finish()
    await until(lambda: desk.bench.registry.operations.operations[0].status is OperationStatus.COMPLETED)
    await until(lambda: not desk.tray._notices._timer.isActive())
    assert len(desk.tray.told) == 1


async def test_an_alert_that_comes_out_of_sight_is_told_and_needs_the_user_until_it_is_dismissed(desk: Desk) -> None:
    news = RuntimeFailed(runtime="Ollama", explanation="The system ended it for want of memory.")
    desk.notices.add(news)
    assert [notice.text.splitlines()[0] for notice in desk.tray.told] == [str(news)]
    assert desk.says("1 alert")
    (icon,) = desk.icons()
    await until(lambda: "1 alert" in icon.toolTip())
    desk.choose("1 alert")
    desk.tray._notice = desk.tray.told[0]
    icon.messageClicked.emit()
    assert desk.opened == ["alerts", "alerts"]
    await until(desk.window.isActiveWindow)
    desk.notices.add(SettingsReset(path="c", kept="d"))
    assert len(desk.tray.told) == 1
    for notice in desk.notices.standing:
        desk.notices.dismiss(notice)
    assert not desk.says("1 alert")
    assert len(desk.tray.told) == 1


async def test_without_a_tray_there_is_no_icon_and_one_that_comes_gets_it(desk: Desk) -> None:
    desk.presence.become(False)
    assert not desk.icons()
    desk.tray.refresh()
    desk.presence.become(True)
    (icon,) = desk.icons()
    assert icon.toolTip() == "Venom Desktop: No model running"


async def test_what_ends_behind_a_tray_that_was_taken_away_reaches_nobody(desk: Desk) -> None:
    script = desk.bench.script(OperationType.INSTALL)
    key = await desk.bench.start()
    desk.tray.close()
    # What Qt does at the next turn of its own loop.
    delete(desk.tray.menu)
    heard: list[object] = []
    merged: Merged[object] = Merged(desk.window, heard.append)
    script.finish()
    await until(lambda: desk.bench.registry.get_operation_status(key).status is OperationStatus.COMPLETED)
    merged.add(None)
    await until(lambda: heard)
    assert desk.tray.told == []


async def test_the_icon_follows_the_theme(desk: Desk, themed: QApplication) -> None:
    assert desk.tray.icon is not None
    before = desk.tray.icon.icon().cacheKey()
    theme.apply(themed, ThemeChoice.DARK)
    try:
        await until(lambda: desk.tray.icon is not None and desk.tray.icon.icon().cacheKey() != before)
    finally:
        theme.apply(themed, ThemeChoice.LIGHT)


async def test_hidden_in_the_tray_nobody_asks_the_machine_how_it_is(desk: Desk) -> None:
    services = desk.bench.services
    meters = keep_status_true(desk.window, services, desk.bench.bridge)
    followed = [services.host.is_followed]
    for change in (desk.window.show, desk.window.hide, desk.window.showMinimized, desk.window.showNormal, meters.close):
        change()
        followed.append(services.host.is_followed)
    assert followed == [False, True, False, False, True, False]
