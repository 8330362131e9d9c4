"""The Catalog tab at work: list, search, choose, install, with the real core and a hub on a real socket."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from tests.fakes.hub import HubServer
from tests.ui.catalog.desk import TINY, Desk, run_desk, tiny_hub


@pytest.fixture
def filled(hub: HubServer, tmp_path: Path) -> HubServer:
    tiny_hub(hub, tmp_path)
    return hub


def test_the_list_is_there_and_its_first_row_is_explained(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    async def scenario(desk: Desk) -> None:
        desk.tab.browse()
        await desk.until(lambda: desk.names)
        await desk.until(lambda: desk.button.startswith("Install Q4_K_M ·"))

        assert desk.names[0] == TINY
        assert len(desk.names) == 60

    run_desk(themed, filled, tmp_path / "home", scenario)
