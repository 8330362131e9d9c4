"""The claim on a home and the way to who holds it: a lock that dies with its holder, and a socket beside it.

Windows would need a named pipe in place of the socket; that is not written.
"""

import json
import os
import socket
import time
from pathlib import Path
from typing import Any

from venom_desktop.app.paths import make_private_folder
from venom_desktop.core.errors import FolderLocked, StorageFailed, UpstreamFailed
from venom_desktop.core.files import FolderLock
from venom_desktop.core.unix_sockets import listen_at, socket_address, uid_of

SOCKET_NAME = "app.sock"
LOCK_NAME = "app.lock"
_LONGEST_ANSWER_BYTES = 65_536


class Claim:
    """Held by the one program of a home; `listener` is bound and listening, so nobody who asks early is lost."""

    def __init__(self, lock: FolderLock, listener: socket.socket, path: Path) -> None:
        self._lock = lock
        self.listener = listener
        self._path = path

    def release(self) -> None:
        """Give the home back; harmless when done twice."""
        if self._lock.held:
            self._path.unlink(missing_ok=True)
            self.listener.close()
            self._lock.release()


def claim(folder: Path) -> Claim | None:
    """Take the home whose runtime folder this is, or None when another program holds it.

    A socket left by a dead program is replaced: the lock died with its holder. Raises `StorageFailed`.
    """
    make_private_folder(folder)
    lock = FolderLock(folder, LOCK_NAME)
    try:
        lock.acquire()
    except FolderLocked:
        return None
    try:
        return Claim(lock, _listener(folder / SOCKET_NAME), folder / SOCKET_NAME)
    except OSError as error:
        lock.release()
        raise StorageFailed(path=folder / SOCKET_NAME, problem=error.strerror or str(error)) from error


def ask(folder: Path, request: dict[str, str], *, wait_s: float = 5.0) -> dict[str, Any] | None:
    """Send one request to the program that holds the home; None when there is none.

    Blocks for `wait_s` at most; needs no event loop. Raises `UpstreamFailed` when it is there and gives no answer.
    """
    deadline = time.monotonic() + wait_s
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(wait_s)
            with socket_address(folder / SOCKET_NAME) as address:
                connection.connect(address)
            if uid_of(connection) != os.getuid():
                raise _no_answer()
            connection.sendall(json.dumps(request).encode() + b"\n")
            line = _read_line(connection, deadline)
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    except OSError as error:
        raise _no_answer() from error
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise _no_answer() from error
    if not isinstance(answer, dict):
        raise _no_answer()
    return answer


def claim_or_ask(folder: Path, request: dict[str, str], *, wait_s: float = 5.0) -> Claim | dict[str, Any]:
    """Be the one program of this home, or have the one that is there do `request`.

    Between the lock of a program that is just starting and its socket is a moment: it is waited out.
    Raises `StorageFailed`, or `UpstreamFailed` when the home is held and nobody answers.
    """
    deadline = time.monotonic() + wait_s
    while True:
        claimed = claim(folder)
        if claimed is not None:
            return claimed
        answer = ask(folder, request, wait_s=wait_s)
        if answer is not None:
            return answer
        if time.monotonic() > deadline:
            raise _no_answer()
        time.sleep(0.02)


def _read_line(connection: socket.socket, deadline: float) -> bytes:
    received = bytearray()
    while not received.endswith(b"\n"):
        connection.settimeout(max(0.001, deadline - time.monotonic()))
        piece = connection.recv(4096)
        if not piece or len(received) > _LONGEST_ANSWER_BYTES:
            raise ConnectionResetError("no whole answer")
        received += piece
    return bytes(received)


def _listener(path: Path) -> socket.socket:
    listener = listen_at(path)
    listener.setblocking(False)
    return listener


def _no_answer() -> UpstreamFailed:
    return UpstreamFailed(source="The running program", status="no answer")
