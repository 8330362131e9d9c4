"""Who listens on a port of this machine, and which port is free."""

import errno
import os
import socket
import sys
from dataclasses import dataclass
from ipaddress import ip_address

import psutil

HIGHEST_PORT = 65535
REFUSED_WITHIN_S = 0.2
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound to


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who listens; None where the system does not let us see it (another account's program)."""

    pid: int | None = None
    name: str | None = None

    def __str__(self) -> str:
        if self.pid is None:
            return "a program of another account"
        return f"PID\u00a0{self.pid}" if self.name is None else f"PID\u00a0{self.pid} ({self.name})"


def listening_pids(port: int) -> frozenset[int]:
    """The processes that listen on `port`, as far as the system lets us see."""
    try:
        listeners = _listeners(port)
    except psutil.Error:
        return frozenset()
    return frozenset(pid for _, pid in listeners if pid is not None)


def port_holder(host: str, port: int) -> Holder | None:
    """Who keeps others from listening at `host` (an address) and `port`; None: nobody. Blocks."""
    if _refuses(host, port) and host not in EVERYWHERE:
        return None
    try:
        listeners = [(bound, pid) for bound, pid in _listeners(port) if _collide(bound, host)]
    except psutil.Error:
        return None if _can_listen(host, port) else Holder()
    pids = sorted(pid for _, pid in listeners if pid is not None)
    if pids:
        return Holder(pid=pids[0], name=_name_of(pids[0]))
    return Holder() if listeners else None


def listens_at(pid: int, port: int) -> bool:
    """Whether this process of ours listens there, or one of the group that it leads: it may be a script. Blocks."""
    try:
        process = psutil.Process(pid)
        return _listens(process, port) or any(_listens(one, port) for one in _group_of(process))
    except psutil.Error:
        return False


def free_port() -> int:
    """A port that was free a moment ago, for servers that cannot choose one themselves."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def next_free_port(host: str, after: int) -> int:
    """The next one above `after` that was free a moment ago; any, where none above is."""
    return next((port for port in range(after + 1, HIGHEST_PORT + 1) if _can_listen(host, port)), 0) or free_port()


def _listeners(port: int) -> list[tuple[str, int | None]]:
    """Address and process of each. Raises `psutil.Error` where the system does not tell."""
    return [
        (connection.laddr.ip, connection.pid)
        for connection in psutil.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port
    ]


def _listens(process: psutil.Process, port: int) -> bool:
    try:
        connections = process.net_connections(kind="tcp")
    except psutil.Error:
        return False
    return any(found.status == psutil.CONN_LISTEN and found.laddr.port == port for found in connections)


def _group_of(leader: psutil.Process) -> list[psutil.Process]:
    """What it started and did not leave its group. Raises `psutil.Error` when it is gone."""
    return [process for process in leader.children(recursive=True) if _is_in_group(process.pid, leader.pid)]


def _is_in_group(pid: int, group: int) -> bool:
    if sys.platform == "win32":  # not run; there are no groups
        return True
    try:
        return os.getpgid(pid) == group
    except OSError:
        return False


def _refuses(host: str, port: int) -> bool:
    """Known at once, where a look at every process takes some milliseconds and megabytes; nobody is disturbed."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(REFUSED_WITHIN_S)
        return probe.connect_ex((host, port)) == errno.ECONNREFUSED


def _can_listen(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            # Linux lets several bind that port again; only one of them may listen.
            probe.listen(1)
        except OSError:
            return False
    return True


def _collide(bound: str, host: str) -> bool:
    first, second = ip_address(bound.partition("%")[0]), ip_address(host)
    return first.is_unspecified or second.is_unspecified or first == second


def _name_of(pid: int) -> str | None:
    try:
        return psutil.Process(pid).name() or None
    except psutil.Error:
        return None
