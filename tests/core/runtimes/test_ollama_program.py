"""The program is found where people and packages put it, and says its version without a server."""

import socket
from pathlib import Path

import pytest

from tests.core.runtimes.ollama_programs import ollama_program
from venom_desktop.core.runtimes.ollama_program import OllamaProgram, Origin, ProgramFacts, is_old, version_of


def finder(tmp_path: Path, configured: Path | None = None, *, ours: Path | None = None) -> OllamaProgram:
    return OllamaProgram(
        lambda: configured,
        lambda: ours,
        environ={"PATH": str(tmp_path / "path")},
        usual=(str(tmp_path / "usual"),),
    )


async def test_the_settings_win_then_our_release_then_path_then_the_usual_places(tmp_path: Path) -> None:
    assert finder(tmp_path).path() is None
    assert await finder(tmp_path).facts() is None
    usual = ollama_program(tmp_path / "usual")
    assert finder(tmp_path).path() == usual
    on_path = ollama_program(tmp_path / "path")
    assert finder(tmp_path).path() == on_path
    ours = ollama_program(tmp_path / "ours", version="0.17.1")
    assert finder(tmp_path, ours=ours).path() == ours
    assert finder(tmp_path, ours=tmp_path / "not-there").path() == on_path
    configured = ollama_program(tmp_path / "configured", version="0.15.9")
    found = await finder(tmp_path, configured, ours=ours).facts()
    assert found == ProgramFacts(path=configured, origin=Origin.SETTING, version="0.15.9", is_old=True)


async def test_a_path_of_the_settings_where_nothing_is_is_not_passed_over(tmp_path: Path) -> None:
    ollama_program(tmp_path / "path")
    found = await finder(tmp_path, tmp_path / "gone").facts()
    assert found == ProgramFacts(path=tmp_path / "gone", origin=Origin.SETTING)


async def test_the_version_is_asked_again_after_an_update(tmp_path: Path) -> None:
    where = finder(tmp_path)
    ollama_program(tmp_path / "path", version="0.16.3")
    first = await where.facts()
    ollama_program(tmp_path / "path", version="0.16.10")
    second = await where.facts()
    assert first is not None
    assert second is not None
    assert (first.version, second.version) == ("0.16.3", "0.16.10")


async def test_a_server_that_hangs_does_not_keep_the_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{hanging.getsockname()[1]}")
        assert await version_of(ollama_program(tmp_path)) == "0.16.3"


async def test_a_program_that_is_none_has_no_version(tmp_path: Path) -> None:
    folder = tmp_path / "path"
    folder.mkdir()
    (folder / "ollama").write_text("not a program")
    (folder / "ollama").chmod(0o755)
    assert await version_of(folder / "ollama") is None


@pytest.mark.parametrize(
    ("version", "old"),
    [("0.15.9", True), ("0.9.0", True), ("v0.16.0", False), ("0.16.3-rc1", False), ("1.0.0", False)],
)
def test_what_is_older_than_the_line_we_support_is_said(version: str, old: bool) -> None:
    assert is_old(version) is old


@pytest.mark.parametrize("version", [None, "", "0.0.0", "main", "0.0.0-dirty"])
def test_a_version_that_says_nothing_is_unknown(version: str | None) -> None:
    assert is_old(version) is None
