"""Makes one release the version in use: from its page, or from its place when it was rolled back from."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

from venom_desktop.core.downloads.base import Downloader
from venom_desktop.core.errors import ProgramUnusable, StorageFailed
from venom_desktop.core.operations.operation import Progress
from venom_desktop.core.runtimes.ollama_setup.alone import to_the_end
from venom_desktop.core.runtimes.ollama_setup.fetching import fetched
from venom_desktop.core.runtimes.ollama_setup.limits import UnpackLimits
from venom_desktop.core.runtimes.ollama_setup.plan import download_plan
from venom_desktop.core.runtimes.ollama_setup.releases import Release
from venom_desktop.core.runtimes.ollama_setup.shelf import Marker, Shelf
from venom_desktop.core.runtimes.ollama_setup.trial import require_runs

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bringing:
    """Works on `shelf`, which nobody else may touch meanwhile; the marker changes last of all."""

    shelf: Shelf
    downloader: Downloader
    limits: UnpackLimits
    reserve_bytes: int

    async def bring(self, release: Release, marker: Marker) -> AsyncGenerator[Progress, None]:
        """Yield progress until `release` is marked as current; a failure leaves `marker` true.

        Raises what `fetched` raises, `ProgramUnusable`, `DiskFull`, `StorageFailed`.
        """
        if not (release.version == marker.previous and await self._runs(release.version)):
            async with contextlib.aclosing(self._unpacked(release)) as steps:
                async for step in steps:
                    yield step
        await self._switch_to(release.version, marker)

    async def discard(self, release: Release) -> None:
        """Delete what was fetched and unpacked of a release that is not wanted any more. Raises `StorageFailed`."""
        await self.downloader.discard(download_plan(release, self.shelf, reserve_bytes=0))
        await tidy(lambda: self.shelf.clear_downloads(release.version))
        await tidy(self.shelf.clear_unpacking)

    async def _unpacked(self, release: Release) -> AsyncGenerator[Progress, None]:
        """A program that does not run here gets no place among the versions."""
        parts = fetched(release, self.shelf, self.downloader, limits=self.limits, reserve_bytes=self.reserve_bytes)
        try:
            async with contextlib.aclosing(parts) as steps:
                async for step in steps:
                    yield step
            yield Progress(message="Trying the program")
            await require_runs(self.shelf.unpacked_program, release.version)
            await to_the_end(lambda: self.shelf.put(release.version))
        except ProgramUnusable:
            await tidy(lambda: self.shelf.clear_downloads(release.version))
            raise
        finally:
            await tidy(self.shelf.clear_unpacking)

    async def _runs(self, version: str) -> bool:
        try:
            await require_runs(self.shelf.program(version), version)
        except ProgramUnusable:
            return False
        return True

    async def _switch_to(self, version: str, marker: Marker) -> None:
        """What comes to end the setup while the marker is written comes too late: it says what is true."""
        try:
            await to_the_end(lambda: self.shelf.mark(Marker(current=version, previous=marker.current)))
        except asyncio.CancelledError:
            if (await asyncio.to_thread(self.shelf.read)).current != version:
                raise


async def tidy(call: Callable[[], None]) -> None:
    """What cannot be deleted now is deleted by a later setup, and is no reason for this one to fail."""
    try:
        await to_the_end(call)
    except StorageFailed as error:
        _log.info("Left behind: %s", error)
