"""Reads what the environment says about other hosts, in the spelling that people use."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from venom_desktop.core.errors import InvalidSetting

OLLAMA_PORT = 11434
_EVERYWHERE = {"0.0.0.0", "::", "*", ""}  # noqa: S104 - what a server binds to is not where a client goes
_UNIT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@:\\-]{0,200}\.service")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def told(environ: Mapping[str, str], variable: str | None) -> str | None:
    """What a variable says; an empty one says nothing."""
    if variable is None:
        return None
    return environ.get(variable, "").strip() or None


def normalise_endpoint(text: str) -> str:
    """`https://host[:port][/path]` without a slash at the end. Raises `ValueError` for anything else."""
    parts = urlsplit(text.strip())
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise ValueError("no http or https address")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("a user name, a query or a fragment has no place in an endpoint")
    _ = parts.port  # raises ValueError out of range
    if any(letter.isspace() or not letter.isprintable() for letter in text.strip()):
        raise ValueError("no address has blanks")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def normalise_ollama_host(text: str | None, *, port: int | None = None) -> str:
    """Where a client finds Ollama: `OLLAMA_HOST` may lack the scheme, the port or both, or name a bind address.

    0.0.0.0 means 127.0.0.1, no scheme means http, no port means `port` (`OLLAMA_PORT`) or 11434; with a scheme
    told, no port means the scheme's own, as Ollama's client reads it. Raises `InvalidSetting`.
    """
    given = (text or "").strip().strip("\"'")
    scheme, divider, rest = given.partition("://")
    if not divider:
        scheme, rest = "http", given
    address, slash, path = rest.partition("/")
    try:
        host, told_port = _host_and_port(address)
        if scheme not in _DEFAULT_PORTS:
            raise ValueError(scheme)
        chosen = told_port or (_DEFAULT_PORTS[scheme] if divider else port or OLLAMA_PORT)
        endpoint = normalise_endpoint(f"{scheme}://{host}:{chosen}{slash}{path}")
    except ValueError as error:
        raise InvalidSetting(
            name="OLLAMA_HOST", value=given, expected="Give a host, host:port or an http address."
        ) from error
    return endpoint


def checked_ollama_host(text: str) -> str:
    """The text as it was given. Raises `ValueError` for one that names no host."""
    try:
        normalise_ollama_host(text)
    except InvalidSetting as error:
        raise ValueError(text) from error
    return text.strip()


def checked_host(text: str) -> str:
    """An IP address to listen at, or localhost. Raises `ValueError`."""
    host = text.strip().strip("[]")
    # Imported by whoever sets one: a start reads the default alone.
    import ipaddress

    return host if host == "localhost" else str(ipaddress.ip_address(host))


def checked_cluster(text: str) -> str:
    """Where a Ray cluster is: host:port, ray://host:port, auto, or nothing. Raises `ValueError`."""
    told = text.strip()
    if not told or told == "auto":
        return told
    parts = urlsplit(told if "://" in told else f"//{told}")
    if parts.scheme not in ("", "ray") or not parts.hostname or parts.port is None or parts.username is not None:
        raise ValueError(text)
    return told


def checked_unit(text: str) -> str:
    """The name of a systemd service, its ending added. Raises `ValueError`."""
    name = text.strip()
    if not name.endswith(".service"):
        name += ".service"
    if not _UNIT.fullmatch(name):
        raise ValueError(text)
    return name


def _host_and_port(address: str) -> tuple[str, int | None]:
    if address.count(":") > 1 and not address.startswith("["):
        address = f"[{address}]"
    parts = urlsplit(f"//{address}")
    if "@" in address or any(letter.isspace() for letter in address):
        raise ValueError(address)
    host = parts.hostname or ""
    if host in _EVERYWHERE:
        host = "127.0.0.1"
    return (f"[{host}]" if ":" in host else host), parts.port
