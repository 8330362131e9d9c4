"""The hub's JSON and error answers, turned into our rows and our errors."""

import math
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from venom_desktop.core.catalog.base import SAFETENSORS_RUNTIME, Ability, CatalogEntry, Quantization, RemoteFile, Sort
from venom_desktop.core.catalog.model_config import class_in, context_in, has_own_code
from venom_desktop.core.catalog.quantizations import group_files, only_pickle
from venom_desktop.core.catalog.safetensors_files import safetensors_variant
from venom_desktop.core.errors import (
    GatedRepository,
    NotFound,
    SourceBusy,
    SourceChanged,
    TokenRefused,
    UnknownRepository,
    UpstreamFailed,
    VenomError,
)
from venom_desktop.core.http import Response, retry_after_s
from venom_desktop.core.json_values import count_in, mapping_in, moment_in, text_in
from venom_desktop.core.registry.model import ModelProvider

SOURCE: Final = "Hugging Face"
LIST_FIELDS: Final = (
    *("downloads", "likes", "gated", "lastModified", "gguf", "tags", "pipeline_tag"),
    *("siblings", "sha", "trendingScore"),
)
SAFETENSORS_FIELDS: Final = (*(field for field in LIST_FIELDS if field != "gguf"), "safetensors", "config")
SORT_FIELDS: Final = {
    Sort.DOWNLOADS: "downloads",
    Sort.LIKES: "likes",
    Sort.UPDATED: "lastModified",
    Sort.TRENDING: "trendingScore",
    Sort.SIZE: "downloads",  # the hub cannot sort by these; the rows loaded are sorted here
    Sort.FIT: "downloads",
}

_SIZE_IN_NAME = re.compile(r"(?<![A-Za-z0-9.])(?:(\d+)x)?(\d+(?:\.\d+)?)([BM])(?![A-Za-z0-9])", re.IGNORECASE)
_SCALE = {"B": 1_000_000_000, "M": 1_000_000}
_LEVELS: Final = {"F32": "F32", "F16": "F16", "BF16": "BF16", "F8_E4M3": "FP8", "F8_E5M2": "FP8"}
_SEES = frozenset({"image-text-to-text", "visual-question-answering", "image-to-text", "any-to-any"})
_EMBEDS = frozenset({"feature-extraction", "sentence-similarity"})
_EMBEDDING_ARCHITECTURES = frozenset({"bert", "nomic-bert", "nomic-bert-moe", "jina-bert-v2", "gemma-embedding"})


def parse_rows(body: Any, *, endpoint: str, with_vllm: bool = False) -> tuple[CatalogEntry, ...]:
    """The rows of a listing; raises `SourceChanged` when it is none."""
    if not isinstance(body, list):
        raise SourceChanged(source=SOURCE)
    return tuple(parse_entry(row, endpoint=endpoint, with_vllm=with_vllm) for row in body)


def parse_entry(row: Any, *, endpoint: str, with_vllm: bool = False) -> CatalogEntry:
    """One row or the details of one repository; what is missing or of another type is unknown (None).

    `with_vllm`: vLLM is among the runtimes offered here.
    """
    if not isinstance(row, dict) or not isinstance(row.get("id"), str):
        raise SourceChanged(source=SOURCE)
    name: str = row["id"]
    gguf = mapping_in(row.get("gguf"))
    tags = tuple(tag for tag in _list(row.get("tags")) if isinstance(tag, str))
    files = _files(row.get("siblings"))
    quantizations = None if files is None else group_files(files)
    config, stored = mapping_in(row.get("config")), mapping_in(row.get("safetensors"))
    safetensors = safetensors_variant(files or (), level=_level(stored))
    of_vllm = safetensors is not None and with_vllm
    template = text_in(gguf.get("chat_template")) or (_template(config) if of_vllm else None)
    architecture = text_in(gguf.get("architecture"))
    return CatalogEntry(
        provider=ModelProvider.HUGGINGFACE,
        model_name=name,
        display_name=display_name(name),
        publisher=name.partition("/")[0] or None,
        parameters=count_in(gguf.get("total"))
        or (count_in(stored.get("total")) if of_vllm else None)
        or parameters_in(name),
        quantizations=quantizations,
        size_range_bytes=size_range(quantizations or ((safetensors,) if of_vllm and safetensors else None)),
        license=_license(row, tags),
        gated=_gated(row.get("gated")),
        private=row.get("private") is True,
        downloads=count_in(row.get("downloads")),
        likes=count_in(row.get("likes")),
        trending=_score(row.get("trendingScore")),
        updated=moment_in(row.get("lastModified")),
        abilities=_abilities(text_in(row.get("pipeline_tag")), template, architecture, quantizations, tags),
        context_length=count_in(gguf.get("context_length")) or (context_in(config) if of_vllm else None),
        architecture=architecture,
        revision=text_in(row.get("sha")),
        chat_template=template,
        runtimes=(
            *(_runtimes(row) if quantizations or (quantizations is None and "gguf" in tags) else ()),
            *((SAFETENSORS_RUNTIME,) if of_vllm else ()),
        ),
        safetensors=safetensors,
        model_class=class_in(config),
        needs_own_code=has_own_code(config),
        tags=tags,
        page_url=f"{endpoint}/{name}",
        only_pickle=files is not None and only_pickle(file.name for file in files),
    )


def next_cursor(link: str | None) -> str | None:
    """The cursor in a `Link` header; its address is never followed, so a foreign host in it leads nowhere."""
    for part in (link or "").split(","):
        address, _, relation = part.partition(";")
        if 'rel="next"' in relation:
            cursors = parse_qs(urlsplit(address.strip(" <>")).query).get("cursor")
            return cursors[0] if cursors else None
    return None


