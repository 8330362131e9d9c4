"""The rows of vLLM: there with the full profile alone, tried before they are kept, refused in place."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLineEdit

from tests.fakes.hub import HubServer
from tests.fakes.vllm import install_vllm
from tests.ui.settings.desk import Desk, open_desk, said_by, until
from venom_desktop.core.settings.schema import Profile, UnitScope
from venom_desktop.core.settings.store import Source
from venom_desktop.ui.settings.rows import FieldRow
from venom_desktop.ui.settings.runtimes import RuntimesPage
from venom_desktop.ui.settings.tab import PageName
from venom_desktop.ui.settings.unit_rows import UnitScopeRow
from venom_desktop.ui.settings.vllm import VllmProgramRow, VllmShareRow

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="there is systemd on Linux alone")


@pytest.fixture
async def desk(themed: QApplication, private_home: Path, hub: HubServer) -> AsyncIterator[Desk]:
    async with open_desk(private_home, hub) as opened:
        yield opened


def page(desk: Desk) -> RuntimesPage:
    found = desk.tab.show_page(PageName.RUNTIMES)
    assert isinstance(found, RuntimesPage)
    return found


async def offered(desk: Desk) -> RuntimesPage:
    found = page(desk)
    await desk.settings.set("runtime_profile", Profile.FULL)
    await until(found.vllm.isVisible)
    return found


def line(desk: Desk, key: str) -> FieldRow:
    return next(one for one in page(desk).findChildren(FieldRow) if one.key == key)


def enter(field: QLineEdit, text: str) -> None:
    field.setText(text)
    field.editingFinished.emit()


async def test_a_long_address_shows_how_it_begins(desk: Desk) -> None:
    field = line(desk, "ollama_releases_url").field
    assert field.text() == "https://github.com/ollama/ollama/releases"
    assert field.cursorPosition() == 0


async def test_a_light_profile_says_nothing_of_it(desk: Desk) -> None:
    assert not page(desk).vllm.isVisible()
    assert "vllm" not in said_by(page(desk)).lower()


async def test_the_full_profile_is_chosen_here_and_brings_the_group_at_once(desk: Desk) -> None:
    found = page(desk)
    found.profile.control.choose(1)
    await until(found.vllm.isVisible)
    assert desk.settings.snapshot.runtime_profile is Profile.FULL

    found.profile.control.choose(0)
    await until(lambda: not found.vllm.isVisible())


async def test_a_program_is_tried_before_it_is_kept(desk: Desk, tmp_path: Path) -> None:
    program = (await offered(desk)).findChild(VllmProgramRow)
    assert isinstance(program, VllmProgramRow)
    assert program.path.text() == "Found on PATH"
    other = tmp_path / "notes.txt"
    other.write_text("no program")
    desk.picker.answer = other
    program.button.click()
    await until(lambda: "Choose the vllm program" in program.result)
    assert desk.settings.source("vllm_path") is Source.DEFAULT

    desk.picker.answer = install_vllm(tmp_path / "env")
    program.button.click()
    await until(lambda: "It is vLLM 0.20.2." in program.result)
    assert desk.settings.snapshot.vllm_path == desk.picker.answer

    program.undo.click()
    await until(lambda: desk.settings.snapshot.vllm_path is None)
    assert program.path.text() == "Found on PATH"


async def test_the_share_of_the_graphics_memory_is_typed_in_percent(desk: Desk) -> None:
    share = (await offered(desk)).findChild(VllmShareRow)
    assert isinstance(share, VllmShareRow)
    assert share.field.text() == "85"
    enter(share.field, "62,5")
    await until(lambda: desk.settings.snapshot.vllm_gpu_memory_utilization == 0.625)
    assert share.field.text() == "62.5"
    enter(share.field, "120")
    await until(lambda: share.result)
    assert share.result == "Graphics memory cannot be 120. Give a percentage above 0, at most 100."
    assert desk.settings.snapshot.vllm_gpu_memory_utilization == 0.625


@pytest.mark.parametrize(
    ("key", "typed", "sentence"),
    [
        ("vllm_host", "a b", "Give an IP address of this machine"),
        ("vllm_port", "70000", "Port cannot be 70000. Give a port from 1 to 65535."),
        pytest.param("vllm_systemd_unit", "../../evil", "Give the name of a unit", marks=on_linux),
    ],
)
async def test_a_value_that_makes_no_sense_is_refused_in_place(desk: Desk, key: str, typed: str, sentence: str) -> None:
    await offered(desk)
    found = line(desk, key)
    enter(found.field, typed)
    await until(lambda: found.result)
    assert sentence in found.result
    assert desk.settings.source(key) is Source.DEFAULT


@on_linux
async def test_an_address_a_port_and_a_unit_are_stored(desk: Desk) -> None:
    found = await offered(desk)
    enter(line(desk, "vllm_host").field, "0.0.0.0")
    enter(line(desk, "vllm_port").field, "8100")
    enter(line(desk, "vllm_systemd_unit").field, "my-vllm")
    await until(lambda: desk.settings.snapshot.vllm_systemd_unit == "my-vllm.service")
    await until(lambda: desk.settings.snapshot.vllm_port == 8100)
    assert desk.settings.snapshot.vllm_host == "0.0.0.0"
    scope = found.vllm.findChild(UnitScopeRow)
    assert isinstance(scope, UnitScopeRow)
    scope.control.choose(2)
    await until(lambda: desk.settings.snapshot.vllm_systemd_scope is UnitScope.USER)
