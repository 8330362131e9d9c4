"""One server in `remotes.json`, as it is written there."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from venom_desktop.core.governance.base import Terms
from venom_desktop.core.registry.names import check_name, is_remote
from venom_desktop.core.runtimes.remote_base import RemoteDraft, RemoteKind, RemoteServer


class _Row(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow", frozen=True)

    name: str
    key_name: str
    title: str
    kind: str
    url: str
    ca_file: str | None = None
    input_usd_per_million: float | None = None
    output_usd_per_million: float | None = None
    requests_per_minute: int | None = None


def server_in(told: Any) -> tuple[RemoteServer, dict[str, Any]]:
    """The server of a row, and the fields of it that this version does not know.

    Raises `VenomError` or `ValueError` for a row that cannot be used; the file may have been written by hand.
    """
    row = _Row.model_validate(told)
    if not is_remote(check_name(row.name)):
        raise ValueError("no name of a remote server")
    draft = RemoteDraft(
        title=row.title,
        kind=RemoteKind(row.kind),
        url=row.url,
        certificate_file=None if row.ca_file is None else Path(row.ca_file),
        terms=Terms(
            input_usd=row.input_usd_per_million,
            output_usd=row.output_usd_per_million,
            requests_per_minute=row.requests_per_minute,
        ),
    ).checked()
    return RemoteServer.of(draft, name=row.name, key_name=row.key_name), dict(row.model_extra or {})