def refusal(response: Response, *, model_name: str | None, with_token: bool) -> VenomError | None:
    """The error an answer stands for; None for a good one. `model_name` is None for a listing."""
    status, code = response.status_code, response.headers.get("x-error-code", "")
    if status < 400:
        return None
    if status == 429:
        return SourceBusy(source=SOURCE, retry_after_s=retry_after_s(response.headers))
    if model_name is not None:
        if code == "GatedRepo":
            return GatedRepository(model_name=model_name)
        if code == "EntryNotFound":
            return NotFound(what=f"A file of {model_name}")
        # Without a token the hub answers 401 for a repository that does not exist.
        if status == 404 or (status == 401 and (code == "RepoNotFound" or not with_token)):
            return UnknownRepository(model_name=model_name)
    if status in (401, 403):
        return TokenRefused(source=SOURCE)
    return UpstreamFailed(source=SOURCE, status=status)


def display_name(name: str) -> str:
    """`org/Qwen3-4B-GGUF` reads "Qwen3 4B"."""
    words = [word for word in re.split(r"[-_ ]+", name.rpartition("/")[2]) if word.lower() != "gguf"]
    return " ".join(words) or name


def parameters_in(name: str) -> int | None:
    """The number of parameters that a name tells (`8x7B` counts all experts); None when it tells none."""
    match = _SIZE_IN_NAME.search(name.rpartition("/")[2])
    if match is None:
        return None
    return round(int(match[1] or 1) * float(match[2]) * _SCALE[match[3].upper()])


def size_range(quantizations: tuple[Quantization, ...] | None) -> tuple[int, int] | None:
    """Smallest and largest variant, when every size is known."""
    sizes = [choice.size_bytes for choice in quantizations or ()]
    known = [size for size in sizes if size is not None]
    return (min(known), max(known)) if known and len(known) == len(sizes) else None


def _score(told: object) -> float | None:
    return float(told) if isinstance(told, int | float) and not isinstance(told, bool) and math.isfinite(told) else None


def _files(siblings: Any) -> list[RemoteFile] | None:
    if not isinstance(siblings, list):
        return None
    files = []
    for sibling in siblings:
        if not isinstance(sibling, dict) or not isinstance(sibling.get("rfilename"), str):
            raise SourceChanged(source=SOURCE)
        if not _is_addressable(sibling["rfilename"]):
            continue
        large = mapping_in(sibling.get("lfs"))
        size = count_in(sibling.get("size"))
        files.append(
            RemoteFile(
                name=sibling["rfilename"],
                size_bytes=count_in(large.get("size")) if size is None else size,
                sha256=_checksum(large.get("sha256")),
                git_sha=None if large else _blob(sibling.get("blobId")),
            )
        )
    return files


def _is_addressable(name: str) -> bool:
    """JSON can carry half a character, which no address and no path can."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _checksum(value: Any) -> str | None:
    """None where none is told; one that is none would pass for a file nobody can check, or name a file of its own."""
    text = text_in(value)
    if text is not None and re.fullmatch(r"[0-9a-fA-F]{64}", text) is None:
        raise SourceChanged(source=SOURCE)
    return text


def _blob(value: Any) -> str | None:
    """Git's name for a small file; None where it is none, which leaves the file's size to be checked."""
    text = text_in(value)
    return text if text is not None and re.fullmatch(r"[0-9a-f]{40}", text) else None


def _level(stored: Mapping[str, Any]) -> str | None:
    """The type that most weights have, where its bits are known; packed ones are told as whole numbers."""
    counts = {name: count for name, value in mapping_in(stored.get("parameters")).items() if (count := count_in(value))}
    most = max(counts, key=lambda name: counts[name], default=None)
    return _LEVELS.get(most or "")


def _template(config: Mapping[str, Any]) -> str | None:
    return text_in(mapping_in(config.get("tokenizer_config")).get("chat_template")) or text_in(
        config.get("chat_template_jinja")
    )


def _abilities(
    pipeline: str | None,
    template: str | None,
    architecture: str | None,
    quantizations: tuple[Quantization, ...] | None,
    tags: tuple[str, ...],
) -> frozenset[Ability]:
    found = set()
    if pipeline in _SEES or any(choice.projector for choice in quantizations or ()):
        found.add(Ability.VISION)
    if pipeline in _EMBEDS or architecture in _EMBEDDING_ARCHITECTURES:
        found.add(Ability.EMBEDDING)
    if (template and re.search(r"\btools\b", template)) or "function-calling" in tags or "tools" in tags:
        found.add(Ability.TOOLS)
    if (template and re.search(r"<think>|enable_thinking|reasoning_content", template)) or "thinking" in tags:
        found.add(Ability.THINKING)
    return frozenset(found)


def _license(row: Mapping[str, Any], tags: tuple[str, ...]) -> str | None:
    told = text_in(mapping_in(row.get("cardData")).get("license"))
    return told or next((tag.removeprefix("license:") for tag in tags if tag.startswith("license:")), None)


def _runtimes(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Ollama fetches a repository by itself (`hf.co/org/name`), with no token of ours: only what is open to all."""
    closed = _gated(row.get("gated")) or row.get("private") is True
    return ("llama_cpp",) if closed else ("llama_cpp", "ollama")


def _gated(value: Any) -> bool | None:
    """False, or how access is granted ("auto", "manual")."""
    return None if value is None else bool(value)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
