"""Sockets in a folder of ours, for this account alone: bound, reached by a path of any length, and whose they are."""

import contextlib
import errno
import os
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

_LONGEST_ADDRESS = 100
"""Unix sockets take 107 bytes on Linux and 103 on macOS."""


def listen_at(path: Path) -> socket.socket:
    """Take the place of whatever a dead program left there. Raises `OSError`."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with socket_address(path) as address:
            listener.bind(address)
        # Nobody can connect before `listen`, so nobody can before the mode is right.
        path.chmod(0o600)
        listener.listen(16)
    except OSError:
        listener.close()
        raise
    return listener


def uid_of(peer: socket.socket) -> int:
    """Who is on the other end, told by the kernel."""
    if sys.platform != "linux":
        # The mode of the folder and of the socket have to do there.
        return os.getuid()
    credentials = struct.Struct("3i")
    told = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, credentials.size)
    return int(credentials.unpack(told)[1])


@contextlib.contextmanager
def socket_address(path: Path) -> Iterator[str]:
    """How the kernel is told of a socket; a long path goes by a descriptor of its folder, which Linux alone can."""
    if len(os.fsencode(path)) <= _LONGEST_ADDRESS:
        yield str(path)
        return
    if sys.platform != "linux":
        raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
