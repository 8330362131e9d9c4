"""A home whose Ollama is set up over a release page on a real socket, by the real worker and the real unpacker."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.fakes.ollama_archives import release_archive
from tests.fakes.ollama_releases import ReleaseServer
from venom_desktop.core.database import Database
from venom_desktop.core.downloads.client import DownloadWorker
from venom_desktop.core.downloads.job import TransferLimits
from venom_desktop.core.http import make_client
from venom_desktop.core.operations.history import OperationHistory
from venom_desktop.core.operations.operation import ModelOperation
from venom_desktop.core.operations.service import OperationService
from venom_desktop.core.runtimes.ollama_setup.installation import OllamaSetup
from venom_desktop.core.runtimes.ollama_setup.limits import UnpackLimits
from venom_desktop.core.runtimes.ollama_setup.releases import ReleasePage

ARCHIVE = "ollama-linux-amd64"
ZST = f"{ARCHIVE}.tar.zst"
OLD, NEW = "0.16.2", "0.16.3"
MIB = 1 << 20

_QUICK = TransferLimits(stall_s=2.0, tries=2, first_wait_s=0.01, longest_wait_s=0.02, longest_told_wait_s=1.0)


@dataclass
class Desk:
    """What a test turns: which program runs; and what it looks at."""

    setup: OllamaSetup
    operations: OperationService
    folder: Path
    running: Path | None = None
    installed: list[Path] = field(default_factory=list)

    async def install(self, version: str | None = None) -> ModelOperation:
        return await self.operations.wait(await self.setup.install(version))

    async def told_version(self) -> str:
        """What the installed program says of itself."""
        program = self.setup.program
        assert program is not None
        process = await asyncio.create_subprocess_exec(str(program), "--version", stdout=asyncio.subprocess.PIPE)
        out, _ = await process.communicate()
        return out.decode().split()[-1]

    @property
    def versions(self) -> set[str]:
        """Everything in the folder but the lock and the marker."""
        return {path.name for path in self.folder.iterdir()} - {".lock", "current"}


@asynccontextmanager
async def open_desk(
    home: Path,
    page: ReleaseServer,
    *,
    folder: Path | None = None,
    companions: tuple[str, ...] = (),
    limits: UnpackLimits | None = None,
    archive: str | None = ARCHIVE,
    reserve_bytes: int = 0,
) -> AsyncIterator[Desk]:
    """Opened over whatever an earlier one left in `home`, as a restart would."""
    database = Database(home / "history.db")
    await database.open()
    operations = OperationService(OperationHistory(database))
    place = folder or home / "ollama"
    place.mkdir(parents=True, exist_ok=True)
    async with make_client() as http:
        setup = OllamaSetup(
            releases=ReleasePage(http, url=lambda: page.url),
            downloader=DownloadWorker(limits=_QUICK),
            folder=place,
            operations=operations,
            on_installed=lambda program: opened.installed.append(program),
            running_program=lambda: opened.running,
            archive=archive,
            companions=lambda: companions,
            limits=limits or UnpackLimits(),
            reserve_bytes=reserve_bytes,
        )
        opened = Desk(setup, operations, place)
        await operations.open()
        await setup.open()
        try:
            yield opened
        finally:
            await operations.close()
            await database.close()


@pytest.fixture
def page() -> Iterator[ReleaseServer]:
    """A release page with one version."""
    with ReleaseServer() as server:
        server.publish(OLD, {ZST: release_archive(OLD)})
        yield server


@pytest.fixture
async def desk(tmp_path: Path, page: ReleaseServer) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path / "home", page) as desk:
        yield desk
