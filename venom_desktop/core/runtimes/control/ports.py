"""Who listens on a port of this machine, and which port is free."""

import socket

import psutil


def listening_pids(port: int) -> frozenset[int]:
    """The processes that listen on `port`, as far as the system lets us see."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.Error:
        return frozenset()
    return frozenset(
        connection.pid
        for connection in connections
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:2] == (port,) and connection.pid is not None
    )


def free_port() -> int:
    """A port that was free a moment ago, for servers that cannot choose one themselves."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
