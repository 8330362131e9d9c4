"""The marker is believed as far as the disk confirms it, and only what is ours is ever deleted."""

from pathlib import Path

import pytest

from venom_desktop.core.errors import InvalidName, StorageFailed
from venom_desktop.core.runtimes.ollama_setup.shelf import Marker, Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    shelf = Shelf(tmp_path / "ollama")
    for version in ("0.16.1", "0.16.2", "0.16.3"):
        shelf.program(version).parent.mkdir(parents=True)
        shelf.program(version).write_text(version)
    return shelf


def test_what_is_marked_is_read(shelf: Shelf) -> None:
    shelf.mark(Marker(current="0.16.3", previous="0.16.2"))
    assert shelf.read() == Marker(current="0.16.3", previous="0.16.2")
    shelf.program("0.16.2").unlink()
    assert shelf.read() == Marker(current="0.16.3", previous=None)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", "5", '{"current": "../.."}', '{"current": 5}', '{"current": "7.7.7"}', '{"current": "v0.16.3"}'],
)
def test_a_marker_that_cannot_be_true_counts_as_none(shelf: Shelf, text: str) -> None:
    (shelf.folder / "current").write_text(text)
    assert shelf.read() == Marker()


def test_a_version_is_put_in_the_place_of_the_one_that_stood_there(shelf: Shelf) -> None:
    shelf.unpacked_program.parent.mkdir(parents=True)
    shelf.unpacked_program.write_text("new")
    shelf.put("0.16.3")
    assert shelf.program("0.16.3").read_text() == "new"
    assert {path.name for path in shelf.folder.iterdir()} == {"0.16.1", "0.16.2", "0.16.3"}


def test_nothing_unpacked_cannot_be_put_and_says_so(shelf: Shelf) -> None:
    with pytest.raises(StorageFailed):
        shelf.put("0.16.4")


def test_only_versions_and_left_overs_are_cleared(shelf: Shelf, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "file").write_text("mine")
    (shelf.folder / "models").mkdir()
    (shelf.folder / "0.16.0").symlink_to(mine)
    (shelf.folder / ".unpacking").mkdir()
    (shelf.folder / ".current.abc.tmp").write_text("")
    shelf.clear(keep={"0.16.3"})
    assert {path.name for path in shelf.folder.iterdir()} == {"0.16.3", "models"}
    assert (mine / "file").read_text() == "mine"


def test_a_program_of_ours_is_known_by_its_place(shelf: Shelf, tmp_path: Path) -> None:
    assert shelf.version_of(shelf.program("0.16.2")) == "0.16.2"
    (tmp_path / "link").symlink_to(shelf.program("0.16.2"))
    assert shelf.version_of(tmp_path / "link") == "0.16.2"
    assert shelf.version_of(Path("/usr/local/bin/ollama")) is None
    assert shelf.version_of(shelf.folder / "models" / "ollama") is None


@pytest.mark.parametrize("version", ["..", "../0.16.3", "/etc", ""])
def test_no_version_leads_out_of_the_folder(shelf: Shelf, version: str) -> None:
    with pytest.raises(InvalidName):
        shelf.program(version)
