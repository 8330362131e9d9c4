"""Decides where the files of an import will stand, and which steps bring them there or back."""

import contextlib
import os
from collections.abc import Container, Iterable
from dataclasses import replace
from pathlib import Path, PurePath, PurePosixPath

from venom_desktop.core.catalog.base import SAFETENSORS_RUNTIME
from venom_desktop.core.files import resolve_under, same_volume, write_failure
from venom_desktop.core.import_errors import CannotUndo, FindGone, OnlyCopyLeft, PlaceTaken
from venom_desktop.core.registry.deletion import delete_empty_folders, delete_files
from venom_desktop.core.registry.discovery.found import FoundModel
from venom_desktop.core.registry.imports.record import ImportedFile, ImportRecord, Way
from venom_desktop.core.registry.imports.transfer import Piece, is_spare, take_back
from venom_desktop.core.registry.model import ModelMetadata
from venom_desktop.core.registry.names import slug_for_file

FOLDER = "local"
"""Below the models folder: what was taken over from elsewhere on this computer."""


class _Existing(Container[str]):
    """The names that stand in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __contains__(self, name: object) -> bool:
        return os.path.lexists(self._folder / str(name))


def make_record(model: FoundModel, name: str, way: Way, models_dir: Path) -> ImportRecord:
    """Everything into a folder of its own that is not there yet. Blocks. Raises `FindGone`, `InvalidName`."""
    plain = PurePath(name.replace("/", "-").replace(":", "-") + ".gguf")
    slug = slug_for_file(plain, _Existing(models_dir / FOLDER))
    folder = PurePosixPath(FOLDER, slug)
    names = _names(model, slug)
    return ImportRecord(
        name=name,
        runtime=model.runtime,
        title=model.title,
        way=way,
        found=os.fspath(model.path),
        files=tuple(
            _file(file.path, str(folder / to), models_dir) for file, to in zip(model.all_files, names, strict=True)
        ),
        has_projector=model.projector is not None,
    )


def pieces_of(record: ImportRecord, models_dir: Path) -> tuple[Piece, ...]:
    """The steps of an import. Blocks.

    What moves to another disk is copied. Of a file that stands twice in the model, only the last one moves.
    """
    last = {file.source: number for number, file in enumerate(record.files)}
    return tuple(
        Piece(
            source=Path(file.source),
            target=models_dir / file.target,
            size_bytes=file.size_bytes,
            written_ns=file.written_ns,
            way=_way(record, Path(file.source), models_dir, is_last=last[file.source] == number),
        )
        for number, file in enumerate(record.files)
    )


def pieces_back(record: ImportRecord, models_dir: Path) -> tuple[Piece, ...]:
    """The steps that move the files of a finished import back to where they were. Blocks."""
    by_source = {file.source: file for file in record.files}
    return tuple(
        Piece(
            source=models_dir / file.target,
            target=Path(file.source),
            size_bytes=file.size_bytes,
            written_ns=file.target_written_ns or file.written_ns,
            way=_way(record, Path(file.source), models_dir, is_last=True),
        )
        for file in by_source.values()
    )


def finished(record: ImportRecord, models_dir: Path) -> ImportRecord:
    """With what tells later whether the files were changed. Blocks. Raises `FindGone`."""
    files = tuple(replace(file, target_written_ns=_written(models_dir / file.target)) for file in record.files)
    return replace(record, files=files, done=True)


def require_undoable(record: ImportRecord, row: ModelMetadata, models_dir: Path) -> None:
    """Raises `CannotUndo` and its kinds for what is no longer as the import left it. Blocks."""
    as_left = all(_is_as_left(file, models_dir / file.target) for file in record.files)
    if not record.done or row.files != tuple(file.target for file in record.files) or not as_left:
        raise CannotUndo(model_name=row.name)
    if record.way is not Way.MOVE:
        if not all(map(is_spare, pieces_of(record, models_dir))):
            raise OnlyCopyLeft(model_name=row.name)
        return
    for file in record.files:
        for taken in (file.source, file.link):
            if taken is not None and os.path.lexists(taken):
                raise PlaceTaken(path=taken, model_name=row.name)


def drop_what_moved(record: ImportRecord, pieces: Iterable[Piece]) -> None:
    """Delete what was copied to be moved, and the links that led there. Blocks.

    What cannot be deleted stays and takes its space: the model is complete without it.
    """
    if record.way is not Way.MOVE:
        return
    for piece in pieces:
        if piece.way is Way.COPY:
            _delete(piece.source)
    for file in record.files:
        if file.link is not None:
            _delete(Path(file.link))


def put_links_back(record: ImportRecord) -> None:
    """Blocks. Raises `StorageFailed`."""
    for file in record.files:
        if record.way is not Way.MOVE or file.link is None or file.link_text is None or os.path.lexists(file.link):
            continue
        try:
            Path(file.link).parent.mkdir(parents=True, exist_ok=True)
            Path(file.link).symlink_to(file.link_text)
        except OSError as error:
            raise write_failure(Path(file.link), error) from error


def leave_models_folder(record: ImportRecord, went_back: Iterable[Piece], models_dir: Path) -> None:
    """After an undoing: delete what went back as a copy, and links and copies whose originals are there. Blocks.

    Raises `StorageFailed`.
    """
    if record.way is Way.MOVE:
        back = {piece.target for piece in went_back}
        doomed = [file.target for file in record.files if Path(file.source) in back]
        delete_files(models_dir, doomed)
    else:
        take_back(pieces_of(record, models_dir))
    clear_folder(record, models_dir)


def clear_folder(record: ImportRecord, models_dir: Path) -> None:
    """Delete the folders of an import that hold nothing any more. Blocks."""
    for file in record.files:
        delete_empty_folders((models_dir / file.target).parent, models_dir)


def _names(model: FoundModel, slug: str) -> list[str]:
    """Of a folder the names that its files have to have, else names of our own: theirs may be longer than fits."""
    if model.runtime == SAFETENSORS_RUNTIME:
        return [str(PurePosixPath(*file.path.relative_to(model.path).parts)) for file in model.files]
    count = len(model.files)
    parts = [f"{slug}.gguf"] if count == 1 else [f"{slug}-{n:05}-of-{count:05}.gguf" for n in range(1, count + 1)]
    return [*parts, *([f"mmproj-{slug}.gguf"] if model.projector else [])]


def _file(path: Path, target: str, models_dir: Path) -> ImportedFile:
    resolve_under(models_dir, target)
    try:
        link_text = os.readlink(path) if path.is_symlink() else None  # noqa: PTH115 - the text, as it stands there
        source = path.resolve()
        status = source.stat()
    except OSError as error:
        raise FindGone(path=path) from error
    return ImportedFile(
        source=os.fspath(source),
        target=target,
        size_bytes=status.st_size,
        written_ns=status.st_mtime_ns,
        link=None if link_text is None else os.fspath(path),
        link_text=link_text,
    )


def _way(record: ImportRecord, source: Path, models_dir: Path, *, is_last: bool) -> Way:
    if record.way is not Way.MOVE:
        return record.way
    return Way.MOVE if is_last and same_volume(source, models_dir) else Way.COPY


def _written(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError as error:
        raise FindGone(path=path) from error


def _is_as_left(file: ImportedFile, target: Path) -> bool:
    try:
        status = target.stat()
    except OSError:
        return False
    return (status.st_size, status.st_mtime_ns) == (file.size_bytes, file.target_written_ns)


def _delete(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
