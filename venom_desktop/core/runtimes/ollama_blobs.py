"""Sends a file of the user's to an Ollama server, for a model that is made of it."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path
from typing import Final

from venom_desktop.core.errors import ChecksumMismatch, StorageUnreadable
from venom_desktop.core.http import HttpError
from venom_desktop.core.runtimes.ollama_failures import refusal, words_of
from venom_desktop.core.runtimes.ollama_lines import OllamaWire, read_error, slow, unreachable
from venom_desktop.core.tasks import TaskScope

PIECE_BYTES: Final = 1 << 20


async def send_blob(wire: OllamaWire, digest: str, file: Path, *, silence_s: float) -> AsyncGenerator[int, None]:
    """Yield the bytes sent so far. `silence_s` is how long the server may check them before it answers.

    Raises `ChecksumMismatch`, `DiskFull`, `StorageUnreadable`, `RuntimeUnavailable`, `UpstreamSlow`.
    """
    sent: asyncio.Queue[int | None] = asyncio.Queue()
    async with TaskScope("ollama-blob") as scope:
        task = scope.start(
            digest,
            _send(wire, digest, file, report=sent.put_nowait, silence_s=silence_s),
            on_end=lambda _: sent.put_nowait(None),
        )
        while (count := await sent.get()) is not None:
            yield count
        task.result()


async def _send(wire: OllamaWire, digest: str, file: Path, *, report: Callable[[int], None], silence_s: float) -> None:
    try:
        async with (
            asyncio.timeout(silence_s) as limit,
            wire.open(
                "POST", f"/api/blobs/{digest}", content=_pieces(file, report, limit, silence_s), begins_s=None
            ) as response,
        ):
            answer = await read_error(response, within_s=silence_s)
    except TimeoutError as error:
        raise slow(silence_s) from error
    except HttpError as error:
        raise unreachable(error) from error
    if answer.status == 400 and "digest mismatch" in words_of(answer.content):
        raise ChecksumMismatch(file_name=file.name)
    if answer.status not in (200, 201):
        raise refusal(answer)


async def _pieces(
    file: Path, report: Callable[[int], None], limit: asyncio.Timeout, silence_s: float
) -> AsyncIterator[bytes]:
    """The file, piece by piece; every piece that was taken gives the server its whole time again."""
    sent = 0
    loop = asyncio.get_running_loop()
    try:
        source = await asyncio.to_thread(file.open, "rb")
        try:
            while piece := await asyncio.to_thread(source.read, PIECE_BYTES):
                yield piece
                sent += len(piece)
                limit.reschedule(loop.time() + silence_s)
                report(sent)
        finally:
            source.close()
    except OSError as error:
        raise StorageUnreadable(path=str(file), problem=error.strerror or str(error)) from error
