"""The row of a model that was found: what its files say, wherever they stand. Every function here blocks."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from venom_desktop.core.catalog.base import SAFETENSORS_RUNTIME
from venom_desktop.core.registry.capabilities import capabilities_from_gguf
from venom_desktop.core.registry.discovery.found import FoundModel
from venom_desktop.core.registry.folder_capabilities import read_folder
from venom_desktop.core.registry.imports.record import ImportRecord
from venom_desktop.core.registry.model import ModelMetadata, ModelProvider
from venom_desktop.core.registry.own_model import look_at


def row_in_place(model: FoundModel, name: str) -> ModelMetadata:
    """Used where it lies.

    Raises `FileMissing`, `UnreadableModelFile` (`UnreadableWeights`), `UnusableConfig`, `InvalidInput`.
    """
    files = tuple(file.path for file in model.files)
    projector = model.projector.path if model.projector is not None else None
    row = _row(name, model.title, runtime=model.runtime, files=files, folder=model.path, projector=projector)
    return replace(row, used_in_place=True)


def row_of_record(record: ImportRecord, models_dir: Path) -> ModelMetadata:
    """Of an import whose files stand in their places. Raises as `row_in_place`."""
    paths = tuple(models_dir / file.target for file in record.files)
    row = _row(
        record.name,
        record.title,
        runtime=record.runtime,
        files=paths[:-1] if record.has_projector else paths,
        folder=paths[0].parent,
        projector=paths[-1] if record.has_projector else None,
    )
    return replace(row, files=tuple(file.target for file in record.files))


def _row(
    name: str, title: str, *, runtime: str, files: tuple[Path, ...], folder: Path, projector: Path | None
) -> ModelMetadata:
    row = ModelMetadata(
        name=name,
        provider=ModelProvider.LOCAL,
        display_name=title,
        runtime=runtime,
        local_path=folder if runtime == SAFETENSORS_RUNTIME else files[0],
        projector_path=projector,
        installed_at=datetime.now(UTC).astimezone(),
    )
    if runtime == SAFETENSORS_RUNTIME:
        facts = read_folder(folder, files, model_name=name)
        row = replace(
            row,
            capabilities=facts.capabilities,
            model_class=facts.model_class,
            needs_own_code=facts.needs_own_code,
        )
    else:
        header = look_at(files[0]).header
        row = replace(row, capabilities=capabilities_from_gguf(header, has_projector=True if projector else None))
    sizes = {
        (status.st_dev, status.st_ino): status.st_size
        for status in (path.stat() for path in (*files, *([projector] if projector else [])))
    }
    size_bytes = sum(sizes.values())
    return replace(row, size_bytes=size_bytes, size_gb=round(size_bytes / 10**9, 3))
