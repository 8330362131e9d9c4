"""What one setup will fetch: decided once, kept with the operation, so that a resume fetches the very same files."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import PurePosixPath
from typing import Any

from venom_desktop.core.downloads.base import DownloadPlan, FileToFetch
from venom_desktop.core.runtimes.ollama_setup.releases import SOURCE, Release, ReleaseArchive
from venom_desktop.core.runtimes.ollama_setup.shelf import Shelf
from venom_desktop.core.runtimes.ollama_setup.versions import parse_version

FREE_SPACE_KEPT_BYTES = 256 * 10**6
"""Never fill a volume to the brim: this much stays free while it runs."""


def to_payload(release: Release) -> dict[str, Any]:
    """JSON values, read back by `release_from_payload`."""
    return {
        "version": release.version,
        "page": release.page,
        "archives": [asdict(archive) for archive in release.archives],
    }


def release_from_payload(payload: Mapping[str, Any]) -> Release | None:
    """The release an earlier run decided on, or None when there is none or it cannot be read."""
    try:
        version = parse_version(payload["version"])
        archives = tuple(ReleaseArchive(**archive) for archive in payload["archives"])
        names = [archive.file_name for archive in archives]
        if version is None or not names or any(PurePosixPath(name).name != name for name in names):
            return None
        return Release(version=version, archives=archives, page=payload["page"])
    except (KeyError, TypeError, AttributeError):
        return None


def download_plan(release: Release, shelf: Shelf, *, reserve_bytes: int) -> DownloadPlan:
    """Its archives, each into the folder of its version."""
    folder = shelf.downloads(release.version)
    return DownloadPlan(
        files=tuple(
            FileToFetch(
                url=archive.url,
                target=folder / archive.file_name,
                size_bytes=archive.size_bytes,
                sha256=archive.sha256,
            )
            for archive in release.archives
        ),
        source=SOURCE,
        reserve_bytes=reserve_bytes,
    )
