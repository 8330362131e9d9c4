"""Writes the log: one rotated file for its owner's eyes, from which every known secret is kept out."""

import logging
import logging.handlers
import os
import sys
import threading
from collections.abc import Callable
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType

from venom_desktop.core.errors import StorageFailed
from venom_desktop.core.secrets.masking import Redactor

LOG_NAME = "venom-desktop.log"
_LARGEST_BYTES = 2_000_000
_KEPT_FILES = 5
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

# They tell every request at INFO; ours are told where they matter.
_TALKATIVE = ("httpx", "httpcore", "asyncio", "urllib3", "filelock", "keyring", "huggingface_hub")

StopLogging = Callable[[], None]


class RedactingFormatter(logging.Formatter):
    """Redacts the finished text, so that arguments, tracebacks and stacks are covered alike."""

    def __init__(self, redactor: Redactor) -> None:
        super().__init__(_FORMAT)
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        return self._redactor.redact(super().format(record))


def start_logging(
    folder: Path,
    redactor: Redactor,
    *,
    file_name: str = LOG_NAME,
    level: int = logging.INFO,
    to_stderr: bool = False,
    largest_bytes: int = _LARGEST_BYTES,
) -> StopLogging:
    """Log to a file in `folder` until the returned function is called; a file must have one process that writes it.

    Failures that nobody caught are logged too, instead of being printed with whatever they hold.
    Raises `StorageFailed` when the file cannot be opened.
    """
    handlers: list[logging.Handler] = [_file_handler(folder / file_name, largest_bytes)]
    if to_stderr:
        handlers.append(logging.StreamHandler(sys.stderr))
    root = logging.getLogger()
    before = root.level
    for handler in handlers:
        handler.setFormatter(RedactingFormatter(redactor))
        root.addHandler(handler)
    root.setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    give_back_hooks = _take_hooks()

    def stop() -> None:
        give_back_hooks()
        logging.captureWarnings(capture=False)
        root.setLevel(before)
        for handler in handlers:
            root.removeHandler(handler)
            handler.close()

    return stop


class _PrivateRotatingHandler(logging.handlers.RotatingFileHandler):
    """Every file it opens has mode 0600."""

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return TextIOWrapper(os.fdopen(descriptor, "ab"), encoding=self.encoding, errors=self.errors)


def _file_handler(path: Path, largest_bytes: int) -> logging.Handler:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _PrivateRotatingHandler(
            path, maxBytes=largest_bytes, backupCount=_KEPT_FILES, encoding="utf-8", errors="backslashreplace"
        )
    except OSError as error:
        raise StorageFailed(path=path, problem=error.strerror or str(error)) from error


def _take_hooks() -> Callable[[], None]:
    """Send uncaught failures of the main thread and of all others to the log."""
    log = logging.getLogger("venom_desktop.uncaught")
    before, before_in_threads, before_unraisable = sys.excepthook, threading.excepthook, sys.unraisablehook

    def uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            before(kind, error, traceback)
        else:
            log.critical("Nobody caught this", exc_info=(kind, error, traceback))

    def uncaught_in_thread(told: threading.ExceptHookArgs) -> None:
        if told.exc_value is not None:
            log.critical("Nobody caught this in a thread", exc_info=told.exc_value)

    def unraisable(told: "sys.UnraisableHookArgs") -> None:
        if told.exc_value is not None:
            log.error("%s", told.err_msg or "Ignored while an object was freed", exc_info=told.exc_value)

    sys.excepthook, threading.excepthook, sys.unraisablehook = uncaught, uncaught_in_thread, unraisable

    def give_back() -> None:
        sys.excepthook, threading.excepthook = before, before_in_threads
        sys.unraisablehook = before_unraisable

    return give_back
