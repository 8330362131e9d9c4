"""Makes an Ollama model of the user's own GGUF file: checksum, upload unless the server has it, creation."""

import asyncio
import hashlib
import re
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import BinaryIO

from venom_desktop.core.errors import FileMissing, StorageUnreadable, UnreadableModelFile
from venom_desktop.core.runtimes.model_store import PullPhase, PullStep
from venom_desktop.core.runtimes.ollama_client import OllamaClient

MAGIC = b"GGUF"
SLICE_S = 0.25
_BLOCK_BYTES = 1 << 20
_SHARD = re.compile(r"-\d{5}-of-(?!00001)\d{5}\.gguf$", re.IGNORECASE)


async def create_from_file(client: OllamaClient, name: str, file: Path) -> AsyncGenerator[PullStep, None]:
    """Yield about four times a second while `file` is read, then as the upload and the creation go on.

    Raises `FileMissing`, `StorageUnreadable`, `UnreadableModelFile`, and what the client's `pull` raises.
    """
    checksum = hashlib.sha256()
    stream = await asyncio.to_thread(_open, file, name)
    try:
        size = await asyncio.to_thread(lambda: file.stat().st_size)
        while (place := await asyncio.to_thread(_add_slice, checksum, stream, file)) is not None:
            yield PullStep(phase=PullPhase.VERIFYING, done_bytes=place, total_bytes=size)
    finally:
        stream.close()
    digest = f"sha256:{checksum.hexdigest()}"
    if not await client.has_blob(digest):
        async with aclosing(client.push_blob(digest, file)) as pushed:
            async for sent in pushed:
                yield PullStep(phase=PullPhase.DOWNLOADING, layer=digest, done_bytes=sent, total_bytes=size)
    async with aclosing(client.create(name, {file.name: digest})) as steps:
        async for step in steps:
            yield step


def _open(file: Path, name: str) -> BinaryIO:
    if _SHARD.search(file.name):
        problem = "it is one part of several, and Ollama takes a model in one file"
        raise UnreadableModelFile(file_name=file.name, problem=problem)
    try:
        stream = file.open("rb")
    except FileNotFoundError as error:
        raise FileMissing(model_name=name, path=str(file)) from error
    except OSError as error:
        raise StorageUnreadable(path=str(file), problem=error.strerror or str(error)) from error
    if stream.read(len(MAGIC)) != MAGIC:
        stream.close()
        raise UnreadableModelFile(file_name=file.name, problem="it does not begin as one")
    stream.seek(0)
    return stream


def _add_slice(checksum: "hashlib._Hash", stream: BinaryIO, file: Path) -> int | None:
    """Read and hash for a moment; the bytes read so far, None at the end."""
    deadline = time.monotonic() + SLICE_S
    before = stream.tell()
    try:
        while time.monotonic() < deadline and (block := stream.read(_BLOCK_BYTES)):
            checksum.update(block)
    except OSError as error:
        raise StorageUnreadable(path=str(file), problem=error.strerror or str(error)) from error
    return stream.tell() if stream.tell() > before else None
