"""What a download is: the plan handed to the worker and the progress that comes back."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class FileToFetch:
    """One file: fetched from `url` into `target`, checked against `sha256` when the publisher tells it.

    A small one kept in git has `git_sha` instead, the name of its blob. `size_bytes` None means the source did not say.
    While it is incomplete the bytes stand in `<target's folder>/<sha256 or name hash>.part`.
    """

    url: str
    target: Path
    size_bytes: int | None
    sha256: str | None
    etag: str | None = None
    git_sha: str | None = None

    @property
    def is_checked(self) -> bool:
        """True when the publisher tells something that every byte has to agree with."""
        return self.sha256 is not None or self.git_sha is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadPlan:
    """All files of one install. `token` goes to `token_host` (scheme, host and port of the hub) alone."""

    files: tuple[FileToFetch, ...]
    source: str
    """Who is fetched from, in the user's words ("Hugging Face")."""
    token: str | None = None
    token_host: str | None = None
    reserve_bytes: int = 0
    """Free space that must remain on the volume while it runs."""

    def __repr__(self) -> str:
        return f"DownloadPlan(files={len(self.files)}, source={self.source!r})"


class DownloadPhase(StrEnum):
    DOWNLOADING = "downloading"
    CHECKING = "checking"
    WAITING = "waiting"
    """Between two tries, or told by the source to wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadProgress:
    """Bytes over all files of the plan, what was already there included."""

    phase: DownloadPhase
    done_bytes: int
    total_bytes: int | None
    file_name: str
    wait_s: float | None = None

    @property
    def sentence(self) -> str:
        match self.phase:
            case DownloadPhase.DOWNLOADING:
                return f"Downloading {self.file_name}"
            case DownloadPhase.CHECKING:
                return f"Checking {self.file_name}"
            case DownloadPhase.WAITING:
                seconds = round(self.wait_s or 0)
                return f"Waiting {seconds} s for the connection" if seconds else "Waiting for the connection"


class Downloader(Protocol):
    def fetch(self, plan: DownloadPlan) -> AsyncGenerator[DownloadProgress]:
        """Yield at least twice a second until every file is in place and verified.

        Closing the iterator ends the worker within 1 s and keeps the partial files. Raises
        `ChecksumMismatch`, `SizeMismatch`, `DownloadInterrupted`, `SourceBusy`, `SourceChanged`,
        `UpstreamFailed` (5xx that stayed), `DiskFull`, `StorageFailed`, `GatedRepository`, `TokenRefused`,
        `UnknownRepository`, `NotFound` (the repository is there, the file is not), `WorkerDied`.
        """

    async def discard(self, plan: DownloadPlan) -> None:
        """Delete the partial files of a plan that will not be resumed."""
