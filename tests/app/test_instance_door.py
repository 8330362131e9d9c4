"""A home has one program: the first stays, the second finds it, a dead one leaves nothing in the way."""

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from venom_desktop.app.instance_door import SOCKET_NAME, Claim, ask, claim, claim_or_ask
from venom_desktop.core.errors import StorageFailed, UpstreamFailed

ROOT = Path(__file__).parents[2]
Start = Callable[[Path], "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """Start programs of their own; each is ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def program(folder: Path) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "tests.app.instance_child", str(folder)]
        child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        started.append(child)
        return child

    yield program
    for child in started:
        child.kill()
        child.communicate()


def line_of(child: "subprocess.Popen[str]") -> str:
    assert child.stdout is not None
    return child.stdout.readline().strip()


def test_a_second_start_shows_the_first_and_ends(tmp_path: Path, start: Start) -> None:
    first = start(tmp_path / "run")
    assert line_of(first) == "first"
    second = start(tmp_path / "run")
    assert line_of(second) == "second True"
    assert second.wait(timeout=60) == 0
    assert line_of(first) == "shown"


def test_of_many_that_start_at_once_one_is_first_and_shows_for_the_others(tmp_path: Path, start: Start) -> None:
    children = [start(tmp_path / "run") for _ in range(5)]
    told = [line_of(child) for child in children]
    assert sorted(told) == ["first", *["second True"] * 4]
    first = children[told.index("first")]
    assert [line_of(first) for _ in range(4)] == ["shown"] * 4


def test_the_socket_of_a_killed_program_is_replaced(tmp_path: Path, start: Start) -> None:
    first = start(tmp_path / "run")
    assert line_of(first) == "first"
    first.kill()
    first.wait(timeout=60)
    assert (tmp_path / "run" / SOCKET_NAME).is_socket()
    assert ask(tmp_path / "run", {"request": "hello"}) is None
    assert line_of(start(tmp_path / "run")) == "first"


def test_a_program_that_ends_leaves_no_socket(tmp_path: Path, start: Start) -> None:
    first = start(tmp_path / "run")
    assert line_of(first) == "first"
    first.communicate(timeout=60)
    assert first.returncode == 0
    assert not (tmp_path / "run" / SOCKET_NAME).exists()


def test_two_homes_have_two_programs(tmp_path: Path, start: Start) -> None:
    assert line_of(start(tmp_path / "one")) == "first"
    assert line_of(start(tmp_path / "two")) == "first"


def test_the_socket_and_its_folder_are_for_their_owner_only(tmp_path: Path) -> None:
    held = claim(tmp_path / "run")
    assert held is not None
    assert stat.S_IMODE((tmp_path / "run").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "run" / SOCKET_NAME).stat().st_mode) == 0o600
    held.release()


def test_a_claim_is_exclusive_until_it_is_released(tmp_path: Path) -> None:
    held = claim(tmp_path / "run")
    assert held is not None
    assert claim(tmp_path / "run") is None
    held.release()
    held.release()
    again = claim(tmp_path / "run")
    assert again is not None
    held.release()
    assert claim(tmp_path / "run") is None
    again.release()


def test_nobody_there_is_no_failure(tmp_path: Path) -> None:
    assert ask(tmp_path / "nothing", {"request": "hello"}) is None


def test_a_holder_that_does_not_answer_is_said(tmp_path: Path) -> None:
    held = claim(tmp_path / "run")
    assert held is not None
    with pytest.raises(UpstreamFailed):
        ask(tmp_path / "run", {"request": "hello"}, wait_s=0.05)
    held.listener.setblocking(True)
    held.release()


def test_a_holder_without_a_socket_is_waited_for_and_then_said(tmp_path: Path) -> None:
    held = claim(tmp_path / "run")
    assert held is not None
    (tmp_path / "run" / SOCKET_NAME).unlink()
    with pytest.raises(UpstreamFailed):
        claim_or_ask(tmp_path / "run", {"request": "show"}, wait_s=0.05)
    held.release()


def test_a_path_longer_than_a_socket_may_have_works(tmp_path: Path, start: Start) -> None:
    folder = tmp_path / ("deep" * 40) / "run"
    assert line_of(start(folder)) == "first"
    answer = ask(folder, {"request": "hello"})
    assert answer is not None
    assert answer["ok"] is True


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(StorageFailed):
        claim(tmp_path / "run")


def test_something_else_in_place_of_the_socket_is_said(tmp_path: Path) -> None:
    (tmp_path / "run" / SOCKET_NAME).mkdir(parents=True)
    with pytest.raises(StorageFailed):
        claim(tmp_path / "run")
    (tmp_path / "run" / SOCKET_NAME).rmdir()
    held = claim(tmp_path / "run")
    assert isinstance(held, Claim)
    held.release()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can start a program of another user")
def test_a_program_of_another_user_is_not_believed(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    # The kernel names the user who called listen.
    script = """
import os, socket, sys
listener = socket.socket(fileno=int(sys.argv[1]))
os.setuid(65534)
listener.listen(1)
print("listening", flush=True)
connection, _ = listener.accept()
connection.sendall(b'{"ok": true, "url": "http://evil", "token": "x"}\\n')
sys.stdin.read()
"""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / SOCKET_NAME))
        command = [sys.executable, "-c", script, str(listener.fileno())]
        with subprocess.Popen(
            command, pass_fds=[listener.fileno()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as impostor:
            assert line_of(impostor) == "listening"
            with pytest.raises(UpstreamFailed):
                ask(folder, {"request": "api"})
