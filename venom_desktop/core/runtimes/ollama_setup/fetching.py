"""Brings one release from its page into a fresh folder: room, download, checksums, unpacking."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path

from venom_desktop.core.downloads.base import Downloader, DownloadPlan, FileToFetch
from venom_desktop.core.downloads.partial import part_path
from venom_desktop.core.errors import UnsafeArchive
from venom_desktop.core.files import free_bytes
from venom_desktop.core.operations.operation import Progress
from venom_desktop.core.runtimes.ollama_setup.limits import UnpackLimits
from venom_desktop.core.runtimes.ollama_setup.plan import download_plan
from venom_desktop.core.runtimes.ollama_setup.releases import Release
from venom_desktop.core.runtimes.ollama_setup.shelf import Shelf
from venom_desktop.core.runtimes.ollama_setup.space import require_room
from venom_desktop.core.runtimes.ollama_setup.trial import TITLE
from venom_desktop.core.runtimes.ollama_setup.unpack_job import UnpackJob, UnpackProgress
from venom_desktop.core.runtimes.ollama_setup.unpacking import unpacked

_UNPACKED_PER_BYTE = 2
"""What a byte of an archive at least unpacks to; the exact figure is looked at before anything is unpacked."""


async def fetched(
    release: Release, shelf: Shelf, downloader: Downloader, *, limits: UnpackLimits, reserve_bytes: int
) -> AsyncGenerator[Progress, None]:
    """Yield progress until `shelf.unpacking` holds the release; closing the iterator ends it, and a later call goes on.

    Raises `NoRoomForProgram`, what `Downloader.fetch` raises, and what `unpacked` raises.
    """
    plan = download_plan(release, shelf, reserve_bytes=reserve_bytes)
    await asyncio.to_thread(_require_room, plan, f"{TITLE} {release.version}", shelf.folder)
    async with contextlib.aclosing(downloader.fetch(plan)) as steps:
        async for step in steps:
            yield Progress(message=step.sentence, done_bytes=step.done_bytes, total_bytes=step.total_bytes)
    await asyncio.to_thread(shelf.clear_unpacking)
    job = UnpackJob(
        archives=tuple(file.target for file in plan.files),
        folder=shelf.unpacking,
        title=f"{TITLE} {release.version}",
        limits=limits,
        reserve_bytes=reserve_bytes,
    )
    try:
        async with contextlib.aclosing(unpacked(job)) as amounts:
            async for amount in amounts:
                yield Progress(message=_share(amount))
    except UnsafeArchive:
        # Its checksum is right, so a download that goes on would find it complete.
        await asyncio.to_thread(shelf.clear_downloads, release.version)
        raise


def _require_room(plan: DownloadPlan, title: str, folder: Path) -> None:
    sizes = [file.size_bytes for file in plan.files if file.size_bytes is not None]
    missing = sum(file.size_bytes - _present_bytes(file) for file in plan.files if file.size_bytes is not None)
    needed = missing + _UNPACKED_PER_BYTE * sum(sizes) + plan.reserve_bytes
    require_room(title, needed, free_bytes(folder))


def _present_bytes(file: FileToFetch) -> int:
    for path in (file.target, part_path(file)):
        with contextlib.suppress(OSError):
            return path.stat().st_size
    return 0


def _share(amount: UnpackProgress) -> str:
    if amount.total_bytes is None:
        return "Looking through the archive"
    return f"Unpacking, {100 * amount.done_bytes // max(1, amount.total_bytes)} %"
