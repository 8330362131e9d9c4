"""No archive, however it is made, writes outside of its folder, through a link, or without end."""

import contextlib
import io
import random
import stat
import tarfile
from pathlib import Path

import pytest

from tests.fakes.ollama_archives import (
    Entry,
    Kind,
    compressed,
    folder,
    hard_link,
    link,
    release_archive,
    release_entries,
    tar_of,
)
from tests.support.counts import count
from venom_desktop.core.errors import UnsafeArchive
from venom_desktop.core.runtimes.ollama_setup.archive import measure, unpack
from venom_desktop.core.runtimes.ollama_setup.limits import UnpackLimits

MIB = 1 << 20
SMALL = UnpackLimits(total_bytes=4 * MIB, entries=100)
ROOT_FILE = Entry(name="x", content=b"x")


def archive_of(tmp_path: Path, *entries: Entry, kind: Kind = ".tar.zst") -> Path:
    return written(tmp_path, compressed(tar_of(entries), kind), kind)


def written(tmp_path: Path, content: bytes, kind: Kind = ".tar.zst") -> Path:
    path = tmp_path / f"archive{kind}"
    path.write_bytes(content)
    return path


def unpacked(archive: Path, limits: UnpackLimits = SMALL) -> Path:
    """As the process does it: judge, then unpack."""
    place = archive.parent / "home" / "new"
    measure([archive], place, limits=limits)
    unpack([archive], place, limits=limits, on_bytes=lambda _: None)
    return place


@pytest.mark.parametrize("kind", [".tar.zst", ".tgz"])
def test_an_honest_archive_comes_out_as_it_is(tmp_path: Path, kind: Kind) -> None:
    archive = written(tmp_path, release_archive("0.16.3", kind, library_bytes=MIB), kind)
    place = tmp_path / "new"
    contents = measure([archive], place, limits=SMALL)
    assert not place.exists()
    heard: list[int] = []
    unpack([archive], place, limits=SMALL, on_bytes=heard.append)
    assert sum(heard) == contents.total_bytes > MIB
    assert contents.entries == len(release_entries("0.16.3")) - 1
    library = place / "lib/ollama/libggml.so.0.9"
    assert library.read_bytes() == random.Random("0.16.3").randbytes(MIB)
    assert (place / "lib/ollama/libggml.so").resolve() == library
    assert (place / "bin/ollama").stat().st_mode & 0o777 == 0o755
    assert (place / "lib/ollama/version").stat().st_mode & 0o777 == 0o644
    assert (place / "lib/ollama/version").samefile(place / "lib/ollama/mlx/version")


@pytest.mark.parametrize(
    "hostile",
    [
        Entry(name="/etc/outside", content=b"x"),
        Entry(name="../outside", content=b"x"),
        Entry(name="lib/../../outside", content=b"x"),
        Entry(name="lib\\..\\..\\outside", content=b"x"),
        Entry(name="lib/new\nline", content=b"x"),
        Entry(name="lib/\udcff", content=b"x", pax={"path": "lib/\u202eoutside"}),
        Entry(name="a/" * 400, content=b"x"),
        Entry(name=".", content=b"x"),
        Entry(name="lib/fifo", kind=tarfile.FIFOTYPE),
        Entry(name="lib/disk", kind=tarfile.BLKTYPE),
        Entry(name="lib/terminal", kind=tarfile.CHRTYPE),
        Entry(name="lib/strange", kind=b"Z"),
        link("lib/out", "/etc"),
        link("lib/out", "../../etc"),
        link("lib/out", "a/../../../etc"),
        link("lib/out", ".."),
        link("lib/out", ""),
        link(".", "lib"),
        hard_link("lib/out", "/etc/passwd"),
        hard_link("lib/out", "../outside"),
        Entry(name="x", content=b"x", pax={"GNU.sparse.map": "0,1", "GNU.sparse.size": "900000"}),
        # Nothing of what it says is wanted, and all of it would be held in memory.
        Entry(name="x", content=b"x", pax={"comment": "x" * 200_000}),
    ],
    ids=lambda entry: repr(entry.name)[:30],
)
def test_what_reaches_out_or_is_no_file_is_refused_and_nothing_is_written(tmp_path: Path, hostile: Entry) -> None:
    archive = archive_of(tmp_path, *release_entries("0.16.3"), hostile)
    with pytest.raises(UnsafeArchive):
        unpacked(archive)
    assert not (tmp_path / "home").exists()
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize(
    "entries",
    [
        # A link, then a file through it.
        (link("lib/here", "."), Entry(name="lib/here/outside", content=b"x")),
        # A name first taken by a link, then written to, and the other way round.
        (Entry(name="lib/file", content=b"x"), link("lib/file", "other")),
        (Entry(name="lib/file", content=b"x"), Entry(name="lib/file/below", content=b"x")),
        (folder("lib/file"), Entry(name="lib/file", content=b"x")),
        (hard_link("lib/later", "lib/not-there"),),
        # Each of these stays inside by its text; together they lead out.
        (folder("a/b/c"), link("a/b/c/up", "../../../lib"), link("lib/out", "../a/b/c/up/../../outside")),
        (link("round", "about"), link("about", "round")),
    ],
)
def test_entries_that_do_not_fit_together_are_refused(tmp_path: Path, entries: tuple[Entry, ...]) -> None:
    archive = archive_of(tmp_path, *release_entries("0.16.3"), *entries)
    with pytest.raises(UnsafeArchive):
        unpacked(archive)
    assert not [path for path in tmp_path.rglob("outside") if path.parent.name != "here"]
    assert not (tmp_path / "home/new/lib/outside").exists()


