"""Looks at a safetensors file: eight bytes of length, a JSON header, and data that ends where the header says."""

import json
from pathlib import Path
from typing import Any, Final

from venom_desktop.core.errors import FileMissing, UnreadableWeights
from venom_desktop.core.json_values import count_in, mapping_in

MOST_HEADER_BYTES: Final = 100_000_000
"""The format's own limit (safetensors, `MAX_HEADER_SIZE`)."""
_LENGTH_BYTES: Final = 8


def check_weights(path: Path) -> None:
    """Blocks. Raises `UnreadableWeights` for what is no safetensors file or is cut off, and `FileMissing`."""
    try:
        size_bytes = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
            if not 2 <= length <= min(MOST_HEADER_BYTES, size_bytes - _LENGTH_BYTES):
                raise UnreadableWeights(file_name=path.name, problem="its header has no sensible length")
            head = file.read(length)
    except FileNotFoundError as error:
        raise FileMissing(model_name=path.name, path=path) from error
    except OSError as error:
        raise UnreadableWeights(file_name=path.name, problem=error.strerror or "it cannot be read") from error
    _check_end(path, head, size_bytes - _LENGTH_BYTES - length)


def is_cut_off(path: Path) -> bool:
    """Whether the file is too short for its own header, or begins with none; eight bytes are read. Blocks."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
            return not 2 <= length <= min(MOST_HEADER_BYTES, path.stat().st_size - _LENGTH_BYTES)
    except OSError:
        return True


def _check_end(path: Path, head: bytes, data_bytes: int) -> None:
    try:
        tensors = json.loads(head)
    except (ValueError, RecursionError) as error:
        raise UnreadableWeights(file_name=path.name, problem="its header is no JSON") from error
    ends = [_end_of(tensor) for name, tensor in mapping_in(tensors).items() if name != "__metadata__"]
    known = [end for end in ends if end is not None]
    if not known or len(known) != len(ends):
        raise UnreadableWeights(file_name=path.name, problem="its header names no tensors")
    if max(known) != data_bytes:
        raise UnreadableWeights(file_name=path.name, problem="its data do not end where its header says")


def _end_of(tensor: Any) -> int | None:
    offsets = mapping_in(tensor).get("data_offsets")
    return count_in(offsets[1]) if isinstance(offsets, list) and len(offsets) == 2 else None
