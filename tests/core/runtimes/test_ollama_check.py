"""A program is tried once before it is taken for an `ollama`."""

from pathlib import Path

import pytest

from tests.core.runtimes.ollama_programs import ollama_program
from venom_desktop.core.errors import UnusableOllama
from venom_desktop.core.runtimes.ollama_check import check_ollama


async def test_an_ollama_tells_its_version(tmp_path: Path) -> None:
    assert await check_ollama(ollama_program(tmp_path, version="0.17.1")) == "0.17.1"


@pytest.mark.parametrize(
    ("script", "mode", "problem"),
    [
        ("#!/bin/sh\nexit 0\n", 0o755, "it tells no version"),
        ("#!/bin/sh\necho ollama version is 0.16.3\n", 0o644, "it may not be executed"),
        ("not a program at all", 0o755, "it tells no version"),
    ],
)
async def test_another_program_is_refused(tmp_path: Path, script: str, mode: int, problem: str) -> None:
    program = tmp_path / "ollama"
    program.write_text(script)
    program.chmod(mode)

    with pytest.raises(UnusableOllama, match=problem):
        await check_ollama(program)


async def test_a_path_where_nothing_is_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableOllama, match="no such file"):
        await check_ollama(tmp_path / "ollama")
