"""Atomic writes: after a crash or a full disk the old version or the new one is there, never a mixture."""

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from tests.support.counts import count
from venom_desktop.core.errors import StorageFailed
from venom_desktop.core.files import previous_version_of, remove_leftovers, write_atomically


def test_the_version_before_stays_beside_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    write_atomically(path, b"three")
    assert path.read_bytes() == b"three"
    assert previous_version_of(path).read_bytes() == b"two"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["list.json", "list.json.previous"]


def test_no_version_is_kept_when_none_is_wanted(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    write_atomically(path, b"one", keep_previous=False)
    write_atomically(path, b"two", keep_previous=False)
    assert [entry.name for entry in tmp_path.iterdir()] == ["list.json"]


def test_the_mode_asked_for_is_the_mode_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "token"
    write_atomically(path, b"secret", mode=0o600)
    assert path.stat().st_mode & 0o777 == 0o600
    write_atomically(path, b"another")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_is_followed_and_not_replaced(tmp_path: Path) -> None:
    real = tmp_path / "real" / "settings.json"
    write_atomically(real, b"one")
    link = tmp_path / "settings.json"
    link.symlink_to(real)
    write_atomically(link, b"two")
    assert link.is_symlink()
    assert real.read_bytes() == b"two"


def test_a_folder_that_cannot_be_made_is_a_named_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageFailed, match="could not be written"):
        write_atomically(tmp_path / "file" / "list.json", b"one")


def test_a_failed_write_leaves_the_old_version_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    write_atomically(path, b"one", keep_previous=False)
    previous_version_of(path).mkdir()
    with pytest.raises(StorageFailed):
        write_atomically(path, b"two")
    assert path.read_bytes() == b"one"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["list.json", "list.json.previous"]


def test_a_killed_writer_leaves_one_whole_version(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    write_atomically(path, b"a" * 300_000)
    program = textwrap.dedent(
        """
        import sys
        from pathlib import Path
        from venom_desktop.core.files import write_atomically
        print("ready", flush=True)
        while True:
            for letter in b"abc":
                write_atomically(Path(sys.argv[1]), bytes([letter]) * 300_000)
                print(letter, flush=True)
        """
    )
    for turn in range(count(5, 100)):
        writer = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        for _ in range(2 + turn % 4):
            writer.stdout.readline()
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        for version in (path, previous_version_of(path)):
            content = version.read_bytes()
            assert len(content) == 300_000
            assert len(set(content)) == 1
    remove_leftovers(path)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["list.json", "list.json.previous"]
