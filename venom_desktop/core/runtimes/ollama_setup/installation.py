"""Installs Ollama from its official release into our folder, updates it, and goes back to the version before."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

from venom_desktop.core.downloads.base import Downloader
from venom_desktop.core.errors import AlreadyInstalled, Conflict, InvalidInput, OperationRunning, StorageFailed
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType, Progress
from venom_desktop.core.operations.service import Kind, OperationService
from venom_desktop.core.runtimes.ollama_setup.alone import alone_in, to_the_end
from venom_desktop.core.runtimes.ollama_setup.bringing import Bringing, tidy
from venom_desktop.core.runtimes.ollama_setup.limits import USUAL_LIMITS, UnpackLimits
from venom_desktop.core.runtimes.ollama_setup.machine import Machine, companions_here, official_archive
from venom_desktop.core.runtimes.ollama_setup.plan import FREE_SPACE_KEPT_BYTES, release_from_payload, to_payload
from venom_desktop.core.runtimes.ollama_setup.releases import Release, ReleasePage
from venom_desktop.core.runtimes.ollama_setup.shelf import Marker, Shelf
from venom_desktop.core.runtimes.ollama_setup.snapshot import SetupSnapshot
from venom_desktop.core.runtimes.ollama_setup.trial import TITLE, require_runs
from venom_desktop.core.runtimes.ollama_setup.versions import is_newer, parse_version
from venom_desktop.core.signals import Signal

RUNTIME = "ollama"
INSTALLER_PAGE = "https://ollama.com/download"


class OllamaSetup:
    """`changed` publishes at every change of what is installed or available.

    `folder` is ours alone. `on_installed` hears of the program after an install or an update. `running_program` gives
    the file of the server that runs now: its version is not deleted under it. `archive` None means that this system
    has an installer of its own, at `installer_page`.
    """

    def __init__(
        self,
        *,
        releases: ReleasePage,
        downloader: Downloader,
        folder: Path,
        operations: OperationService,
        on_installed: Callable[[Path], None] = lambda program: None,
        running_program: Callable[[], Path | None] = lambda: None,
        archive: str | None = official_archive(),
        companions: Callable[[], tuple[str, ...]] = companions_here,
        installer_page: str = INSTALLER_PAGE,
        limits: UnpackLimits = USUAL_LIMITS,
        reserve_bytes: int = FREE_SPACE_KEPT_BYTES,
    ) -> None:
        self.changed: Signal[SetupSnapshot] = Signal()
        self._installed: Signal[Path] = Signal()
        self._installed.subscribe(on_installed)
        self._releases = releases
        self._shelf = Shelf(folder)
        self._bringing = Bringing(shelf=self._shelf, downloader=downloader, limits=limits, reserve_bytes=reserve_bytes)
        self._operations = operations
        self._running_program = running_program
        self._archive = archive
        self._companions = companions
        self._installer_page = installer_page
        self._marker = Marker()
        self._available: Release | None = None
        operations.register(OperationType.SETUP, Kind(work=self._setup, discard=self._discard, can_pause=True))

    async def open(self) -> None:
        """See what is installed, and delete archives that no operation will go on with; after the operations."""
        settled = (OperationStatus.COMPLETED, OperationStatus.CANCELLED)
        setups = [one for one in self._operations.operations if one.operation_type is OperationType.SETUP]
        await self.refresh()
        if all(one.status in settled for one in setups) and await asyncio.to_thread(self._shelf.has_downloads):
            # Another process may be at it, and a folder that cannot be written is told by whoever needs it.
            with contextlib.suppress(OperationRunning, StorageFailed):
                async with alone_in(self._shelf.folder, TITLE):
                    await tidy(self._shelf.clear_downloads)

    @property
    def snapshot(self) -> SetupSnapshot:
        current = self._marker.current
        return SetupSnapshot(
            installed=current,
            previous=self._marker.previous,
            program=self.program,
            available=self._available,
            installer_page=self.installer_page,
            restart_needed=self.restart_needed,
        )

    @property
    def installed_version(self) -> str | None:
        """As `0.16.3`; None when no version of ours is there."""
        return self._marker.current

    @property
    def program(self) -> Path | None:
        """The `ollama` to start."""
        return None if self._marker.current is None else self._shelf.program(self._marker.current)

    @property
    def installer_page(self) -> str | None:
        """The page to open instead of `install`; None where `install` works."""
        return self._installer_page if self._archive is None else None

    @property
    def restart_needed(self) -> bool:
        """True while a server that was started from our folder is of another version than the installed one."""
        running = self._running_version()
        return running is not None and running != self._marker.current

    async def refresh(self) -> SetupSnapshot:
        """Look at the folder again."""
        self._know(await asyncio.to_thread(self._shelf.read))
        return self.snapshot

    async def check(self) -> Release | None:
        """The latest release when it is newer than what is installed, or nothing is; None when there is none to get.

        Raises `SourceUnreachable`, `UpstreamSlow`, `SourceBusy`, `UpstreamFailed`, `SourceChanged`,
        `ReleaseWithoutArchive`.
        """
        if self._archive is None:
            return None
        version = await self._releases.latest()
        await self.refresh()
        installed = self._marker.current
        newer = installed is None or is_newer(version, installed)
        self._available = await self._describe(version) if newer else None
        self.changed.publish(self.snapshot)
        return self._available

    async def install(self, version: str | None = None) -> str:
        """Install `version` (None: the latest), or update to it, and return the operation's id.

        What only the release page can tell fails the operation instead. Raises `InvalidInput` for no version and on
        systems with an `installer_page`, `AlreadyInstalled`, `OperationRunning` (a paused one counts: resume it).
        """
        self._required_archive()
        wanted = None if version is None else parse_version(version)
        if version is not None and wanted is None:
            raise InvalidInput(problem=f"{version[:40]} is not a version of {TITLE}. Give one like 0.16.3.")
        if wanted is not None and wanted == self._marker.current:
            raise _installed_already(wanted)
        return await self._operations.start(OperationType.SETUP, TITLE, runtime=RUNTIME, payload={"wanted": wanted})

    async def roll_back(self) -> SetupSnapshot:
        """Use the version before again; calling it twice is where it began. A running server stays as it is.

        Raises `Conflict` when there is none, `OperationRunning`, `ProgramUnusable`, `DiskFull`, `StorageFailed`.
        """
        if self._operations.running_on(TITLE, RUNTIME) is not None:
            raise OperationRunning(model_name=TITLE)
        async with alone_in(self._shelf.folder, TITLE):
            marker = await asyncio.to_thread(self._shelf.read)
            if marker.previous is None:
                raise Conflict(problem=f"There is no earlier {TITLE} to go back to.")
            await require_runs(self._shelf.program(marker.previous), marker.previous)
            await to_the_end(lambda: self._shelf.mark(Marker(current=marker.previous, previous=marker.current)))
        return await self.refresh()

    async def _setup(self, operation: ModelOperation) -> AsyncGenerator[Progress, None]:
        release = self._begun(operation)
        begun_before = release is not None
        if release is None:
            yield Progress(message="Reading the release page")
            release = await self._describe(operation.payload.get("wanted") or await self._releases.latest())
            yield Progress(total_bytes=release.download_bytes, payload=to_payload(release))
        async with alone_in(self._shelf.folder, TITLE):
            marker = await asyncio.to_thread(self._shelf.read)
            if marker.current == release.version and not begun_before:
                raise _installed_already(release.version)
            if marker.current != release.version:
                async with contextlib.aclosing(self._bringing.bring(release, marker)) as steps:
                    async for step in steps:
                        yield step
            await self.refresh()
            await tidy(self._shelf.clear_downloads)
            await tidy(lambda: self._shelf.clear(self._kept()))
        if self.program is not None:
            self._installed.publish(self.program)
        yield Progress(message=self._result())

    def _begun(self, operation: ModelOperation) -> Release | None:
        """What an earlier run of it decided on, unless the latest of then was overtaken by what is installed now."""
        release = release_from_payload(operation.payload)
        current = self._marker.current
        if release is None or operation.payload.get("wanted") is not None or current is None:
            return release
        return None if is_newer(current, release.version) else release

    async def _describe(self, version: str) -> Release:
        archive = self._required_archive()
        companions = await asyncio.to_thread(self._companions)
        return await self._releases.describe(version, Machine(archive=archive, companions=companions))

    def _required_archive(self) -> str:
        if self._archive is None:
            page = self._installer_page
            raise InvalidInput(problem=f"{TITLE} comes with an installer of its own here. Get it at {page}.")
        return self._archive

    async def _discard(self, operation: ModelOperation) -> None:
        """Throw away what a cancelled setup has fetched; what is installed is never touched."""
        release = release_from_payload(operation.payload)
        if release is None:
            return
        with contextlib.suppress(OperationRunning):
            async with alone_in(self._shelf.folder, TITLE):
                await self._bringing.discard(release)

    def _kept(self) -> set[str]:
        versions = (self._marker.current, self._marker.previous, self._running_version())
        return {version for version in versions if version is not None}

    def _running_version(self) -> str | None:
        running = self._running_program()
        return None if running is None else self._shelf.version_of(running)

    def _know(self, marker: Marker) -> None:
        if self._available is not None and marker.current is not None:
            newer = is_newer(self._available.version, marker.current)
            self._available = self._available if newer else None
        if marker != self._marker:
            self._marker = marker
            self.changed.publish(self.snapshot)

    def _result(self) -> str:
        running = self._running_version()
        if running is not None and running != self._marker.current:
            return f"Installed {self._marker.current}, and {running} goes on running until it is restarted"
        return f"Installed {self._marker.current}"


def _installed_already(version: str) -> AlreadyInstalled:
    return AlreadyInstalled(model_name=f"{TITLE} {version}", runtime="this computer")
