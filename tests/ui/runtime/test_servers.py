"""Cards of servers at work: started without a model, refused, somebody else's, not installed."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

from PySide6.QtWidgets import QApplication

from tests.support.accessible import unnamed
from tests.ui.runtime.desk import NAME, Desk, run_desk
from tests.ui.runtime.plain_server import (
    EXTERNAL,
    MISSING,
    OLLAMA,
    RUNNING,
    PlainServer,
    PlainSetup,
    in_memory,
)
from venom_desktop.core.errors import ServerPortTaken, ServerRunsAlready, SourceUnreachable
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType, Progress
from venom_desktop.core.operations.service import Kind, OperationService
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.base import Control, RuntimeState
from venom_desktop.core.runtimes.control.unit import Unit, UnitState
from venom_desktop.core.runtimes.ollama_setup.snapshot import SetupSnapshot
from venom_desktop.core.settings.schema import UnitScope
from venom_desktop.ui.dialogs import QuestionDialog
from venom_desktop.ui.runtime.card import RuntimeCard
from venom_desktop.ui.runtime.card_facts import Verb
from venom_desktop.ui.runtime.server_tools import ServerTools

TAKEN = {"port": 11434, "holder": "PID 3187 (ollama)", "runtime": "Ollama", "free_port": 11435}


def card_of(desk: Desk) -> RuntimeCard:
    return desk.tab.cards[OLLAMA]


def word(desk: Desk) -> str:
    return card_of(desk).pill.look.text


def shown(card: RuntimeCard) -> set[str]:
    """The words on the buttons that can be seen."""
    return {button.label for button in (*card.cure_buttons, *card.buttons.values()) if button.isVisible()}


def press(card: RuntimeCard, label: str) -> None:
    buttons = (*card.cure_buttons, *card.buttons.values())
    next(button for button in buttons if button.isVisible() and button.label == label).click()


def entries(card: RuntimeCard) -> list[str]:
    card.menu.aboutToShow.emit()
    return [action.text() for action in card.menu.actions() if action.text()]


def choose(card: RuntimeCard, label: str) -> None:
    card.menu.aboutToShow.emit()
    next(action for action in card.menu.actions() if action.text() == label).trigger()


async def dialog_of(desk: Desk) -> QuestionDialog:
    found: list[QuestionDialog] = []

    def opened() -> bool:
        found[:] = [one for one in desk.tab.panel.findChildren(QuestionDialog) if one.isVisible()]
        return bool(found)

    await desk.until(opened)
    return found[0]


def test_a_server_starts_and_stops_without_any_model(themed: QApplication, tmp_path: Path) -> None:
    server = PlainServer()

    async def scenario(desk: Desk) -> None:
        card = card_of(desk)
        assert shown(card) == {"Start"}
        assert card.buttons[Verb.START].isEnabled()
        press(card, "Start")
        await desk.until(lambda: word(desk) == "Running")
        assert [line.replace("\u00a0", " ") for line in card.lines] == [
            "No model is loaded",
            "Child process · port 11434 · PID 3187",
        ]
        assert shown(card) == {"Restart", "Stop"}
        press(card, "Stop")
        await desk.until(lambda: word(desk) == "Stopped")
        assert server.asked == ["start", "stop"]

    run_desk(themed, tmp_path / "home", scenario, servers={OLLAMA: server})


def test_a_restart_keeps_the_server_and_loads_nothing_that_was_not_active(themed: QApplication, tmp_path: Path) -> None:
    server = PlainServer(replace(RUNNING, loaded=(in_memory("a:1"),)))

    async def scenario(desk: Desk) -> None:
        press(card_of(desk), "Restart")
        await desk.until(lambda: server.snapshot.pid == 3188)
        assert desk.services.registry.operations.operations == ()

    run_desk(themed, tmp_path / "home", scenario, servers={OLLAMA: server})


def test_a_taken_port_is_explained_and_the_server_there_can_be_used(themed: QApplication, tmp_path: Path) -> None:
    server = PlainServer(refusal=ServerRunsAlready(**TAKEN), found=EXTERNAL)
    ports: list[int] = []

    async def use_free_port(port: int) -> None:
        ports.append(port)

    async def scenario(desk: Desk) -> None:
        card = card_of(desk)
        press(card, "Start")
        await desk.until(card.failure.isVisible)
        assert card.failure.text() == "Port 11434 is taken by PID 3187 (ollama). Ollama was not started."
        assert card.failure.toolTip() == "SERVER_RUNS_ALREADY"
        assert shown(card) == {"Use that server", "Use port 11435"}
        press(card, "Use that server")
        await desk.until(lambda: word(desk) == "Running")
        assert not card.failure.isVisible()
        assert "Started by another program" in card.lines[1]
        assert ports == []

    tools = {OLLAMA: ServerTools(use_free_port=use_free_port)}
    run_desk(themed, tmp_path / "home", scenario, servers={OLLAMA: server}, tools=tools)


def test_a_port_that_something_else_holds_leads_to_a_free_one(themed: QApplication, tmp_path: Path) -> None:
    server = PlainServer(refusal=ServerPortTaken(**{**TAKEN, "holder": "PID 80 (nginx)"}))
    ports: list[int] = []

    async def use_free_port(port: int) -> None:
        ports.append(port)

    async def scenario(desk: Desk) -> None:
        card = card_of(desk)
        press(card, "Start")
        await desk.until(card.failure.isVisible)
        assert shown(card) == {"Use port 11435", "Start"}
        press(card, "Use port 11435")
        await desk.until(lambda: word(desk) == "Running")
        assert ports == [11435]
        assert server.asked == ["start", "start"]

    tools = {OLLAMA: ServerTools(use_free_port=use_free_port)}
    run_desk(themed, tmp_path / "home", scenario, servers={OLLAMA: server}, tools=tools)


def test_where_no_port_can_be_stored_none_is_offered(themed: QApplication, tmp_path: Path) -> None:
    server = PlainServer(refusal=ServerRunsAlready(**TAKEN))

    async def scenario(desk: Desk) -> None:
        press(card_of(desk), "Start")
        await desk.until(card_of(desk).failure.isVisible)
        assert shown(card_of(desk)) == {"Use that server", "Start"}

    run_desk(themed, tmp_path / "home", scenario, servers={OLLAMA: server})


def test_what_was_refused_is_forgotten_when_the_server_runs_after_all(themed: QApplication, tmp_path: Path) -> None:
    server = PlainServer(refusal=ServerRunsAlready(**TAKEN))

    async def scenario(desk: Desk) -> None:
        press(card_of(desk), "Start")
        await desk.until(card_of(desk).failure.isVisible)
        server.show(EXTERNAL)
        await desk.until(lambda: not card_of(desk).failure.isVisible())
        server.show(PlainServer().snapshot)
        await desk.until(lambda: word(desk) == "Stopped")
        assert not card_of(desk).failure.isVisible()

    run_desk(themed, tmp_path / "home", scenario, servers={OLLAMA: server})


def test_a_server_of_another_program_is_ended_only_when_the_user_agrees(themed: QApplication, tmp_path: Path) -> None:
    server = PlainServer(replace(EXTERNAL, loaded=(in_memory("a:1", 4.9), in_memory("b:1", 0.4)), answering=1))

    async def scenario(desk: Desk) -> None:
        card = card_of(desk)
        assert shown(card) == {"Restart…", "Stop…"}
        press(card, "Stop…")
        dialog = await dialog_of(desk)
        assert dialog.windowTitle() == "Stop Ollama, though another program started it?"
        texts = " ".join(label.text() for label in dialog.findChildren(type(card.failure)))
        assert "PID 3187" in texts
        assert "2 models leave memory (5.3 GB). 1 answer ends." in texts.replace("\u00a0", " ")
        dialog.safe.click()
        await desk.until(lambda: not desk.tab.panel.findChildren(QuestionDialog))
        assert server.asked == ["stop"]
        press(card, "Stop…")
        (await dialog_of(desk)).action.click()
        await desk.until(lambda: word(desk) == "Stopped")
        assert server.asked == ["stop", "stop", "stop by force"]

    run_desk(themed, tmp_path / "home", scenario, servers={OLLAMA: server})


def test_a_restart_of_another_programs_server_asks_too_and_makes_it_ours(themed: QApplication, tmp_path: Path) -> None:
    server = PlainServer(EXTERNAL)

    async def scenario(desk: Desk) -> None:
        press(card_of(desk), "Restart…")
        (await dialog_of(desk)).action.click()
        await desk.until(lambda: shown(card_of(desk)) == {"Restart", "Stop"})
        assert server.asked == ["restart", "stop by force", "start"]

    run_desk(themed, tmp_path / "home", scenario, servers={OLLAMA: server})


def test_what_is_not_installed_says_so_and_offers_to_install_it(themed: QApplication, tmp_path: Path) -> None:
    setup = PlainSetup()

    async def scenario(desk: Desk) -> None:
        card = card_of(desk)
        assert word(desk) == "Not installed"
        assert not card.failure.isVisible()
        assert card.sentence.text().startswith("Ollama is not on this computer.")
        assert shown(card) == {"Install Ollama"}
        assert "Check for an update" not in entries(card)
        press(card, "Install Ollama")
        await desk.until(lambda: setup.asked == ["install"])

    tools = {OLLAMA: ServerTools(setup=setup)}
    run_desk(themed, tmp_path / "home", scenario, servers={OLLAMA: PlainServer(MISSING)}, tools=tools)


def test_an_install_that_could_not_begin_says_why(themed: QApplication, tmp_path: Path) -> None:
    setup = PlainSetup(refusal=SourceUnreachable(source="Ollama's release page"))

    async def scenario(desk: Desk) -> None:
        card = card_of(desk)
        press(card, "Install Ollama")
        await desk.until(card.failure.isVisible)
        assert card.failure.text().startswith("Ollama's release page does not answer.")
        assert "Install Ollama" in shown(card)

    tools = {OLLAMA: ServerTools(setup=setup)}
    run_desk(themed, tmp_path / "home", scenario, servers={OLLAMA: PlainServer(MISSING)}, tools=tools)


def test_the_setup_goes_on_on_the_card_and_starts_the_server_unless_it_is_cancelled(
    themed: QApplication, tmp_path: Path
) -> None:
    waits = asyncio.Event()

    async def fetch(operation: ModelOperation) -> AsyncGenerator[Progress, None]:
        yield Progress(message="Unpacking", done_bytes=43, total_bytes=100)
        await waits.wait()
        yield Progress(message="Installed 0.16.3")

    class RealSetup(PlainSetup):
        async def install(self) -> str:
            return await operations[0].start(OperationType.SETUP, "Ollama", runtime=OLLAMA)

    operations: list[OperationService] = []
    setup, server = RealSetup(), PlainServer(MISSING)

    async def scenario(desk: Desk) -> None:
        service, card = desk.services.registry.operations, card_of(desk)
        service.register(OperationType.SETUP, Kind(work=fetch, can_pause=True))
        operations.append(service)
        press(card, "Install Ollama")
        await desk.until(lambda: word(desk) == "Installing" and "Unpacking" in card.lines)
        assert card.bar.isVisible()
        assert card.bar.accessibleDescription().replace("\u00a0", " ") == "43 %"
        assert shown(card) == {"Cancel"}
        service.pause(service.operations[0].operation_id)
        await desk.until(lambda: word(desk) == "Paused")
        press(card, "Resume")
        await desk.until(lambda: word(desk) == "Installing")
        press(card, "Cancel")
        await desk.until(lambda: shown(card) == {"Install Ollama"})
        assert not card.bar.isVisible()
        assert service.operations[0].status is OperationStatus.CANCELLED
        assert server.asked == []
        press(card, "Install Ollama")
        await desk.until(lambda: word(desk) == "Installing")
        waits.set()
        await desk.until(lambda: word(desk) == "Running")
        assert server.asked == ["start"]

    run_desk(
        themed,
        tmp_path / "home",
        scenario,
        servers={OLLAMA: server},
        tools={OLLAMA: ServerTools(setup=setup)},
    )


def test_our_own_copy_is_updated_and_rolled_back_from_the_menu(themed: QApplication, tmp_path: Path) -> None:
    setup = PlainSetup(SetupSnapshot(installed="0.16.3", previous="0.16.1"), newest="0.17.1")

    async def scenario(desk: Desk) -> None:
        card = card_of(desk)
        assert {"Check for an update", "Return to 0.16.1"} <= set(entries(card))
        choose(card, "Check for an update")
        await desk.until(lambda: "Update to 0.17.1" in shown(card))
        assert "Version 0.17.1 is out" in card.lines
        assert "Update to 0.17.1" in entries(card)
        press(card, "Update to 0.17.1")
        await desk.until(lambda: setup.asked[-1] == "install")
        choose(card, "Return to 0.16.1")
        await desk.until(lambda: "0.16.1 is installed and runs after a restart" in card.lines)

    tools = {OLLAMA: ServerTools(setup=setup)}
    run_desk(themed, tmp_path / "home", scenario, servers={OLLAMA: PlainServer(RUNNING)}, tools=tools)


def test_a_look_for_updates_that_finds_none_says_so(themed: QApplication, tmp_path: Path) -> None:
    setup = PlainSetup(SetupSnapshot(installed="0.16.3"))

    async def scenario(desk: Desk) -> None:
        choose(card_of(desk), "Check for an update")
        await desk.until(lambda: "This is the newest version" in card_of(desk).lines)

    tools = {OLLAMA: ServerTools(setup=setup)}
    run_desk(themed, tmp_path / "home", scenario, servers={OLLAMA: PlainServer(RUNNING)}, tools=tools)


def test_one_model_is_unloaded_and_the_others_stay(themed: QApplication, tmp_path: Path) -> None:
    server = PlainServer(replace(RUNNING, loaded=(in_memory("a:1"), in_memory("b:1"))))

    async def scenario(desk: Desk) -> None:
        desk.tab.loaded.unload_wanted.emit(ModelKey(name="a:1", runtime=OLLAMA))
        await desk.until(lambda: [row.key.name for row in desk.tab.loaded.rows.rows] == ["b:1"])
        desk.tab.loaded.pin_wanted.emit(ModelKey(name="b:1", runtime=OLLAMA), True)
        await desk.until(lambda: desk.tab.loaded.rows.rows[0].pinned)
        desk.tab.loaded.pin_wanted.emit(ModelKey(name="b:1", runtime=OLLAMA), False)
        await desk.until(lambda: not desk.tab.loaded.rows.rows[0].pinned)
        assert server.asked == ["unload a:1", "pin b:1", "unpin b:1"]

    run_desk(themed, tmp_path / "home", scenario, servers={OLLAMA: server})


def test_a_model_that_could_not_be_pinned_says_why_on_its_card(themed: QApplication, tmp_path: Path) -> None:
    server = PlainServer(replace(RUNNING, loaded=(in_memory("a:1"),)))

    async def scenario(desk: Desk) -> None:
        server.snapshot = replace(server.snapshot, state=RuntimeState.EXITED)
        desk.tab.loaded.pin_wanted.emit(ModelKey(name="a:1", runtime=OLLAMA), True)
        await desk.until(card_of(desk).failure.isVisible)
        assert card_of(desk).failure.text().startswith("Ollama is not running.")

    run_desk(themed, tmp_path / "home", scenario, servers={OLLAMA: server})


def test_the_last_model_is_offered_where_a_start_loads_none(themed: QApplication, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        assert not any(entry.startswith("Activate") for entry in entries(card_of(desk)))
        assert not any(entry.startswith("Activate") for entry in entries(desk.tab.cards[NAME]))

    run_desk(themed, tmp_path / "home", scenario, servers={OLLAMA: PlainServer()})


def test_f5_asks_the_server_itself(themed: QApplication, tmp_path: Path) -> None:
    server = PlainServer(found=RUNNING)

    async def scenario(desk: Desk) -> None:
        desk.tab.refresh()
        await desk.until(lambda: word(desk) == "Running")

    run_desk(themed, tmp_path / "home", scenario, servers={OLLAMA: server})


def test_everything_on_the_page_of_a_server_has_a_name(themed: QApplication, tmp_path: Path) -> None:
    server = PlainServer(replace(RUNNING, loaded=(in_memory("a:1"),)))

    async def scenario(desk: Desk) -> None:
        await desk.until(desk.tab.loaded.isVisible)
        assert unnamed(desk.tab) == []
        assert card_of(desk).accessibleDescription().startswith("Running. a:1 is loaded. Child process")

    run_desk(themed, tmp_path / "home", scenario, servers={OLLAMA: server})


def test_the_log_button_shows_what_the_journal_of_the_unit_has(themed: QApplication, tmp_path: Path) -> None:
    unit = Unit(name="ollama.service", scope=UnitScope.USER, state=UnitState.ACTIVE, sub_state="running")

    async def journal() -> tuple[str, ...]:
        return ("it began", "it listens")

    async def scenario(desk: Desk) -> None:
        card = card_of(desk)
        assert card.lines[1].startswith("ollama.service (user)")
        card.log_button.click()
        await desk.until(lambda: desk.tab.log.text.toPlainText() == "it began\nit listens")
        assert desk.tab.go_back()

    server = PlainServer(replace(RUNNING, control=Control.SYSTEMD))
    tools = {OLLAMA: ServerTools(read_log=journal, unit=lambda: unit)}
    run_desk(themed, tmp_path / "home", scenario, servers={OLLAMA: server}, tools=tools)
