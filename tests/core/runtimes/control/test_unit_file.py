"""A server becomes a service of the user's own: the file says exactly what runs, and systemd has it afterwards."""

import stat
import sys
from pathlib import Path

import pytest

from tests.fakes.systemd import FakeSystemd
from venom_desktop.core.errors import ControlRefused, InvalidInput, RuntimeFailed, StorageFailed
from venom_desktop.core.runtimes.control.systemd import Patience, Systemd
from venom_desktop.core.runtimes.control.unit_file import unit_file_for
from venom_desktop.core.settings.schema import UnitScope

NAME = "ollama.service"
TOLD = """import json, os, sys, time
print(json.dumps([sys.argv[1:], os.environ.get("OLLAMA_MODELS")]), flush=True)
time.sleep(600)
"""


@pytest.fixture
def systemd() -> Systemd:
    return Systemd("Ollama", patience=Patience(look_s=10, act_s=10))


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """In a folder whose name means something to systemd in every sign."""
    folder = tmp_path / 'a "b" $HOME 50%n'
    folder.mkdir()
    program = folder / "ollama"
    program.write_text(f"#!{sys.executable} -IS\n{TOLD}")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


async def test_an_installed_unit_runs_that_program_with_that_environment(
    fake_systemd: FakeSystemd, systemd: Systemd, program: Path, tmp_path: Path
) -> None:
    file = unit_file_for("ollama.service", NAME, program, {"OLLAMA_MODELS": '/models/50% of "mine"'})
    assert file.path == tmp_path / "config" / "systemd" / "user" / NAME
    assert not file.path.exists()
    await systemd.install(file)
    assert file.path.read_text() == file.text
    unit = await systemd.find(NAME, UnitScope.AUTO)
    assert unit is not None
    assert (unit.scope, unit.is_running, unit.file) == (UnitScope.USER, False, file.path)
    assert unit.environment == {"OLLAMA_MODELS": '/models/50% of "mine"'}
    await systemd.start(unit)
    running = await systemd.find(NAME, UnitScope.USER)
    assert running is not None
    assert running.is_running
    await systemd.stop(running)


def test_the_text_escapes_what_systemd_would_replace(program: Path) -> None:
    lines = unit_file_for("ollama.service", NAME, program, {"OLLAMA_HOST": "127.0.0.1:1"}).text.splitlines()
    (start,) = (line for line in lines if line.startswith("ExecStart="))
    assert start.endswith('/a \\"b\\" $$HOME 50%%n/ollama" serve')
    assert 'Environment="OLLAMA_HOST=127.0.0.1:1"' in lines
    assert not [line for line in lines if "@" in line]
    assert lines[0] == "# Written by Venom Desktop. Stop ollama.service and remove this file to go back."


async def test_a_unit_reads_its_variables_from_the_file_it_was_made_with(
    fake_systemd: FakeSystemd, systemd: Systemd, program: Path, tmp_path: Path
) -> None:
    variables = tmp_path / "50%n [1] *?\\" / "vllm.env"
    file = unit_file_for("vllm.service", "vllm.service", program, {}, variables_file=variables)
    assert "@" not in file.text
    await systemd.install(file)
    unit = await systemd.find("vllm.service", UnitScope.USER)
    assert unit is not None
    with pytest.raises(RuntimeFailed, match="environment files"):
        await systemd.start(unit)
    variables.parent.mkdir()
    variables.write_text('VLLM_MODEL_PATH="/models/a b"\nVLLM_ARGUMENTS="--port 1 --served-model-name=\'c d\'"\n')
    await systemd.start(unit)
    told: tuple[str, ...] = ()
    while not told:
        told = await systemd.journal(unit)
    assert '[["serve", "/models/a b", "--port", "1", "--served-model-name=c d"], null]' in told[0]


def test_without_variables_nothing_of_the_template_is_left(program: Path) -> None:
    assert "@" not in unit_file_for("ollama.service", NAME, program, {}).text


def test_a_value_or_a_path_of_several_lines_never_becomes_a_unit(program: Path) -> None:
    with pytest.raises(InvalidInput, match="OLLAMA_MODELS holds a sign"):
        unit_file_for("ollama.service", NAME, program, {"OLLAMA_MODELS": "/a\nExecStartPre=/bin/evil"})
    with pytest.raises(InvalidInput, match="Move the program"):
        unit_file_for("ollama.service", NAME, Path("/a\nExecStartPre=/bin/evil/ollama"), {})
    with pytest.raises(InvalidInput, match="Move this program's settings"):
        unit_file_for("vllm.service", NAME, program, {}, variables_file=Path("/a\nExecStartPre=/bin/evil/vllm.env"))


@pytest.mark.parametrize("name", ["../ollama.service", "/etc/ollama.service", "a/../../b.service"])
def test_no_name_leads_out_of_the_folder(program: Path, name: str) -> None:
    with pytest.raises(InvalidInput):
        unit_file_for("ollama.service", name, program, {})


async def test_without_a_service_manager_nothing_is_written(
    fake_systemd: FakeSystemd, systemd: Systemd, program: Path
) -> None:
    fake_systemd.take_manager("user")
    file = unit_file_for("ollama.service", NAME, program, {})
    with pytest.raises(ControlRefused, match="service manager does not answer"):
        await systemd.install(file)
    assert not file.path.exists()


async def test_an_earlier_unit_of_that_name_is_kept_beside_the_new_one(
    fake_systemd: FakeSystemd, systemd: Systemd, program: Path
) -> None:
    file = unit_file_for("ollama.service", NAME, program, {})
    file.path.parent.mkdir(parents=True)
    file.path.write_text("[Service]\nExecStart=/mine\n")
    await systemd.install(file)
    assert file.path.with_name(f"{NAME}.previous").read_text() == "[Service]\nExecStart=/mine\n"


async def test_a_folder_that_cannot_be_written_is_named(
    fake_systemd: FakeSystemd, systemd: Systemd, program: Path
) -> None:
    file = unit_file_for("ollama.service", NAME, program, {})
    file.path.parent.parent.parent.mkdir(parents=True, exist_ok=True)
    file.path.parent.parent.write_text("a file where the folder should be")
    with pytest.raises(StorageFailed):
        await systemd.install(file)
