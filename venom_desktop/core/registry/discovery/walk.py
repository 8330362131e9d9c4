"""Goes through folders for a look at the disk: links understood, loops entered once, an end in sight.

A `Path` for every folder would double its time: here they are texts.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

MOST_ENTRIES: Final = 1_000_000
"""In one look; a home folder has some hundred thousand."""

_LEFT_OUT: Final = frozenset({".git", "node_modules", "__pycache__", "Trash", ".Trash"})
_NO_DISKS: Final = frozenset({"/proc", "/sys", "/dev"})
_STORE: Final = frozenset({"manifests", "blobs"})


@dataclass(frozen=True, slots=True)
class Visit:
    """One folder: the names of its files, also of links to files, in no order. Of a store of Ollama nothing is entered.

    `names` None: it could not be read.
    """

    folder: str
    names: list[str] | None
    is_ollama_store: bool = False


class Walk:
    """`stop` is asked at every folder; `cut_short` tells that there was more than `MOST_ENTRIES`."""

    def __init__(self, *, stop: Callable[[], bool] = lambda: False, most_entries: int = MOST_ENTRIES) -> None:
        self.cut_short = False
        self._stop = stop
        self._left = most_entries
        self._entered: set[tuple[int, int]] = set()

    def through(self, root: str) -> Iterator[Visit]:
        """Every folder below `root`, each once however many links lead to it; blocks."""
        waiting = [root]
        while waiting and not self._stop():
            if self._left <= 0:
                self.cut_short = True
                return
            folder = waiting.pop()
            if not self._enters(folder):
                continue
            try:
                names, below = self._listed(folder)
            except OSError:
                yield Visit(folder, None)
                continue
            is_store = _STORE.issubset(below)
            if not is_store:
                # The last one waits on top.
                waiting += [os.path.join(folder, name) for name in sorted(below, reverse=True)]  # noqa: PTH118 - see above
            yield Visit(folder, names, is_store)

    def _enters(self, folder: str) -> bool:
        """A folder that cannot be asked is told as unreadable by the attempt to list it."""
        if folder in _NO_DISKS:
            return False
        try:
            status = os.stat(folder)  # noqa: PTH116 - see above
        except OSError:
            return True
        identity = (status.st_dev, status.st_ino)
        if identity in self._entered:
            return False
        self._entered.add(identity)
        return True

    def _listed(self, folder: str) -> tuple[list[str], list[str]]:
        names: list[str] = []
        below: list[str] = []
        with os.scandir(folder) as entries:
            for entry in entries:
                self._left -= 1
                if self._left <= 0:
                    break
                if entry.is_dir(follow_symlinks=False) or (entry.is_symlink() and _leads_to_folder(entry)):
                    if entry.name not in _LEFT_OUT and not entry.name.startswith(".Trash-"):
                        below.append(entry.name)
                else:
                    names.append(entry.name)
        return names, below


def _leads_to_folder(link: "os.DirEntry[str]") -> bool:
    try:
        return link.is_dir()
    except OSError:
        # A link to nowhere, or round in a circle.
        return False
