"""The path guard: nothing from outside becomes a path outside its root."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.counts import count
from venom_desktop.core.errors import InvalidName
from venom_desktop.core.files import resolve_under


def test_a_path_below_the_root_passes_even_when_nothing_is_there(tmp_path: Path) -> None:
    assert resolve_under(tmp_path, "org/name", "file.gguf") == tmp_path.resolve() / "org" / "name" / "file.gguf"


@pytest.mark.parametrize(
    "parts",
    [
        ("..",),
        ("a", "..", "..", "b"),
        ("/etc/passwd",),
        ("a", "/etc/passwd"),
        ("a\0b",),
        (".",),
        ("",),
        (),
        ("a", ".."),
        ("../{root}-beside/x",),
    ],
)
def test_what_leaves_the_root_or_is_the_root_is_refused(tmp_path: Path, parts: tuple[str, ...]) -> None:
    with pytest.raises(InvalidName):
        resolve_under(tmp_path, *(part.format(root=tmp_path.name) for part in parts))


def test_a_link_that_leads_out_is_refused(tmp_path: Path) -> None:
    root = tmp_path / "models"
    (tmp_path / "outside").mkdir()
    root.mkdir()
    (root / "org").symlink_to(tmp_path / "outside")
    with pytest.raises(InvalidName):
        resolve_under(root, "org", "file.gguf")


def test_a_link_that_stays_inside_is_resolved(tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    (tmp_path / "org").symlink_to(tmp_path / "blobs")
    assert resolve_under(tmp_path, "org", "x") == tmp_path.resolve() / "blobs" / "x"


def test_a_loop_of_links_is_refused_and_does_not_hang(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(InvalidName):
        resolve_under(tmp_path, "a", "x")


@settings(max_examples=count(300, 10_000), derandomize=True, deadline=None)
@given(
    st.lists(st.one_of(st.sampled_from(["..", ".", "/", "//", "a/../..", "\0", "~"]), st.text(max_size=12)), max_size=5)
)
def test_every_answer_is_strictly_below_the_root(parts: list[str]) -> None:
    root = Path("/srv/models-of-a-test")
    try:
        path = resolve_under(root, *parts)
    except InvalidName:
        return
    assert path != root
    assert path.is_relative_to(root)
    assert ".." not in path.parts
