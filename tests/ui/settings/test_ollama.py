"""The rows of Ollama: tried before they are kept, refused in place, locked by the environment."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TypeVar

import pytest
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from tests.core.runtimes.ollama_programs import ollama_program
from tests.fakes.hub import HubServer
from tests.ui.settings.desk import Desk, open_desk, said_by, until
from venom_desktop.core.settings.schema import OllamaProfile, UnitScope
from venom_desktop.core.settings.store import Source
from venom_desktop.ui.settings.ollama import (
    OllamaHostRow,
    OllamaPortRow,
    OllamaProfileRow,
    OllamaProgramRow,
    SiteRow,
)
from venom_desktop.ui.settings.runtimes import RuntimesPage
from venom_desktop.ui.settings.tab import PageName
from venom_desktop.ui.settings.unit_rows import UnitRow, UnitScopeRow
from venom_desktop.ui.widgets import Pill

Row = TypeVar("Row", bound=QWidget)
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="there is systemd on Linux alone")


@pytest.fixture
async def desk(themed: QApplication, private_home: Path, hub: HubServer) -> AsyncIterator[Desk]:
    async with open_desk(private_home, hub) as opened:
        yield opened


def row(desk: Desk, kind: type[Row]) -> Row:
    page = desk.tab.show_page(PageName.RUNTIMES)
    assert isinstance(page, RuntimesPage)
    return next(found for found in page.findChildren(kind) if type(found) is kind)


def site(desk: Desk, key: str) -> SiteRow:
    page = desk.tab.show_page(PageName.RUNTIMES)
    return next(found for found in page.findChildren(SiteRow) if found.key == key)


def enter(field: QLineEdit, text: str) -> None:
    field.setText(text)
    field.editingFinished.emit()


async def test_a_program_is_tried_before_it_is_kept(desk: Desk, tmp_path: Path) -> None:
    program = row(desk, OllamaProgramRow)
    assert program.path.text() == "Found by itself"
    desk.picker.answer = ollama_program(tmp_path, version="0.17.1")

    program.button.click()
    await until(lambda: "0.17.1" in program.result)

    assert desk.settings.snapshot.ollama_path == desk.picker.answer
    program.undo.click()
    await until(lambda: desk.settings.snapshot.ollama_path is None)
    assert program.path.text() == "Found by itself"


async def test_another_program_is_refused_in_place_and_the_old_one_stays(desk: Desk, tmp_path: Path) -> None:
    other = tmp_path / "notes.txt"
    other.write_text("no program")
    program = row(desk, OllamaProgramRow)
    desk.picker.answer = other

    program.button.click()
    await until(lambda: "Choose the ollama program." in program.result)

    assert desk.settings.source("ollama_path") is Source.DEFAULT


async def test_an_address_and_a_port_lead_the_client_at_once(desk: Desk) -> None:
    enter(row(desk, OllamaHostRow).field, "127.0.0.7")
    await until(lambda: desk.settings.snapshot.ollama_endpoint == "http://127.0.0.7:11434")
    enter(row(desk, OllamaPortRow).field, "11500")
    await until(lambda: desk.settings.snapshot.ollama_endpoint == "http://127.0.0.7:11500")

    enter(row(desk, OllamaPortRow).field, "")
    await until(lambda: desk.settings.snapshot.ollama_port is None)


@pytest.mark.parametrize(
    ("kind", "typed", "sentence"),
    [
        (OllamaHostRow, "a b", "Address cannot be a b. Give a host, host:port or an http address."),
        (OllamaPortRow, "70000", "Port cannot be 70000. Give a port from 1 to 65535."),
        (OllamaPortRow, "many", "Port cannot be many. Give a port from 1 to 65535."),
        (OllamaPortRow, "²", "Port cannot be ². Give a port from 1 to 65535."),
        pytest.param(
            UnitRow,
            "../../evil",
            "systemd unit cannot be ../../evil. Give the name of a unit, such as ollama.service.",
            marks=on_linux,
        ),
    ],
)
async def test_a_value_that_makes_no_sense_is_refused_in_place(
    desk: Desk, kind: type[OllamaHostRow | OllamaPortRow | UnitRow], typed: str, sentence: str
) -> None:
    found = row(desk, kind)

    enter(found.field, typed)
    await until(lambda: found.result)

    assert found.result == sentence
    assert desk.settings.source(found.key) is Source.DEFAULT


async def test_a_profile_is_stored_at_once(desk: Desk) -> None:
    profile = row(desk, OllamaProfileRow)

    profile.control.choose(2)
    await until(lambda: desk.settings.snapshot.ollama_profile is OllamaProfile.MAX_CONTEXT)
    profile.control.choose(0)
    await until(lambda: desk.settings.snapshot.ollama_profile is OllamaProfile.LOW_VRAM)


@on_linux
async def test_a_unit_and_whose_it_is_are_stored(desk: Desk) -> None:
    enter(row(desk, UnitRow).field, "my-ollama")
    await until(lambda: desk.settings.snapshot.ollama_systemd_unit == "my-ollama.service")
    assert row(desk, UnitRow).field.text() == "my-ollama.service"

    row(desk, UnitScopeRow).control.choose(2)
    await until(lambda: desk.settings.snapshot.ollama_systemd_scope is UnitScope.USER)


@pytest.mark.parametrize("key", ["ollama_library_url", "ollama_registry_url", "ollama_releases_url"])
async def test_the_address_of_a_mirror_is_stored_and_nonsense_is_not(desk: Desk, key: str) -> None:
    found = site(desk, key)
    enter(found.field, "ftp://mirror")
    await until(lambda: found.result.endswith("Give an address that starts with https:// or http://."))

    enter(found.field, "http://127.0.0.1:8080/mirror/")
    await until(lambda: getattr(desk.settings.snapshot, key) == "http://127.0.0.1:8080/mirror")
    assert found.result == ""


async def test_what_the_environment_decides_is_locked_and_says_by_which_variable(
    themed: QApplication, private_home: Path, hub: HubServer
) -> None:
    environ = {
        "OLLAMA_HOST": "http://127.0.0.1:9",
        "OLLAMA_PORT": "9",
        "VENOM_OLLAMA_PROFILE": "low-vram-8-12gb",
        "OLLAMA_SYSTEMD_UNIT": "x.service",
        "VENOM_OLLAMA_LIBRARY_URL": "http://127.0.0.1:9",
    }
    async with open_desk(private_home, hub, environ) as desk:
        page = desk.tab.show_page(PageName.RUNTIMES)
        pills = {shown.look.text for shown in page.findChildren(Pill)}

        wanted = set(environ) if sys.platform == "linux" else set(environ) - {"OLLAMA_SYSTEMD_UNIT"}
        assert pills >= {f"From {variable}" for variable in wanted}
        assert row(desk, OllamaHostRow).locked
        assert "Little memory · Set by the environment" in said_by(page)
