"""The servers that were added, kept in `remotes.json`: addresses, prices and limits, and never a key."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from venom_desktop.core.errors import VenomError
from venom_desktop.core.files import previous_version_of, write_atomically
from venom_desktop.core.runtimes.remote_base import RemoteServer

_log = logging.getLogger(__name__)


class RemoteFile:
    """Read once, written whole. A damaged file is put aside, and the version before it takes its place."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._others: tuple[Any, ...] = ()
        self._unknown: dict[str, dict[str, Any]] = {}

    def read(self) -> tuple[RemoteServer, ...]:
        """Blocks for a moment."""
        for candidate in (self._path, previous_version_of(self._path)):
            try:
                rows = json.loads(candidate.read_bytes())["servers"]
                return self._taken(list(rows))
            except FileNotFoundError:
                continue
            except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
                _log.warning("%s cannot be read (%s)", candidate.name, type(error).__name__)
                _put_aside(candidate)
        return ()

    def write(self, servers: Sequence[RemoteServer]) -> None:
        """Blocks. Raises `StorageFailed`, `DiskFull`."""
        rows = [{**self._unknown.get(server.name, {}), **_written(server)} for server in servers]
        content = json.dumps({"servers": [*rows, *self._others]}, ensure_ascii=False, indent=2)
        write_atomically(self._path, f"{content}\n".encode(), mode=0o600)

    def _taken(self, rows: list[Any]) -> tuple[RemoteServer, ...]:
        # Imported where there is a server: the first picture of the window waits for this module.
        from venom_desktop.core.runtimes.remote_row import server_in

        servers: dict[str, RemoteServer] = {}
        for row in rows:
            try:
                server, unknown = server_in(row)
            except (VenomError, ValueError) as error:
                _log.info("A remote server of %s is left out: %s", self._path.name, type(error).__name__)
                self._others = (*self._others, row)
            else:
                servers[server.name] = server
                self._unknown[server.name] = unknown
        return tuple(servers.values())


def _written(server: RemoteServer) -> dict[str, Any]:
    return {
        "name": server.name,
        "key_name": server.key_name,
        "title": server.title,
        "kind": server.kind.value,
        "url": server.url,
        "ca_file": None if server.certificate_file is None else str(server.certificate_file),
        "input_usd_per_million": server.terms.input_usd,
        "output_usd_per_million": server.terms.output_usd,
        "requests_per_minute": server.terms.requests_per_minute,
    }


def _put_aside(path: Path) -> None:
    try:
        path.replace(path.with_name(f"{path.name}.damaged"))
    except OSError as error:
        _log.warning("%s cannot be put aside (%s)", path.name, error)
