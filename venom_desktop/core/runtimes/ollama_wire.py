"""What an Ollama server tells about its models, its memory and its pulls, read from its JSON; unknown is None."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from venom_desktop.core.catalog.gguf_header import GgufHeader, header_from_keys
from venom_desktop.core.errors import SourceChanged
from venom_desktop.core.json_values import count_in, mapping_in, moment_in, text_in
from venom_desktop.core.registry.model import ModelCapabilities
from venom_desktop.core.runtimes.base import LoadedModel
from venom_desktop.core.runtimes.model_store import PullPhase, PullStep
from venom_desktop.core.runtimes.ollama_lines import TITLE

_STAYS: Final = timedelta(days=365 * 50)
"""`keep_alive: -1` is told as an expiry some 290 years ahead."""
_LONGEST_LICENSE: Final = 80
_HEX_DIGEST: Final = re.compile(r"(?:sha256[:-])?(?P<hex>[0-9a-f]{64})")
_ACTION: Final = re.compile(r"\{\{(?P<action>.*?)\}\}", re.DOTALL)
_COMPARED_ROLE: Final = re.compile(r"\b(?:eq|ne)\s+(?:\$?\w*\.Role\b|\"[^\"]*\")")
_RENDERER: Final = re.compile(r"^RENDERER \S", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class OllamaModel:
    """A row of `/api/tags`. `digest` is the manifest's (64 hex); `parameters` as told ("8.0B").

    `remote_host` is set for a model that runs in a cloud and has no weights here.
    """

    name: str
    digest: str | None = None
    size_bytes: int | None = None
    modified_at: datetime | None = None
    family: str | None = None
    parameters: str | None = None
    quantization: str | None = None
    remote_host: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OllamaDetails:
    """What `/api/show` tells; `license` is the first line of its text, `requires` the oldest server that runs it.

    `header` is that of its weights without the vocabulary, None where the server keeps a part of it to itself.
    """

    capabilities: ModelCapabilities
    license: str | None = None
    architecture: str | None = None
    parameter_count: int | None = None
    requires: str | None = None
    header: GgufHeader | None = None


def models_of(content: Any) -> tuple[OllamaModel, ...]:
    """The rows of `/api/tags`; one without a name is left out. Raises `SourceChanged` where there is no list."""
    return tuple(_model(row) for row in _rows(content) if text_in(row.get("name")))


def loaded_of(content: Any, *, now: datetime) -> tuple[LoadedModel, ...]:
    """The rows of `/api/ps`. Raises `SourceChanged` where there is no list."""
    return tuple(_loaded(row, now=now) for row in _rows(content) if text_in(row.get("name")))


def details_of(content: Any) -> OllamaDetails:
    """Raises `SourceChanged` for anything but an object."""
    if not isinstance(content, Mapping):
        raise SourceChanged(source=TITLE)
    info, details = mapping_in(content.get("model_info")), mapping_in(content.get("details"))
    architecture = text_in(info.get("general.architecture")) or text_in(details.get("family"))
    license_lines = [line.strip() for line in (text_in(content.get("license")) or "").splitlines() if line.strip()]
    return OllamaDetails(
        capabilities=_capabilities(content, context=count_in(info.get(f"{architecture}.context_length"))),
        license=license_lines[0][:_LONGEST_LICENSE] if license_lines else None,
        architecture=architecture,
        parameter_count=count_in(info.get("general.parameter_count")),
        requires=text_in(content.get("requires")),
        header=_header(info, architecture),
    )


def step_of(line: Mapping[str, Any]) -> PullStep | None:
    """A line of a pull or a creation; None for a line that says nothing we know.

    A model of many small tensors is told as one layer without a digest: its `layer` is None.
    """
    status = line.get("status")
    if not isinstance(status, str):
        return None
    match status.split(" ")[0]:
        case "pulling" if status == "pulling manifest":
            return PullStep(phase=PullPhase.MANIFEST)
        case "pulling":
            return _downloading(line)
        case "verifying" | "parsing" | "converting" | "gathering" | "quantizing":
            return PullStep(phase=PullPhase.VERIFYING)
        case "using" | "creating" | "writing" | "removing" | "couldn't":
            return PullStep(phase=PullPhase.WRITING)
        case "success":
            return PullStep(phase=PullPhase.DONE)
        case _:
            return None


def system_role_of(template: str, modelfile: str = "") -> bool | None:
    """Whether a template of Ollama (Go's text/template) writes the system message; None without one.

    A model with a renderer of its own does not use the template, so nothing is told by it.
    """
    if not template.strip() or _RENDERER.search(modelfile):
        return None
    actions = [match["action"] for match in _ACTION.finditer(template)]
    if any(".System" in action or '"system"' in action for action in actions):
        return True
    # One that ranges over the messages and writes each one's role writes the system's too.
    return any(".Role" in _COMPARED_ROLE.sub("", action) for action in actions)


def _header(info: Mapping[str, Any], architecture: str | None) -> GgufHeader | None:
    """Of the keys that tell memory, a list (heads of each layer) is told as null."""
    own = {name: value for name, value in info.items() if name.startswith(f"{architecture}.")}
    if not own or not all(isinstance(value, bool | int | float | str) for value in own.values()):
        return None
    keys = {"general.architecture": str(architecture), **own}
    return header_from_keys(keys, version=3, tensor_count=0, whole=False, vocabulary_size=None)


def _model(row: Mapping[str, Any]) -> OllamaModel:
    details = mapping_in(row.get("details"))
    digest = _HEX_DIGEST.fullmatch(text_in(row.get("digest")) or "")
    return OllamaModel(
        name=str(row["name"]),
        digest=digest["hex"] if digest else None,
        size_bytes=count_in(row.get("size")),
        modified_at=moment_in(row.get("modified_at"), zone=UTC),
        family=text_in(details.get("family")),
        parameters=text_in(details.get("parameter_size")),
        quantization=_quantization(details),
        remote_host=text_in(row.get("remote_host")),
    )


def _loaded(row: Mapping[str, Any], *, now: datetime) -> LoadedModel:
    expires_at = moment_in(row.get("expires_at"), zone=UTC)
    if expires_at is not None and expires_at - now > _STAYS:
        expires_at = None
    return LoadedModel(
        name=str(row["name"]),
        memory_bytes=count_in(row.get("size")),
        vram_bytes=count_in(row.get("size_vram")),
        context=count_in(row.get("context_length")) or None,
        expires_at=expires_at,
    )


def _capabilities(content: Mapping[str, Any], *, context: int | None) -> ModelCapabilities:
    told = content.get("capabilities")
    can = frozenset(word for word in told if isinstance(word, str)) if isinstance(told, list) else None
    template = text_in(content.get("template"))
    system = system_role_of(template or "", text_in(content.get("modelfile")) or "")
    tools = None if can is None else "tools" in can
    return ModelCapabilities(
        supports_system_role=system,
        supports_function_calling=tools,
        supports_vision=None if can is None else "vision" in can,
        supports_thinking=None if can is None else "thinking" in can,
        supports_embedding=None if can is None else "embedding" in can,
        allowed_roles=_roles(system=system, tools=tools),
        prompt_template=template,
        max_context_length=context or None,
        quantization=_quantization(mapping_in(content.get("details"))),
    )


def _roles(*, system: bool | None, tools: bool | None) -> tuple[str, ...] | None:
    if system is None:
        return None
    return (*(("system",) if system else ()), "user", "assistant", *(("tool",) if tools else ()))


def _downloading(line: Mapping[str, Any]) -> PullStep:
    digest = _HEX_DIGEST.fullmatch(text_in(line.get("digest")) or "")
    total = count_in(line.get("total")) or None
    done = count_in(line.get("completed"))
    return PullStep(
        phase=PullPhase.DOWNLOADING,
        layer=f"sha256:{digest['hex']}" if digest else None,
        # A count of nothing is left out of the line.
        done_bytes=0 if done is None and total is not None else done,
        total_bytes=total,
    )


def _quantization(details: Mapping[str, Any]) -> str | None:
    told = text_in(details.get("quantization_level"))
    return None if told is None or told.lower() == "unknown" else told


def _rows(content: Any) -> list[Mapping[str, Any]]:
    rows = content.get("models", ()) if isinstance(content, Mapping) else None
    if rows is None and isinstance(content, Mapping):
        return []
    if not isinstance(rows, list):
        raise SourceChanged(source=TITLE)
    return [row for row in rows if isinstance(row, Mapping)]
