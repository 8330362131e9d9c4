"""Reads the header of a GGUF file on a server by growing ranges, a few hundred KB instead of the whole file."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from venom_desktop.core.catalog.gguf_cursor import NeedMoreBytes
from venom_desktop.core.catalog.gguf_header import GgufHeader, parse_gguf_header
from venom_desktop.core.errors import UnreadableModelFile
from venom_desktop.core.http import WIRE_ERRORS, Client, Response, translate

FIRST_BYTES: Final = 96 << 10
"""Nearly every header tells what is needed before this place."""
MOST_BYTES: Final = 16 << 20

_GROWTH = (FIRST_BYTES, 512 << 10, 4 << 20, MOST_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedRange:
    """The server answered the range request with an error status; the caller knows what it means there."""

    response: Response


async def read_remote_header(
    client: Client, url: str, *, source: str, file_name: str, headers: Mapping[str, str] | None = None
) -> GgufHeader | RefusedRange:
    """The header up to its vocabulary, usually with one request, and never more than `MOST_BYTES`.

    Raises `UnreadableModelFile` for what is no GGUF, `SourceUnreachable` and `UpstreamSlow` for a broken wire.
    """
    data = bytearray()
    for limit in _GROWTH:
        if limit <= len(data):
            continue
        try:
            refused, complete = await _read_up_to(client, url, data=data, limit=limit, headers=headers)
        except WIRE_ERRORS as error:
            raise translate(error, source=source) from error
        if refused is not None:
            return RefusedRange(response=refused)
        try:
            return parse_gguf_header(data, complete=complete, file_name=file_name)
        except NeedMoreBytes as more:
            if more.wanted_bytes > MOST_BYTES:
                break
    raise UnreadableModelFile(file_name=file_name, problem="its header is larger than 16 MB")


async def _read_up_to(
    client: Client, url: str, *, data: bytearray, limit: int, headers: Mapping[str, str] | None
) -> tuple[Response | None, bool]:
    """Fill `data` up to `limit`; answers a refusal, and whether the file ends with what came."""
    start = len(data)
    asked = {**(headers or {}), "Range": f"bytes={start}-{limit - 1}", "Accept-Encoding": "identity"}
    async with client.stream("GET", url, headers=asked) as response:
        if response.status_code == 416:  # the file ends before the range
            return None, True
        if response.status_code not in (200, 206):
            # Its status and headers tell enough, and its body may have no end.
            return response, False
        if response.status_code == 200:
            data.clear()  # the server knows no ranges and starts at the beginning; it is cut off below
        async for chunk in response.aiter_raw():
            data += chunk[: limit - len(data)]
            if len(data) >= limit and response.num_bytes_downloaded > limit - start:
                # More than was asked for. A part that ends by itself is read to its end: a stream left early
                # is closed late, and not at all on a loop without hooks for generators.
                break
    return None, len(data) < limit