def test_a_second_file_of_one_name_replaces_the_first_and_not_what_shared_its_bytes(tmp_path: Path) -> None:
    first, second = Entry(name="one", content=b"first"), Entry(name="one", content=b"second")
    place = unpacked(archive_of(tmp_path, first, hard_link("shared", "one"), second))
    assert ((place / "one").read_bytes(), (place / "shared").read_bytes()) == (b"second", b"first")


def test_a_link_that_is_later_a_file_is_a_file(tmp_path: Path) -> None:
    target = Entry(name="target", content=b"mine")
    place = unpacked(archive_of(tmp_path, target, link("one", "target"), Entry(name="one", content=b"second")))
    assert ((place / "one").read_bytes(), (place / "target").read_bytes()) == (b"second", b"mine")
    assert not (place / "one").is_symlink()


def test_no_odd_rights_come_out(tmp_path: Path) -> None:
    rights = Entry(name="bin/tool", content=b"x", mode=0o6777)
    place = unpacked(archive_of(tmp_path, rights, Entry(name="bin", kind=tarfile.DIRTYPE, mode=0o7777)))
    assert stat.S_IMODE((place / "bin/tool").stat().st_mode) == 0o755
    assert stat.S_IMODE((place / "bin").stat().st_mode) & 0o7022 == 0


def test_more_than_a_release_can_hold_is_refused_by_what_comes_not_by_what_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnsafeArchive, match="more than a release can"):
        unpacked(archive_of(tmp_path, Entry(name="big", content=bytes(5 * MIB))))
    with pytest.raises(UnsafeArchive, match="more than a release can"):
        unpacked(archive_of(tmp_path, *(Entry(name=f"file{number}") for number in range(101))))
    endless = compressed(tar_of([ROOT_FILE]) + bytes(64 * MIB))
    with pytest.raises(UnsafeArchive, match="more than a release can"):
        unpacked(written(tmp_path, endless), UnpackLimits(total_bytes=MIB, entries=8))


def test_a_header_that_would_fill_the_memory_is_refused_unread(tmp_path: Path) -> None:
    huge = Entry(name="header", kind=tarfile.XHDTYPE, claimed_bytes=1 << 40)
    with pytest.raises(UnsafeArchive, match="cannot be read"):
        unpacked(archive_of(tmp_path, huge))
    nested = [Entry(name="deep", kind=tarfile.GNUTYPE_LONGNAME, content=b"name\0") for _ in range(5000)]
    with pytest.raises(UnsafeArchive):
        unpacked(archive_of(tmp_path, *nested), UnpackLimits())


@pytest.mark.parametrize("kind", [".tar.zst", ".tgz"])
def test_a_truncated_archive_is_refused_wherever_it_ends(tmp_path: Path, kind: Kind) -> None:
    whole = release_archive("0.16.3", kind, library_bytes=20_000)
    for cut in (0, 1, len(whole) // 3, len(whole) // 2, len(whole) - 12, len(whole) - 1):
        with pytest.raises(UnsafeArchive, match="cannot be read"):
            unpacked(written(tmp_path, whole[:cut], kind))


def test_an_archive_is_read_to_its_very_end(tmp_path: Path) -> None:
    whole = compressed(tar_of([ROOT_FILE]) + random.Random(1).randbytes(3 * MIB))
    with pytest.raises(UnsafeArchive, match="cannot be read"):
        unpacked(written(tmp_path, whole[:-100]))


@pytest.mark.parametrize("kind", [".tar.zst", ".tgz"])
def test_bytes_that_were_changed_end_in_a_refusal_or_in_the_folder(tmp_path: Path, kind: Kind) -> None:
    entries = [*release_entries("0.16.3"), Entry(name="./with-a-header", content=b"x" * 600, pax={"comment": "x"})]
    tar = tar_of(entries)
    chance = random.Random(5)
    for number in range(count(60, 5000)):
        spoiled = bytearray(tar)
        for _ in range(chance.randint(1, 4)):
            spoiled[chance.randrange(len(tar))] = chance.randrange(256)
        home = tmp_path / str(number)
        home.mkdir()
        with contextlib.suppress(UnsafeArchive, OSError):
            unpacked(written(home, compressed(bytes(spoiled), kind), kind))
        assert {path.name for path in home.glob("*")} <= {f"archive{kind}", "home"}
        assert {path.name for path in home.glob("home/*")} <= {"new"}


def test_a_window_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    # A frame of Zstandard whose header asks for a window of 2 TiB (RFC 8878, 3.1.1.1.2).
    frame = b"\x28\xb5\x2f\xfd" + bytes([0b0000_0000, 0b1111_1000]) + b"\x01\x00\x00"
    with pytest.raises(UnsafeArchive, match="cannot be read"):
        unpacked(written(tmp_path, frame))


def test_the_stand_in_builds_what_tar_itself_reads() -> None:
    with tarfile.open(fileobj=io.BytesIO(tar_of(release_entries("0.16.3")))) as tar:
        assert "./bin/ollama" in tar.getnames()
