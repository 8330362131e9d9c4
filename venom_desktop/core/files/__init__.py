"""What the core does with files: atomic writes, folder locks, path guards, free space, disk use and checksums."""

from venom_desktop.core.files.atomic import (
    previous_version_of,
    remove_leftovers,
    sync_folder,
    write_atomically,
    write_failure,
)
from venom_desktop.core.files.lock import FolderLock
from venom_desktop.core.files.measure import disk_use, files_below, free_bytes, same_volume, sha256_of
from venom_desktop.core.files.paths import resolve_under

__all__ = [
    "FolderLock",
    "disk_use",
    "files_below",
    "free_bytes",
    "previous_version_of",
    "remove_leftovers",
    "resolve_under",
    "same_volume",
    "sha256_of",
    "sync_folder",
    "write_atomically",
    "write_failure",
]
