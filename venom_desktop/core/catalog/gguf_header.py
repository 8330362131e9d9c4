"""Reads the header of a GGUF file: what a model is and how much memory it will want, without its weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from venom_desktop.core.catalog.gguf_cursor import ARRAY, GgufCursor, KeyValue, NeedMoreBytes
from venom_desktop.core.errors import FileMissing, UnreadableModelFile

MAX_KEYS: Final = 4_096
MAX_TENSORS: Final = 1_000_000
MAX_NAME_BYTES: Final = 1 << 16
FIRST_LOCAL_READ_BYTES: Final = 256 << 10
FIRST_GLANCE_BYTES: Final = 16 << 10
"""The keys before the vocabulary take some two kilobytes."""

_MAGIC = b"GGUF"
_VOCABULARY = "tokenizer.ggml.tokens"
_SUPPORTED_VERSIONS = (2, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufHeader:
    """The keys of a GGUF file; None is unknown.

    `whole` is False when reading stopped before the vocabulary, so a missing key may still stand in the file.
    `keys` has no arrays longer than `KEPT_ARRAY_ELEMENTS`. `file_type` is llama.cpp's number (15 is Q4_K_M).
    """

    version: int
    tensor_count: int
    keys: Mapping[str, KeyValue]
    whole: bool
    architecture: str | None = None
    name: str | None = None
    context_length: int | None = None
    file_type: int | None = None
    vocabulary_size: int | None = None
    chat_template: str | None = None

    def own(self, name: str) -> KeyValue | None:
        """The value of `<architecture>.<name>`."""
        return self.keys.get(f"{self.architecture}.{name}")

    def number(self, name: str) -> int | None:
        """`<architecture>.<name>` when it is a whole number of at least 0."""
        return whole_number(self.own(name))


def read_gguf_header(path: Path, *, stop_at_vocabulary: bool = False) -> GgufHeader:
    """The header of a local file, whole or as far as memory needs it. Blocking: the loop calls it in a thread.

    Raises `UnreadableModelFile` for anything that is not GGUF, and `FileMissing`.
    """
    try:
        with path.open("rb") as file:
            data = bytearray(file.read(FIRST_GLANCE_BYTES if stop_at_vocabulary else FIRST_LOCAL_READ_BYTES))
            total_bytes = path.stat().st_size
            while True:
                try:
                    return parse_gguf_header(
                        data,
                        complete=len(data) >= total_bytes,
                        stop_at_vocabulary=stop_at_vocabulary,
                        file_name=path.name,
                    )
                except NeedMoreBytes as more:
                    grown = file.read(max(len(data), more.wanted_bytes - len(data)))
                    total_bytes = total_bytes if grown else len(data)
                    data += grown
    except FileNotFoundError as error:
        raise FileMissing(model_name=path.name, path=path) from error
    except OSError as error:
        raise UnreadableModelFile(file_name=path.name, problem=error.strerror or "it cannot be read") from error


def parse_gguf_header(
    data: bytes | bytearray, *, complete: bool, stop_at_vocabulary: bool = True, file_name: str = "The file"
) -> GgufHeader:
    """The header from the first bytes of a file; `complete` says that the file ends with them.

    With `stop_at_vocabulary` reading ends before the first tokenizer array, unless the architecture is still unknown
    there. Raises `NeedMoreBytes` when the header goes on behind `data`, `UnreadableModelFile` for wrong data.
    """
    cursor = GgufCursor(data, complete=complete, file_name=file_name)
    if cursor.take(4) != _MAGIC:
        raise cursor.unreadable("it does not start with GGUF")
    version = cursor.number()
    if version not in _SUPPORTED_VERSIONS:
        raise cursor.unreadable(f"its version {version} is not known here")
    tensor_count = cursor.count(MAX_TENSORS, "tensors")
    key_count = cursor.count(MAX_KEYS, "keys")
    keys: dict[str, KeyValue] = {}
    whole, vocabulary_size = True, None
    for _ in range(key_count):
        name = cursor.text(MAX_NAME_BYTES)
        kind = cursor.number()
        if kind == ARRAY and name == _VOCABULARY:
            vocabulary_size = cursor.peek_array_length()
        if stop_at_vocabulary and kind == ARRAY and name.startswith("tokenizer.") and _tells_memory(keys):
            whole = False
            break
        if name in keys:
            raise cursor.unreadable(f"the key {name[:80]!r} stands in it twice")
        value = cursor.value(kind)
        if value is not None:
            keys[name] = value
    return header_from_keys(
        keys, version=version, tensor_count=tensor_count, whole=whole, vocabulary_size=vocabulary_size
    )


def _tells_memory(keys: Mapping[str, KeyValue]) -> bool:
    architecture = keys.get("general.architecture")
    return isinstance(architecture, str) and f"{architecture}.block_count" in keys


def header_from_keys(
    keys: Mapping[str, KeyValue], *, version: int, tensor_count: int, whole: bool, vocabulary_size: int | None
) -> GgufHeader:
    """The header that these keys make, also when they were read earlier."""
    architecture = _text(keys.get("general.architecture"))
    return GgufHeader(
        version=version,
        tensor_count=tensor_count,
        keys=MappingProxyType(dict(keys)),
        whole=whole,
        architecture=architecture,
        name=_text(keys.get("general.name")),
        context_length=whole_number(keys.get(f"{architecture}.context_length")),
        file_type=whole_number(keys.get("general.file_type")),
        vocabulary_size=vocabulary_size or whole_number(keys.get(f"{architecture}.vocab_size")),
        chat_template=_text(keys.get("tokenizer.chat_template")),
    )


def _text(value: KeyValue | None) -> str | None:
    return value if isinstance(value, str) else None


def whole_number(value: KeyValue | None) -> int | None:
    """The value when it is a whole number of at least 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
