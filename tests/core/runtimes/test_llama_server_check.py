"""A program is tried once before it is taken for a `llama-server`."""

from pathlib import Path

import pytest

from tests.fakes.llama_server import install_llama_server
from venom_desktop.core.errors import UnusableProgram
from venom_desktop.core.runtimes.llama_server_check import check_llama_server


async def test_a_llama_server_tells_its_graphics_cards(tmp_path: Path) -> None:
    devices = await check_llama_server(install_llama_server(tmp_path))
    assert [device.description for device in devices] == ["NVIDIA H200"]


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        ("#!/bin/sh\nexit 0\n", "it lists no devices"),
        ("#!/bin/sh\nexit 3\n", "it ended with code 3"),
        ("not a program", "format error"),
    ],
)
async def test_another_program_is_refused_with_what_it_did(tmp_path: Path, script: str, problem: str) -> None:
    program = tmp_path / "llama-server"
    program.write_text(script)
    program.chmod(0o755)
    with pytest.raises(UnusableProgram, match=problem):
        await check_llama_server(program)


async def test_a_file_that_is_not_there_or_not_executable_is_never_started(tmp_path: Path) -> None:
    with pytest.raises(UnusableProgram, match="no such file"):
        await check_llama_server(tmp_path / "nothing")
    text = tmp_path / "text"
    text.write_text("#!/bin/sh\n")
    with pytest.raises(UnusableProgram, match="may not be executed"):
        await check_llama_server(text)
