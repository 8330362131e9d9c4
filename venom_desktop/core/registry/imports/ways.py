"""The ways in which a find can come into the list, with what each frees, needs and counts; asked before anything."""

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from venom_desktop.core.errors import VenomError
from venom_desktop.core.files import same_volume
from venom_desktop.core.import_errors import CannotMove, FindGone, LinkAcrossDisks, LinkRefused, OwnedByOllama
from venom_desktop.core.registry.discovery.found import FoundModel, Origin
from venom_desktop.core.registry.imports.record import Way


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """Bytes. `problem` says why this way is closed, None while it is open.

    `frees_bytes` is what becomes free where the model lies now, `needs_bytes` what has to be free on the disk of the
    models folder, `counts_bytes` what the quota counts from then on.
    """

    way: Way
    frees_bytes: int = 0
    needs_bytes: int = 0
    counts_bytes: int = 0
    problem: VenomError | None = None


def ways_of(model: FoundModel) -> tuple[Way, ...]:
    """What lies in the models folder already is there."""
    return (Way.IN_PLACE,) if model.origin is Origin.MODELS_FOLDER else tuple(Way)


def previews(model: FoundModel, models_dir: Path, *, counted: Sequence[Path]) -> tuple[Preview, ...]:
    """`counted` are folders whose files the quota counts already. Blocks. Raises `FindGone`."""
    found = [_Source.of(file.path) for file in model.all_files]
    files = list({one.identity: one for one in found}.values())
    size = sum(one.size_bytes for one in files)
    counts = 0 if any(model.path.is_relative_to(folder) for folder in counted) else size
    elsewhere = [one for one in files if not same_volume(one.path, models_dir)]
    made = {
        Way.IN_PLACE: Preview(way=Way.IN_PLACE),
        Way.LINK: Preview(
            way=Way.LINK, counts_bytes=counts, problem=_link_problem(files, models_dir, across=bool(elsewhere))
        ),
        Way.MOVE: Preview(
            way=Way.MOVE,
            frees_bytes=sum(one.size_bytes for one in elsewhere if one.names == 1),
            needs_bytes=sum(one.size_bytes for one in elsewhere),
            counts_bytes=counts,
            problem=_move_problem(model, files),
        ),
        Way.COPY: Preview(way=Way.COPY, needs_bytes=size, counts_bytes=size),
    }
    return tuple(made[way] for way in ways_of(model))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """A file behind its links; `names` counts how many it has on its disk."""

    path: Path
    size_bytes: int
    identity: tuple[int, int]
    names: int

    @classmethod
    def of(cls, path: Path) -> "_Source":
        real = path.resolve()
        try:
            status = real.stat()
        except OSError as error:
            raise FindGone(path=path) from error
        if not stat.S_ISREG(status.st_mode):
            raise FindGone(path=path)
        return cls(path=real, size_bytes=status.st_size, identity=(status.st_dev, status.st_ino), names=status.st_nlink)


def _link_problem(files: Sequence[_Source], models_dir: Path, *, across: bool) -> VenomError | None:
    """Tried, and taken away at once: file systems, containers and rights forbid it in more ways than can be asked."""
    if across:
        return LinkAcrossDisks()
    trial = models_dir / f".link-{os.urandom(6).hex()}.tmp"
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        for file in files:
            trial.hardlink_to(file.path)
            trial.unlink()
    except OSError as error:
        return LinkRefused(problem=error.strerror or str(error))
    return None


def _move_problem(model: FoundModel, files: Sequence[_Source]) -> VenomError | None:
    if model.origin is Origin.OLLAMA:
        return OwnedByOllama()
    for folder in {file.path.parent for file in files} | {file.path.parent for file in model.all_files}:
        if not os.access(folder, os.W_OK | os.X_OK):
            return CannotMove(folder=folder)
    return None
