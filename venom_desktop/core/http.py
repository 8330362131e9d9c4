"""The one place that makes HTTP clients: timeouts, user agent, and retries for GET only."""

import asyncio
import random
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from venom_desktop.core.errors import (
    SourceBusy,
    SourceChanged,
    SourceUnreachable,
    UpstreamFailed,
    UpstreamSlow,
    VenomError,
)
from venom_desktop.core.http_stream import USER_AGENT as USER_AGENT
from venom_desktop.core.http_stream import retry_after_s as retry_after_s

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 20.0
LONGEST_RETRY_WAIT_S = 8.0
_RETRIED_STATUS = frozenset({500, 502, 503, 504})

Client = httpx.AsyncClient
Response = httpx.Response
HttpError = httpx.HTTPError
Timeout = httpx.Timeout


def make_client(
    *,
    base_url: str = "",
    read_timeout_s: float | None = READ_TIMEOUT_S,
    certificate_file: Path | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.AsyncClient:
    """An async client that follows redirects; httpx drops `Authorization` when the host changes."""
    return httpx.AsyncClient(
        base_url=base_url,
        follow_redirects=True,
        timeout=httpx.Timeout(read_timeout_s, connect=CONNECT_TIMEOUT_S),
        verify=_trust(certificate_file),
        headers={"User-Agent": USER_AGENT, **(headers or {})},
    )


def make_local_client() -> httpx.AsyncClient:
    """A client for servers on this machine: no proxy from the environment, and an answer may take its time.

    Every request has a connection of its own: llama.cpp closes idle ones when it likes (1 request in 200 met a closed
    one), and a question may not be sent twice.
    """
    return httpx.AsyncClient(
        timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT_S),
        limits=httpx.Limits(max_keepalive_connections=0),
        trust_env=False,
        headers={"User-Agent": USER_AGENT},
    )


async def get(
    client: httpx.AsyncClient,
    url: str,
    *,
    source: str,
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
    tries: int = 2,
) -> httpx.Response:
    """GET with retries for broken connections and 5xx answers; other error answers are returned as they are.

    Raises `SourceUnreachable`, `UpstreamSlow`, `SourceBusy` (429), `UpstreamFailed` (5xx after the last try).
    """
    for attempt in range(1, tries + 1):
        last = attempt == tries
        try:
            response = await client.get(url, params=params, headers=headers)
        except httpx.HTTPError as error:
            if last:
                raise translate(error, source=source) from error
        else:
            if response.status_code == 429:
                raise SourceBusy(source=source, retry_after_s=retry_after_s(response.headers))
            if response.status_code not in _RETRIED_STATUS:
                return response
            if last:
                raise UpstreamFailed(source=source, status=response.status_code)
        await asyncio.sleep(min(LONGEST_RETRY_WAIT_S, 0.25 * 2**attempt) * random.uniform(0.5, 1.0))  # noqa: S311 - jitter
    raise AssertionError("unreachable: the last try returns or raises")


def json_body(response: httpx.Response, *, source: str) -> Any:
    """The decoded JSON body; raises `SourceChanged` for anything else."""
    try:
        return response.json()
    except ValueError as error:
        raise SourceChanged(source=source) from error


def translate(error: httpx.HTTPError, *, source: str) -> VenomError:
    """The failure of a connection in our own words."""
    match error:
        case httpx.ConnectTimeout() | httpx.ConnectError():
            return SourceUnreachable(source=source)
        case httpx.TimeoutException():
            return UpstreamSlow(source=source, timeout_s=int(READ_TIMEOUT_S))
        case _:
            return SourceUnreachable(source=source)


def _trust(certificate_file: Path | None) -> ssl.SSLContext | bool:
    return True if certificate_file is None else ssl.create_default_context(cafile=str(certificate_file))
