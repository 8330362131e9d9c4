"""The Catalog tab at work: choose, install, activate, by mouse and by keys, with the real core and a real hub."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from tests.fakes.hub import HubServer
from tests.support.accessible import accessible_name, tab_route
from tests.ui.catalog.desk import TINY, Desk, run_desk, settled
from venom_desktop.core.operations.operation import OperationType
from venom_desktop.core.registry.model import ModelKey


def test_the_list_is_there_and_its_first_row_is_explained(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)

        assert desk.names[0] == TINY
        assert len(desk.names) == 60
        assert desk.button.startswith("Install Q4_K_M · ")
        await desk.until(lambda: not desk.tab.details.memory.isHidden())
        assert " of " in desk.tab.details.memory.amount

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_choosing_a_quantization_changes_the_button(themed: QApplication, filled: HubServer, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)
        table = desk.tab.details.table

        table.select_row(table.rows.row_of("Q8_0"))

        assert desk.button.startswith("Install Q8_0 · ")

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_one_press_installs_and_the_next_activates(themed: QApplication, filled: HubServer, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)
        key = ModelKey(name=f"{TINY}:Q4_K_M", runtime="llama_cpp")

        desk.tab.details.primary.click()

        await desk.until(lambda: desk.services.registry.operations.operations)
        operation = desk.services.registry.operations.operations[0]
        assert (operation.operation_type, operation.model_name) == (OperationType.INSTALL, key.name)
        await desk.until(lambda: desk.button == "Installed · Activate")
        assert desk.services.registry.manifest[key.name].key == key

        desk.tab.details.primary.click()
        await desk.until(lambda: desk.button == "Active")
        assert desk.services.active.snapshot.key == key
        assert not desk.tab.details.primary.isEnabled()
        assert desk.tab.details.primary.toolTip() == "This model answers now"

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_the_button_counts_while_an_install_runs_and_resumes_a_paused_one(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)
        desk.tab.details.primary.click()
        await desk.until(lambda: desk.button.startswith("Installing…"))
        assert not desk.tab.details.primary.isEnabled()
        operation = desk.services.registry.operations.operations[0]

        desk.services.registry.pause(operation.operation_id)
        await desk.until(lambda: desk.button.startswith("Resume the download"))

        desk.tab.details.primary.click()
        await desk.until(lambda: desk.button == "Installed · Activate")

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_the_panel_reads_again_after_its_error(themed: QApplication, filled: HubServer, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)
        filled.go_down()
        desk.tab.list.table.select_row(5)
        await desk.until(lambda: not desk.tab.details.banner.isHidden())

        filled.come_back()
        desk.tab.details.banner.button.click()
        await desk.until(desk.tab.details.banner.isHidden)
        await desk.until(lambda: "·" in desk.button)

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_the_keyboard_goes_from_the_search_through_the_rows_to_the_install(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)
        view = desk.tab.list
        desk.tab.focus_search()

        QTest.keyClick(view.search, Qt.Key.Key_Down)
        assert view.table.currentIndex().row() == 1
        QTest.keyClick(view.search, Qt.Key.Key_Up)
        QTest.keyClick(view.search, Qt.Key.Key_Up)
        assert view.table.currentIndex().row() == 0
        QTest.keyClick(view.search, Qt.Key.Key_Return)
        await desk.until(view.table.hasFocus)
        await desk.until(lambda: desk.button.startswith("Install Q4_K_M"))
        QTest.keyClick(view.table, Qt.Key.Key_Return)

        await desk.until(lambda: desk.services.registry.operations.operations)

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_tab_goes_from_the_search_over_chips_list_and_panel_to_the_one_verb(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)
        desk.tab.list.table.select_row(1)
        await desk.until(desk.tab.details.context.slider.isEnabled)

        names = [accessible_name(widget) for widget in tab_route(desk.tab.list.search)]

        assert [name.replace("\u00a0", " ") for name in names] == [
            "Search Hugging Face",
            *("Order", "Refresh catalog"),
            *("Fits here", "Source", "Can do", "Size", "Quantization", "Licence", "Filters"),
            "Models",
            *("Open the model page", "Quantization", "Context", "Run with"),
            names[-1].replace("\u00a0", " "),
        ]
        assert names[-1].startswith("Install")

    run_desk(themed, filled, tmp_path / "home", scenario)
