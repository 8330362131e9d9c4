"""What one install will fetch: decided once, kept with the operation, so that a resume fetches the very same files."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from venom_desktop.core.catalog.base import SAFETENSORS_RUNTIME, CatalogEntry, Quantization, RemoteFile
from venom_desktop.core.errors import InvalidName
from venom_desktop.core.files import resolve_under
from venom_desktop.core.registry.names import check_name


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """`remote` is its path in the repository, `local` its path under the models folder."""

    remote: str
    local: str
    size_bytes: int | None
    sha256: str | None
    git_sha: str | None = None

    @property
    def is_checked(self) -> bool:
        """True when the publisher tells what its bytes are."""
        return self.sha256 is not None or self.git_sha is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallPlan:
    """One quantization of one repository at one commit. `files` come first shard first, the projector last.

    Without a `quantization` it is a folder of safetensors for vLLM: `config.json` first, the weights last.
    """

    repository: str
    quantization: str | None
    revision: str
    display_name: str
    license: str | None
    files: tuple[PlannedFile, ...]
    projector: PlannedFile | None
    needs_token: bool = True
    """False for what everybody may read: the key ring is not even asked then."""
    model_class: str | None = None
    needs_own_code: bool = False

    @property
    def is_folder(self) -> bool:
        return self.quantization is None

    @property
    def model_name(self) -> str:
        return self.repository if self.quantization is None else f"{self.repository}:{self.quantization}"

    @property
    def all_files(self) -> tuple[PlannedFile, ...]:
        return (*self.files, *((self.projector,) if self.projector else ()))

    @property
    def total_bytes(self) -> int | None:
        """None when the source did not tell one of the sizes."""
        sizes = [file.size_bytes for file in self.all_files]
        return None if None in sizes else sum(size for size in sizes if size is not None)

    def to_payload(self) -> dict[str, Any]:
        """JSON values, read back by `plan_from_payload`."""
        return {
            "repository": self.repository,
            "quantization": self.quantization,
            "revision": self.revision,
            "display_name": self.display_name,
            "license": self.license,
            "files": [_file_to_json(file) for file in self.files],
            "projector": _file_to_json(self.projector) if self.projector else None,
            "needs_token": self.needs_token,
            "model_class": self.model_class,
            "needs_own_code": self.needs_own_code,
        }


def make_plan(entry: CatalogEntry, quantization: Quantization, *, models_dir: Path) -> InstallPlan:
    """Where each file will stand.

    Raises `InvalidName` for a file name that would leave the models folder or makes no name for the model.
    """
    check_name(f"{entry.model_name}:{quantization.label}")
    if quantization.label in (".", ".."):
        raise InvalidName
    folder = PurePosixPath("huggingface", *entry.model_name.split("/"), quantization.label)

    def planned(file: RemoteFile) -> PlannedFile:
        local = str(folder / _safe_file_name(file.name))
        resolve_under(models_dir, local)
        return _planned(file, local)

    return InstallPlan(
        repository=entry.model_name,
        quantization=quantization.label,
        revision=entry.revision or "main",
        display_name=entry.display_name,
        license=entry.license,
        files=tuple(planned(file) for file in quantization.files),
        projector=planned(quantization.projector) if quantization.projector else None,
        needs_token=entry.gated is not False or entry.private is True,
    )


def make_folder_plan(entry: CatalogEntry, folder_of: Quantization, *, models_dir: Path) -> InstallPlan:
    """As `make_plan`, for everything in `<models_dir>/vllm/<org>/<name>`. Raises `InvalidName`."""
    folder = PurePosixPath(SAFETENSORS_RUNTIME, *check_name(entry.model_name).split("/"))

    def planned(file: RemoteFile) -> PlannedFile:
        parts = [_safe_file_name(part) for part in file.name.split("/")]
        local = str(folder.joinpath(*parts))
        resolve_under(models_dir, local)
        return _planned(file, local)

    return InstallPlan(
        repository=entry.model_name,
        quantization=None,
        revision=entry.revision or "main",
        display_name=entry.display_name,
        license=entry.license,
        files=tuple(planned(file) for file in folder_of.files),
        projector=None,
        needs_token=entry.gated is not False or entry.private is True,
        model_class=entry.model_class,
        needs_own_code=entry.needs_own_code,
    )


def plan_from_payload(payload: Mapping[str, Any]) -> InstallPlan | None:
    """The plan an earlier run left, or None when there is none or it cannot be read."""
    try:
        return InstallPlan(
            repository=payload["repository"],
            quantization=payload["quantization"],
            revision=payload["revision"],
            display_name=payload["display_name"],
            license=payload["license"],
            files=tuple(PlannedFile(**file) for file in payload["files"]),
            projector=PlannedFile(**payload["projector"]) if payload["projector"] else None,
            needs_token=bool(payload.get("needs_token", True)),
            model_class=payload.get("model_class"),
            needs_own_code=bool(payload.get("needs_own_code", False)),
        )
    except (KeyError, TypeError):
        return None


def _safe_file_name(remote: str) -> str:
    """The last part of the remote path; shards of one model always share a folder."""
    name = PurePosixPath(remote).name
    if not name or name in (".", "..") or "\\" in name or any(ord(character) < 32 for character in name):
        raise InvalidName
    return name


def _planned(file: RemoteFile, local: str) -> PlannedFile:
    return PlannedFile(
        remote=file.name, local=local, size_bytes=file.size_bytes, sha256=file.sha256, git_sha=file.git_sha
    )


def _file_to_json(file: PlannedFile) -> dict[str, Any]:
    told = {"remote": file.remote, "local": file.local, "size_bytes": file.size_bytes, "sha256": file.sha256}
    return told if file.git_sha is None else {**told, "git_sha": file.git_sha}
