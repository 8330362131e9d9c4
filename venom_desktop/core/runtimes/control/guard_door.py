"""The door at which the guard of a server that was left running waits for the next program of ours."""

import os
import socket
import threading
from pathlib import Path

from venom_desktop.core.runtimes.control.pid_file import SUFFIX
from venom_desktop.core.unix_sockets import listen_at, uid_of


def door_of(pid_file: Path) -> Path:
    """Where it is; nothing is there while a program talks to the guard."""
    return pid_file.with_name(f"{pid_file.name.removesuffix(SUFFIX)}.door")


class Door:
    """The guard's side. One caller at a time: whoever comes while it is shut finds no door."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._is_over = False

    def next_caller(self) -> socket.socket | None:
        """The next program of this account; None where no door can be made, or after `close`. Blocks."""
        while True:
            try:
                with self._opened() as listener:
                    caller, _ = listener.accept()
            except OSError:
                return None
            finally:
                self._path.unlink(missing_ok=True)
            if uid_of(caller) == os.getuid():
                return caller
            caller.close()

    def close(self) -> None:
        """Nobody is let in any more."""
        with self._lock:
            self._is_over = True
            self._path.unlink(missing_ok=True)

    def _opened(self) -> socket.socket:
        with self._lock:
            if self._is_over:
                raise OSError
            return listen_at(self._path)
