"""What went wrong at an Ollama server, told from its status and words (read at 0.16.3) as failures of ours."""

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from venom_desktop.core.errors import (
    ChecksumMismatch,
    DiskFull,
    DownloadInterrupted,
    ModelNotLoaded,
    RequestRefused,
    RuntimeTooOld,
    SourceBusy,
    SourceChanged,
    SourceUnreachable,
    StorageFailed,
    UnknownLibraryModel,
    UnknownModel,
    UpstreamFailed,
    VenomError,
)
from venom_desktop.core.http import retry_after_s
from venom_desktop.core.runtimes.ollama_lines import TITLE, Answer

LONGEST_PROBLEM: Final = 300
UNKNOWN_VERSION: Final = "version unknown"
OFFICIAL_REGISTRY: Final = "registry.ollama.ai"
_QUEUE_WAIT_S: Final = 5
_REGISTRY_WAIT_S: Final = 30

_DISK_FULL: Final = re.compile(r"no space left on device|not enough space on the disk|disk quota exceeded", re.I)
_TOO_OLD: Final = re.compile(r"requires a newer version|\b412:", re.I)
_NOT_THERE: Final = re.compile(
    r"file does not exist|manifest unknown|name unknown|blob unknown|tag is not available|\b404:", re.I
)
_BUSY: Final = re.compile(r"\b429\b|too many requests", re.I)
_DENIED: Final = re.compile(r"unauthorized|access denied|\b40[13]:|realm host|unsupported protocol scheme", re.I)
_MANIFEST: Final = re.compile(r"^pull model manifest: ")
_CONNECTION: Final = re.compile(
    r"dial tcp|no such host|connection re(?:fused|set)|i/o timeout|unreachable|no route to host|server misbehaving"
    r"|\bEOF\b|context deadline exceeded|proxyconnect|TLS handshake|\btls:|x509:|max retries exceeded|broken pipe",
    re.I,
)
_REGISTRY_STATUS: Final = re.compile(r"^(?:pull model manifest: |max retries exceeded: )?(?P<status>[45]\d\d): ")
_STORAGE: Final = re.compile(
    r"(?:open|mkdir|write|rename|remove|chmod|stat|truncate|link) (?P<path>\S.*?)(?: \S+)?: "
    r"(?P<problem>permission denied|read-only file system|input/output error|not a directory|access is denied)",
    re.I,
)
_NOT_LOADED: Final = re.compile(
    r"system memory|llama runner|runner process|unable to load model|error loading model|loading model"
    r"|cudaMalloc|out of memory|GPU memory",
    re.I,
)


def words_of(content: Any) -> str:
    """The error an answer or a line tells, in one line; empty where it tells none."""
    told = content.get("error", "") if isinstance(content, Mapping) else ""
    if isinstance(told, Mapping):
        told = told.get("message", "")
    return " ".join(str(told).split())[:LONGEST_PROBLEM]


def registry_of(name: str) -> str:
    """The host a model comes from: `host/namespace/model:tag`, otherwise Ollama's own registry."""
    parts = name.rpartition("://")[2].split("/")
    return parts[0] if len(parts) > 2 else OFFICIAL_REGISTRY


def refusal(answer: Answer, *, model: str | None = None, loading: bool = False) -> VenomError:
    """An error answer; `model` is the one that was asked for, `loading` says that it was to be taken into memory."""
    words = words_of(answer.content)
    match answer.status:
        case 404:
            return SourceChanged(source=TITLE) if model is None else UnknownModel(model_name=model)
        case 429:
            return SourceBusy(source=TITLE, retry_after_s=retry_after_s(answer.headers, otherwise_s=_QUEUE_WAIT_S))
        case 503:
            # Its queue of requests is full (OLLAMA_MAX_QUEUE); the server itself is well.
            return SourceBusy(source=TITLE, retry_after_s=retry_after_s(answer.headers, otherwise_s=_QUEUE_WAIT_S))
        case status if 400 <= status < 500:
            return RequestRefused(source=TITLE, problem=_sentence(words or str(status)))
        case status if status >= 500:
            return failure(words, status=status, model=model, loading=loading)
        case _:
            return SourceChanged(source=TITLE)


def failure(words: str, *, status: int | None = None, model: str | None = None, loading: bool = False) -> VenomError:
    """An error without a status of its own to go by, as it comes inside a stream."""
    if stored := _of_storage(words):
        return stored
    if model is not None and words and (loading or _NOT_LOADED.search(words)):
        return ModelNotLoaded(runtime=TITLE, model_name=model, problem=_sentence(words))
    return UpstreamFailed(source=TITLE, status=words.rstrip(".") or status or "no reason given")


def pull_failure(words: str, *, name: str, version: str = UNKNOWN_VERSION) -> VenomError:
    """Why a pull ended, from the words of the error line; `version` is the server's, for one that is too old."""
    registry = registry_of(name)
    if stored := _of_storage(words):
        return stored
    if "digest mismatch" in words:
        return ChecksumMismatch(file_name=name)
    if _TOO_OLD.search(words):
        return RuntimeTooOld(runtime=TITLE, version=version, model_name=name)
    if _BUSY.search(words):
        return SourceBusy(source=registry, retry_after_s=_REGISTRY_WAIT_S)
    if _NOT_THERE.search(words):
        return UnknownLibraryModel(source=registry, model_name=name)
    return _of_registry(words, registry=registry) or _unnamed(words)


def create_failure(words: str) -> VenomError:
    """Why no model was made of a file, from the words of the error."""
    return _of_storage(words) or RequestRefused(source=TITLE, problem=_sentence(words or "no reason given"))


def _of_registry(words: str, *, registry: str) -> VenomError | None:
    if _CONNECTION.search(words):
        before = _MANIFEST.match(words) is not None
        return SourceUnreachable(source=registry) if before else DownloadInterrupted(source=registry)
    if _DENIED.search(words):
        problem = "the model is private, gated or not there."
        return RequestRefused(source=registry, problem=problem)
    if status := _REGISTRY_STATUS.match(words):
        return UpstreamFailed(source=registry, status=_inner(words[status.end() :]) or status["status"])
    if _MANIFEST.match(words):
        return UpstreamFailed(source=registry, status=_MANIFEST.sub("", words).rstrip("."))
    return None


def _unnamed(words: str) -> VenomError:
    if words in ("invalid model name", "insecure protocol http"):
        return RequestRefused(source=TITLE, problem=_sentence(words))
    return UpstreamFailed(source=TITLE, status=words.rstrip(".") or "no reason given")


def _of_storage(words: str) -> VenomError | None:
    if _DISK_FULL.search(words):
        return DiskFull()
    if told := _STORAGE.search(words):
        return StorageFailed(path=told["path"], problem=told["problem"])
    return None


def _inner(words: str) -> str:
    """Registries tell their errors as JSON of their own inside Ollama's line."""
    try:
        content = json.loads(words)
    except ValueError:
        return words.rstrip(".")
    errors = content.get("errors") if isinstance(content, Mapping) else None
    if isinstance(errors, list) and errors and isinstance(errors[0], Mapping):
        return str(errors[0].get("message", "")).rstrip(".")
    return words_of(content).rstrip(".")


def _sentence(words: str) -> str:
    return words if words.endswith((".", "!", "?")) else f"{words}."
