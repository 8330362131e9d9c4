"""The keyring adapter against a real Secret Service on a session bus of its own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
UNLOCKED = """
printf 'pw\\n' | gnome-keyring-daemon --daemonize --login >/dev/null
printf pw | gnome-keyring-daemon --start --components=secrets >/dev/null
exec "$@"
"""
AS_IT_IS = 'exec "$@"'
EMPTY_BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
"""

pytestmark = [
    pytest.mark.keyring,
    pytest.mark.skipif(
        not (shutil.which("dbus-run-session") and shutil.which("gnome-keyring-daemon")),
        reason="dbus-run-session and gnome-keyring-daemon are not installed",
    ),
]

OnBus = Callable[..., dict[str, Any]]


@pytest.fixture
def on_bus(tmp_path: Path) -> OnBus:
    """Runs one verb of keyring_child.py behind a shell line that prepares the keyring; nothing outlives it."""
    foreign = ("DBUS_", "XDG_", "GNOME_", "PYTHON_KEYRING_")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    for variable in ("XDG_DATA_HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "HOME"):
        folder = tmp_path / variable.lower()
        folder.mkdir(mode=0o700)
        environment[variable] = str(folder)
    environment |= {"PYTHONPATH": str(ROOT), "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    empty_bus = tmp_path / "bus.conf"
    empty_bus.write_text(EMPTY_BUS, encoding="utf-8")

    def run(verb: str, *, prepare: str = UNLOCKED, activation: bool = True) -> dict[str, Any]:
        bus = ["dbus-run-session", *(() if activation else (f"--config-file={empty_bus}",)), "--"]
        child = [sys.executable, "-m", "tests.core.secrets.keyring_child", verb]
        done = subprocess.run(
            [*bus, "sh", "-c", prepare, "sh", *child],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return told

    return run


def test_a_key_is_kept_replaced_and_removed_in_a_real_keyring(on_bus: OnBus) -> None:
    assert on_bus("keep") == {
        "source": "keyring",
        "mask": "hf_r…6789",
        "kept": "hf_real_keyring_0123456789",
        "replaced": "hf_replaced_0123456789",
        "left": False,
        "notice": None,
    }


def test_a_locked_keyring_counts_as_none_and_is_told(on_bus: OnBus) -> None:
    told = on_bus("locked")
    assert told["found"] is False
    assert "it is locked" in told["notice"]


@pytest.mark.parametrize("activated", [True, False], ids=["a keyring nobody ever unlocked", "no keyring at all"])
def test_without_a_usable_keyring_a_key_lives_in_memory_and_that_is_told(on_bus: OnBus, activated: bool) -> None:
    told = on_bus("memory", prepare=AS_IT_IS, activation=activated)
    assert told["found"] is False
    assert told["source"] == "memory"
    assert told["held"] == "hf_kept_in_memory_0123"
    assert told["notice"].startswith("No system keyring can be used")
    assert activated or "none is installed" in told["notice"]
