"""Models of a server elsewhere in the Installed tab: listed under its name, activated, and left alone otherwise."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from tests.core.runtimes.remote_bench import draft
from tests.fakes.openai_server import OpenAiStandIn
from tests.ui.installed.desk import Desk, on_screen
from tests.ui.workbench import open_workbench, turns, until
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.ui.installed import menu
from venom_desktop.ui.installed.groups import Group, GroupCure
from venom_desktop.ui.installed.remove_dialog import RemoveDialog
from venom_desktop.ui.installed.words import group_detail, runtime_look
from venom_desktop.ui.switcher_rows import RowKind, switch_rows

LAB = "remote-lab-box"
TINY = ModelKey(name="tiny", runtime=LAB)


@pytest.fixture
def server() -> Iterator[OpenAiStandIn]:
    with OpenAiStandIn("tiny", "org/large") as made:
        yield made


@asynccontextmanager
async def open_lab(home: Path, server: OpenAiStandIn) -> AsyncIterator[Desk]:
    """With the server added, and one of its models selected."""
    async with open_workbench(home) as bench, on_screen(bench, Desk) as desk:
        await desk.bench.services.remotes.add(draft(server.url))
        await until(lambda: "tiny" in desk.names)
        desk.tab.select_model(TINY)
        yield desk


def group_of(desk: Desk) -> Group:
    rows = desk.tab.list.rows
    found = (rows.index(place, 0).data(0x0100) for place in range(rows.rowCount()))
    return next(one for one in found if isinstance(one, Group) and one.runtime == LAB)


async def test_its_models_stand_under_its_title_without_a_size(
    themed: QApplication, private_home: Path, server: OpenAiStandIn
) -> None:
    async with open_lab(private_home, server) as desk:
        group = group_of(desk)
        assert (group.title, group_detail(group)) == ("Lab box", "2 models")
        assert runtime_look(group.state, group.runtime).text == "Reachable"
        assert desk.tab.details.primary.label == "Activate on Lab box"


async def test_nothing_that_belongs_to_the_server_is_offered_here(
    themed: QApplication, private_home: Path, server: OpenAiStandIn
) -> None:
    async with open_lab(private_home, server) as desk:
        details = desk.tab.details
        hidden = (details.remove, details.copy, details.rename, details.verify, details.open_folder)
        assert all(button.isHidden() for button in hidden)
        assert details.load_settings.toolTip() == "How it is loaded is decided by Lab box."
        foot = desk.tab._foot
        assert foot is not None
        shown = menu.row_menu(desk.tab, foot, details=details, do=lambda _: None, press_primary=lambda: None)
        assert not any("Remove" in action.text() or "folder" in action.text() for action in shown.actions())
        shown.deleteLater()
        desk.tab.list.table.delete_pressed.emit()
        await turns()
        assert not [one for one in QApplication.topLevelWidgets() if isinstance(one, RemoveDialog) and one.isVisible()]


async def test_while_it_is_away_its_last_list_stays_with_a_way_to_ask_again(
    themed: QApplication, private_home: Path, server: OpenAiStandIn
) -> None:
    async with open_lab(private_home, server) as desk:
        server.go_down()
        [remote] = desk.bench.services.remotes.all
        await remote.refresh()
        await until(lambda: group_of(desk).is_old)
        assert group_of(desk).cure is GroupCure.ASK_AGAIN
        assert "tiny" in desk.names
        foot = desk.tab._foot
        assert foot is not None
        assert foot.note == "Lab box did not answer when it was last asked."
        rows = switch_rows(desk.bench.registry.inventory.snapshot, "lab")
        heading = next(row for row in rows if row.kind is RowKind.RUNTIME)
        assert (heading.title, heading.trailing) == ("Lab box", "Did not answer yet")
