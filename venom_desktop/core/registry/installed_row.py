"""The row of a model that has just been fetched: what its files say, their sizes and checksums."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from venom_desktop.core.files import resolve_under, sha256_of
from venom_desktop.core.registry.capabilities import read_capabilities
from venom_desktop.core.registry.folder_capabilities import read_folder
from venom_desktop.core.registry.install_plan import InstallPlan
from venom_desktop.core.registry.model import ModelMetadata, ModelProvider


def installed_row(plan: InstallPlan, runtime: str, *, models_dir: Path) -> ModelMetadata:
    """Every file stands in its place; blocks.

    Raises `UnreadableModelFile` (`UnreadableWeights`), `UnusableConfig` and `FileMissing` for what is no model.
    """
    row = _row_of_folder(plan, models_dir) if plan.is_folder else _row_of_file(plan, models_dir)
    now = datetime.now(UTC).astimezone()
    size_bytes = sum(resolve_under(models_dir, file.local).stat().st_size for file in plan.all_files)
    return replace(
        row,
        runtime=runtime,
        size_bytes=size_bytes,
        size_gb=round(size_bytes / 10**9, 3),
        files=tuple(file.local for file in plan.all_files),
        verified_at=now,
        installed_at=now,
        revision=plan.revision,
        license=plan.license,
    )


def _row_of_file(plan: InstallPlan, models_dir: Path) -> ModelMetadata:
    first = resolve_under(models_dir, plan.files[0].local)
    projector = resolve_under(models_dir, plan.projector.local) if plan.projector else None
    capabilities = read_capabilities(first, projector)
    return replace(
        _beginning(plan),
        capabilities=replace(capabilities, quantization=capabilities.quantization or plan.quantization),
        local_path=first,
        projector_path=projector,
        sha256=plan.files[0].sha256 if len(plan.files) == 1 else None,
        checksums={file.local: file.sha256 for file in plan.all_files if file.sha256},
    )


def _row_of_folder(plan: InstallPlan, models_dir: Path) -> ModelMetadata:
    folder = resolve_under(models_dir, plan.files[0].local).parent
    paths = {file.local: resolve_under(models_dir, file.local) for file in plan.files}
    found = read_folder(folder, tuple(paths.values()), model_name=plan.model_name)
    # Of the small files the publisher tells git's names, which were compared when they came: what stands here now is
    # what the publisher wrote, and its own checksum finds later damage.
    checksums = {file.local: file.sha256 or sha256_of(paths[file.local]) for file in plan.files if file.is_checked}
    return replace(
        _beginning(plan),
        capabilities=found.capabilities,
        model_class=found.model_class,
        needs_own_code=found.needs_own_code,
        local_path=folder,
        checksums=checksums,
    )


def _beginning(plan: InstallPlan) -> ModelMetadata:
    return ModelMetadata(
        name=plan.model_name, provider=ModelProvider.HUGGINGFACE, display_name=plan.display_name, runtime=""
    )
