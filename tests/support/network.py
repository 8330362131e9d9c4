"""Refuses every connection that would leave this machine, and fails the test that tried."""

import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

import pytest

# Names that can never exist (RFC 2606): a test may use them to be refused.
_NEVER_EXISTS = (".invalid", ".test", ".example")


def stays_here(host: object) -> bool:
    """Whether `host` is this machine: nothing, a loopback name, or a loopback address."""
    if host is None or host in ("", b"", "localhost", b"localhost"):
        return True
    text = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host)
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return text.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


@pytest.fixture(autouse=True)
def no_outside_network(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The hosts that were refused; the test fails when there are any."""
    refused: list[str] = []
    connect, connect_ex, getaddrinfo = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

    def refuse(host: object) -> None:
        refused.append(str(host))
        raise OSError(f"Tests do not leave this machine, and this one tried to reach {host}")

    def guard(connection: socket.socket, address: Any) -> None:
        if connection.family in (socket.AF_INET, socket.AF_INET6) and not stays_here(address[0]):
            refuse(address[0])

    def guarded_connect(connection: socket.socket, address: Any) -> None:
        guard(connection, address)
        connect(connection, address)

    def guarded_connect_ex(connection: socket.socket, address: Any) -> int:
        guard(connection, address)
        return connect_ex(connection, address)

    def guarded_getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        if isinstance(name, str) and name.endswith(_NEVER_EXISTS):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if not stays_here(host):
            refuse(host)
        return getaddrinfo(host, *args, **options)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", guarded_connect_ex)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_getaddrinfo)
    yield refused
    if refused:
        pytest.fail(f"This test tried to reach {', '.join(sorted(set(refused)))}", pytrace=False)
