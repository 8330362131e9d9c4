"""Whose files the rows of the list are, by whatever path: what is listed already is not offered."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from venom_desktop.core.catalog.safetensors_files import WEIGHTS
from venom_desktop.core.registry.discovery.found import Identity
from venom_desktop.core.registry.model import ModelKey, ModelMetadata
from venom_desktop.core.registry.own_files import named_parts


def listed_files(rows: Iterable[ModelMetadata], models_dir: Path) -> dict[Identity, ModelKey]:
    """The row of each file that a row has, parts of a set included; what is gone is left out. Blocks."""
    found: dict[Identity, ModelKey] = {}
    for row in rows:
        for path in _paths(row, models_dir):
            try:
                status = os.stat(path)  # noqa: PTH116 - there may be ten thousand rows
            except OSError:
                continue
            found[status.st_dev, status.st_ino] = row.key
    return found


def _paths(row: ModelMetadata, models_dir: Path) -> Iterator[Path]:
    yield from (models_dir / file for file in row.files)
    if row.local_path is None or row.files:
        return
    if row.local_path.is_dir():
        yield from row.local_path.glob(f"*{WEIGHTS}")
    else:
        yield from named_parts(row.local_path)
