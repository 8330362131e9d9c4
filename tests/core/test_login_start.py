"""Starting with the session: the entry on the disk is the setting, and its command line is the one that was meant."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from venom_desktop.core.errors import StorageFailed
from venom_desktop.core.login_start import ENTRY_NAME, LoginStart, entry, login_start

COMMAND = ("/opt/venom/python", "-m", "venom_desktop", "--minimised")


@pytest.fixture
def login(tmp_path: Path) -> LoginStart:
    return LoginStart(tmp_path / "config" / "autostart", COMMAND)


def arguments_of(text: str) -> list[str]:
    """What a desktop makes of the Exec line: the string's escapes first, then quotes as a shell reads them."""
    (line,) = [line.removeprefix("Exec=") for line in text.splitlines() if line.startswith("Exec=")]
    unescaped = line.replace("\\\\", "\0").replace("\\n", "\n").replace("\0", "\\").replace("%%", "%")
    told = subprocess.run(["sh", "-c", f"printf '%s\\0' {unescaped}"], capture_output=True, check=True)
    return os.fsdecode(told.stdout).split("\0")[:-1]


async def test_switched_on_there_is_an_entry_and_switched_off_there_is_nothing(login: LoginStart) -> None:
    assert not await login.is_on()
    await login.set(on=True)
    assert await login.is_on()
    assert [path.name for path in login.path.parent.iterdir()] == [ENTRY_NAME]
    assert arguments_of(login.path.read_text()) == list(COMMAND)
    await login.set(on=True)
    await login.set(on=False)
    assert not await login.is_on()
    assert list(login.path.parent.iterdir()) == []
    await login.set(on=False)


@pytest.mark.parametrize("line", ["Hidden=true", "X-GNOME-Autostart-enabled=false", "Hidden = true"])
async def test_an_entry_that_the_desktop_switched_off_is_off(login: LoginStart, line: str) -> None:
    await login.set(on=True)
    text = login.path.read_text().replace("X-GNOME-Autostart-enabled=true\n", "")
    login.path.write_text(f"{text}{line}\n")
    assert not await login.is_on()
    await login.set(on=True)
    assert await login.is_on()


@pytest.mark.parametrize(
    "word", ["a b", 'say "hi"', "back\\slash", "$HOME", "`id`", "100 %", "%u", "it's", "line\nbreak", "a;b&c", ""]
)
def test_every_argument_arrives_as_it_was_meant(word: str) -> None:
    assert arguments_of(entry(["/bin/program", word])) == ["/bin/program", word]


async def test_a_folder_that_cannot_be_written_is_told(login: LoginStart) -> None:
    login.path.parent.parent.write_text("a file in the way")
    with pytest.raises(StorageFailed):
        await login.set(on=True)
    login.path.parent.parent.unlink()
    login.path.mkdir(parents=True)
    with pytest.raises(StorageFailed):
        await login.is_on()
    with pytest.raises(StorageFailed):
        await login.set(on=False)


def test_it_lies_in_the_users_autostart_folder_and_only_linux_has_one(tmp_path: Path) -> None:
    told = login_start({"XDG_CONFIG_HOME": str(tmp_path)}, platform="linux")
    assert told is not None
    assert told.path == tmp_path / "autostart" / ENTRY_NAME
    ignored = login_start({"XDG_CONFIG_HOME": "not/absolute"}, platform="linux")
    assert ignored is not None
    assert ignored.path == Path.home() / ".config" / "autostart" / ENTRY_NAME
    assert login_start({}, platform="win32") is None
    assert login_start({}, platform="darwin") is None


async def test_the_command_really_starts_this_program_in_this_home(tmp_path: Path) -> None:
    environ = {"XDG_CONFIG_HOME": str(tmp_path), "VENOM_HOME": str(tmp_path / "a home")}
    login = login_start(environ, platform="linux")
    assert login is not None
    await login.set(on=True)
    command = arguments_of(login.path.read_text())
    assert command[:2] == ["env", f"VENOM_HOME={tmp_path / 'a home'}"]
    assert command[2:] == [sys.executable, "-m", "venom_desktop", "--minimised"]
    # The same words with a question whose answer needs no screen.
    told = subprocess.run([*command[:-1], "--version"], capture_output=True, text=True, check=True)
    assert told.stdout.startswith("venom-desktop ")
