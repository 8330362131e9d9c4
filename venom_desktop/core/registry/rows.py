"""Turns rows of the manifest into `ModelMetadata` and back; what this version does not know survives (SPEC 1)."""

import os
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from venom_desktop.core.errors import InvalidName
from venom_desktop.core.registry.fields import Fields
from venom_desktop.core.registry.model import (
    NOTHING,
    ModelCapabilities,
    ModelKey,
    ModelMetadata,
    ModelProvider,
    ModelStatus,
)
from venom_desktop.core.registry.names import key_for

_PROVIDERS: Final = {word.value: word for word in ModelProvider}
_STATUSES: Final = {word.value: word for word in ModelStatus}
_FLAGS: Final = (
    "supports_system_role",
    "supports_function_calling",
    "supports_vision",
    "supports_thinking",
    "supports_embedding",
)
_CAPABILITY_FIELDS: Final = frozenset(ModelCapabilities.__slots__)
_ROW_FIELDS: Final = frozenset(ModelMetadata.__slots__) - {"unknown"}
_NO_CAPABILITIES: Final = ModelCapabilities()
_SEPARATOR: Final = re.compile(r"[/\\]")
_RUNTIME: Final = re.compile(r"[A-Za-z0-9_\-.]{1,100}")


class RowFormat:
    """The seed's row format, for the rows of one models folder.

    Paths below the folder are written relative to it. A path of ours that leaves the folder is not believed:
    the row comes without it, and the text goes back into the file as it came.
    """

    def __init__(self, models_dir: Path) -> None:
        self._root = os.fspath(models_dir)
        self._below = self._root.rstrip(os.sep) + os.sep
        self._tails = _tails(models_dir)

    def key_of(self, raw: object) -> ModelKey | None:
        """None for a row that is no model of ours: it is to be kept as it is."""
        if not isinstance(raw, dict):
            return None
        name, runtime = raw.get("name"), _runtime_of(raw)
        if type(name) is not str or runtime is None:
            return None
        try:
            return key_for(name, runtime)
        except InvalidName:
            return None

    def read(self, key: ModelKey, raw: dict[str, Any]) -> ModelMetadata:
        """The row with this key; a field of the wrong type is unknown and kept."""
        fields = Fields(raw, _ROW_FIELDS)
        in_place = fields.flag("used_in_place") or False
        files = fields.texts("files") or ()
        if not all(map(self._is_relative_below, files)):
            fields.refuse("files")
            files = ()
        return ModelMetadata(
            name=key.name,
            provider=fields.word("provider", _PROVIDERS),
            display_name=fields.text("display_name") or key.name.rpartition("/")[2],
            runtime=key.runtime,
            size_gb=fields.number("size_gb"),
            size_bytes=fields.whole("size_bytes"),
            status=fields.word("status", _STATUSES),
            capabilities=_capabilities(fields, "capabilities"),
            overrides=_capabilities(fields, "overrides"),
            local_path=self._path(fields, "local_path", in_place=in_place),
            files=files,
            projector_path=self._path(fields, "projector_path", in_place=in_place),
            sha256=fields.text("sha256"),
            checksums=fields.text_by_text("checksums"),
            verified_at=fields.moment("verified_at"),
            checksum_differs=fields.flag("checksum_differs") or False,
            installed_at=fields.moment("installed_at"),
            last_used_at=fields.moment("last_used_at"),
            revision=fields.text("revision"),
            source_revision=fields.text("source_revision"),
            license=fields.text("license"),
            model_class=fields.text("model_class"),
            needs_own_code=fields.flag("needs_own_code") or False,
            used_in_place=in_place,
            unknown=MappingProxyType(fields.unknown) if fields.unknown else NOTHING,
        )

    def write(self, model: ModelMetadata) -> dict[str, Any]:
        """The seed's fields always, ours where they say something, unknown ones as they came."""
        row: dict[str, Any] = {
            "name": model.name,
            "provider": model.provider,
            "display_name": model.display_name,
            "size_gb": model.size_gb,
            "status": model.status,
            "capabilities": _capabilities_row(model.capabilities),
            "local_path": self._text_of(model.local_path),
            "sha256": model.sha256,
            "installed_at": _moment_text(model.installed_at),
            "runtime": model.runtime,
            "revision": model.revision,
            "license": model.license,
            "last_used_at": _moment_text(model.last_used_at),
        }
        ours: dict[str, Any] = {
            "size_bytes": model.size_bytes,
            "overrides": _said(_capabilities_row(model.overrides)),
            "files": list(model.files),
            "projector_path": self._text_of(model.projector_path),
            "checksums": dict(model.checksums),
            "verified_at": _moment_text(model.verified_at),
            "checksum_differs": model.checksum_differs or None,
            "source_revision": model.source_revision,
            "model_class": model.model_class,
            "needs_own_code": model.needs_own_code or None,
            "used_in_place": model.used_in_place or None,
        }
        row |= {field: value for field, value in ours.items() if value not in (None, [], {})}
        _lay_over(row, model.unknown)
        return row

    def _path(self, fields: Fields, field: str, *, in_place: bool) -> Path | None:
        text = fields.text(field)
        if not text:
            return None
        path = self._believed(text, in_place=in_place)
        if path is None:
            fields.refuse(field)
        return path

    def _believed(self, text: str, *, in_place: bool) -> Path | None:
        """Compared as text: a link that leads out is the deleter's to see, at the moment it deletes."""
        if in_place and os.path.isabs(text) and "\0" not in text:  # noqa: PTH117 - a Path costs ten times as much
            return Path(text)
        for tail in self._tails:
            text = text.removeprefix(tail)
        return Path(self._root, text) if self._is_relative_below(text) else None

    def _is_relative_below(self, text: str) -> bool:
        if "\0" in text or (".." in text and ".." in _SEPARATOR.split(text)):
            return False
        if ":" not in text and text[:1].isalnum():
            return True
        return os.path.normpath(os.path.join(self._root, text)).startswith(self._below)  # noqa: PTH118 - as above

    def _text_of(self, path: Path | None) -> str | None:
        if path is None:
            return None
        text = os.fspath(path)
        return text[len(self._below) :].replace(os.sep, "/") if text.startswith(self._below) else text


