"""Deletes files of models under the models folder, and nothing outside it."""

from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from venom_desktop.core.errors import InvalidName, StorageFailed
from venom_desktop.core.files import resolve_under


def delete_files(models_dir: Path, names: Iterable[str]) -> None:
    """Delete files under the models folder and the folders they leave empty; what is gone already is fine.

    A link is deleted and what it points to stays: people move large files to other disks. Raises `InvalidName` for a
    name that leads out, and `StorageFailed`.
    """
    root = models_dir.resolve()
    for name in names:
        path = _place(root, name)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StorageFailed(path=path, problem=error.strerror or str(error)) from error
        delete_empty_folders(path.parent, root)


def _place(root: Path, name: str) -> Path:
    """Where the name stands, links followed up to its folder."""
    relative = PurePosixPath(name)
    if relative.name in ("", "..") or "\0" in name:
        raise InvalidName
    folder = root if relative.parent == PurePosixPath() else resolve_under(root, relative.parent)
    return folder / relative.name


def delete_empty_folders(folder: Path, root: Path) -> None:
    """`folder` and those above it as far as they hold nothing, never `root` itself."""
    while folder != root and folder.is_relative_to(root):
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent
