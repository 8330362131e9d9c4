"""The log is private, bounded and free of secrets."""

import logging
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from venom_desktop.app.logging import LOG_NAME, start_logging
from venom_desktop.core.errors import StorageFailed
from venom_desktop.core.secrets.masking import REDACTED, Redactor

SECRET = "planted-9f2c-secret"

pytestmark = pytest.mark.expects_warnings


@pytest.fixture
def log_file(tmp_path: Path) -> Iterator[Path]:
    redactor = Redactor()
    redactor.add(SECRET)
    stop = start_logging(tmp_path / "log", redactor)
    yield tmp_path / "log" / LOG_NAME
    stop()


def test_a_secret_is_in_no_message_argument_traceback_or_stack(log_file: Path) -> None:
    log = logging.getLogger("venom_desktop.test")
    log.info("plain %s", SECRET)
    log.info("mapped %(key)s", {"key": SECRET})
    log.info(f"built {SECRET}", stack_info=True)  # noqa: G004 - what others' code does
    try:
        raise RuntimeError(SECRET)
    except RuntimeError:
        log.exception("failed with %r", [SECRET])
    text = log_file.read_text(encoding="utf-8")
    assert SECRET not in text
    assert text.count(REDACTED) >= 5
    assert "RuntimeError" in text


def test_what_nobody_caught_is_logged_redacted(log_file: Path) -> None:
    def fail() -> None:
        raise ValueError(SECRET)

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    try:
        fail()
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)
    text = log_file.read_text(encoding="utf-8")
    assert text.count(f"ValueError: {REDACTED}") == 2
    assert SECRET not in text


def test_the_standard_error_of_a_dying_program_holds_no_secret(tmp_path: Path) -> None:
    script = f"""
from pathlib import Path
from venom_desktop.app.logging import start_logging
from venom_desktop.core.secrets.masking import Redactor
redactor = Redactor()
redactor.add({SECRET!r})
start_logging(Path({str(tmp_path)!r}), redactor, to_stderr=True)
raise SystemError({SECRET!r} + " leaked")
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert f"SystemError: {REDACTED} leaked" in done.stderr
    assert SECRET not in done.stderr + done.stdout


def test_the_log_is_for_its_owner_only_and_rotated_within_bounds(tmp_path: Path) -> None:
    stop = start_logging(tmp_path / "log", Redactor(), largest_bytes=1000)
    log = logging.getLogger("venom_desktop.test")
    for _ in range(100):
        log.info("x" * 100)
    stop()
    files = list((tmp_path / "log").iterdir())
    assert len(files) == 6
    assert sum(found.stat().st_size for found in files) <= 6000
    assert {stat.S_IMODE(found.stat().st_mode) for found in files} == {0o600}


def test_stopping_gives_everything_back(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = (list(root.handlers), root.level, sys.excepthook, threading.excepthook, sys.unraisablehook)
    start_logging(tmp_path, Redactor())()
    assert before == (list(root.handlers), root.level, sys.excepthook, threading.excepthook, sys.unraisablehook)


def test_a_log_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("")
    with pytest.raises(StorageFailed, match="log"):
        start_logging(tmp_path / "log", Redactor())