def _runtime_of(raw: dict[str, Any]) -> str | None:
    """The old system left out the runtime where the provider decided it."""
    runtime = raw.get("runtime")
    if type(runtime) is str:
        return runtime if _RUNTIME.fullmatch(runtime) else None
    if runtime is not None:
        return None
    match raw.get("provider"):
        case "ollama" | "openai" | "google" as provider:
            return str(provider)
        case "huggingface" if not str(raw.get("local_path")).endswith(".gguf"):
            return "vllm"
        case _:
            return "llama_cpp"


def _tails(models_dir: Path) -> tuple[str, ...]:
    """How the old system, started beside its data, spelled this folder: `./data/models/` or `data/models/`."""
    parts = models_dir.parts[-2:]
    return (f"./{'/'.join(parts)}/", f"{'/'.join(parts)}/") if len(parts) == 2 else ()


def _capabilities(row: Fields, field: str) -> ModelCapabilities:
    value = row.mapping(field)
    if not value:
        return _NO_CAPABILITIES
    fields = Fields(value, _CAPABILITY_FIELDS)
    found = ModelCapabilities(
        supports_system_role=fields.flag("supports_system_role"),
        supports_function_calling=fields.flag("supports_function_calling"),
        supports_vision=fields.flag("supports_vision"),
        supports_thinking=fields.flag("supports_thinking"),
        supports_embedding=fields.flag("supports_embedding"),
        allowed_roles=fields.texts("allowed_roles"),
        prompt_template=fields.text("prompt_template"),
        max_context_length=fields.whole("max_context_length"),
        quantization=fields.text("quantization"),
    )
    if fields.unknown:
        row.unknown[field] = fields.unknown
    return found


def _capabilities_row(capabilities: ModelCapabilities) -> dict[str, Any]:
    roles = capabilities.allowed_roles
    return {
        **{flag: getattr(capabilities, flag) for flag in _FLAGS},
        "allowed_roles": None if roles is None else list(roles),
        "prompt_template": capabilities.prompt_template,
        "max_context_length": capabilities.max_context_length,
        "quantization": capabilities.quantization,
    }


def _said(row: dict[str, Any]) -> dict[str, Any]:
    return {field: value for field, value in row.items() if value is not None}


def _moment_text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _lay_over(row: dict[str, Any], unknown: Mapping[str, Any]) -> None:
    """Put back what came with the row, except where a known value has taken its place since."""
    for field, value in unknown.items():
        known = row.get(field)
        if isinstance(known, dict) and isinstance(value, dict):
            _lay_over(known, value)
        elif known in (None, [], {}) or (isinstance(known, dict) and not _said(known)):
            row[field] = value
