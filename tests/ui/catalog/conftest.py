"""A hub to find, install and run something from."""

from pathlib import Path

import pytest

from tests.fakes.hub import HubServer
from tests.ui.catalog.desk import tiny_hub


@pytest.fixture
def filled(hub: HubServer, tmp_path: Path) -> HubServer:
    tiny_hub(hub, tmp_path)
    return hub
