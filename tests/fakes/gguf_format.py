"""Writes the GGUF container itself: typed keys, tensor infos and the aligned data behind them."""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import BinaryIO

ALIGNMENT = 32
MAGIC = b"GGUF"
VERSION = 3


class Kind(IntEnum):
    """Value types of GGUF keys, by their numbers on disk."""

    U8 = 0
    I8 = 1
    U16 = 2
    I16 = 3
    U32 = 4
    I32 = 5
    F32 = 6
    BOOL = 7
    STRING = 8
    ARRAY = 9
    U64 = 10
    I64 = 11
    F64 = 12


class TensorKind(IntEnum):
    """The element types that the tests write."""

    F32 = 0
    F16 = 1
    Q4_0 = 2
    Q8_0 = 8
    Q4_K = 12


PACKED = {
    Kind.U8: "<B",
    Kind.I8: "<b",
    Kind.U16: "<H",
    Kind.I16: "<h",
    Kind.U32: "<I",
    Kind.I32: "<i",
    Kind.F32: "<f",
    Kind.BOOL: "<?",
    Kind.U64: "<Q",
    Kind.I64: "<q",
    Kind.F64: "<d",
}
BLOCK = {
    TensorKind.F32: (1, 4),
    TensorKind.F16: (1, 2),
    TensorKind.Q4_0: (32, 18),
    TensorKind.Q8_0: (32, 34),
    TensorKind.Q4_K: (256, 144),
}

Plain = bool | int | float | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """A value whose type on disk must not be guessed; a list becomes an array of that type."""

    kind: Kind
    value: Plain | Sequence[Plain]


Value = Plain | Typed | Sequence[Plain]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """A tensor: `dims` in GGUF order (the fastest first), `data` None where only the info is wanted."""

    name: str
    dims: tuple[int, ...]
    kind: TensorKind = TensorKind.F32
    data: bytes | None = None

    @property
    def total_bytes(self) -> int:
        elements = 1
        for dim in self.dims:
            elements *= dim
        per_block, block_bytes = BLOCK[self.kind]
        return elements // per_block * block_bytes


def header_bytes(keys: Mapping[str, Value], tensors: Sequence[Tensor] = (), *, key_count: int | None = None) -> bytes:
    """Everything before the tensor data; `key_count` lies about the number of keys for tests of broken files."""
    parts = [MAGIC, struct.pack("<IQQ", VERSION, len(tensors), len(keys) if key_count is None else key_count)]
    for name, value in keys.items():
        parts += [_string(name), _value(value)]
    offset = 0
    for tensor in tensors:
        dims = struct.pack(f"<I{len(tensor.dims)}Q", len(tensor.dims), *tensor.dims)
        parts += [_string(tensor.name), dims, struct.pack("<IQ", tensor.kind, offset)]
        offset += _aligned(tensor.total_bytes)
    return b"".join(parts)


def write(out: BinaryIO, keys: Mapping[str, Value], tensors: Sequence[Tensor]) -> None:
    """Header, padding, then the data of every tensor."""
    header = header_bytes(keys, tensors)
    out.write(header)
    out.write(bytes(_aligned(len(header)) - len(header)))
    for tensor in tensors:
        data = tensor.data if tensor.data is not None else bytes(tensor.total_bytes)
        out.write(data)
        out.write(bytes(_aligned(len(data)) - len(data)))


def _aligned(size_bytes: int) -> int:
    return (size_bytes + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT


def _string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _value(value: Value) -> bytes:
    typed = value if isinstance(value, Typed) else _guess(value)
    inner = typed.value
    if isinstance(inner, (bool, int, float, str)):
        return struct.pack("<I", typed.kind) + _element(typed.kind, inner)
    return struct.pack("<IIQ", Kind.ARRAY, typed.kind, len(inner)) + _array(typed.kind, inner)


def _array(kind: Kind, elements: Iterable[Plain]) -> bytes:
    return b"".join(_element(kind, element) for element in elements)


def _element(kind: Kind, element: Plain) -> bytes:
    if kind is Kind.STRING:
        return _string(str(element))
    return struct.pack(PACKED[kind], element)


def _guess(value: Plain | Sequence[Plain]) -> Typed:
    sample: Plain | None = value if isinstance(value, (bool, int, float, str)) else next(iter(value), None)
    match sample:
        case bool():
            kind = Kind.BOOL
        case int():
            kind = Kind.U32
        case float():
            kind = Kind.F32
        case _:
            kind = Kind.STRING
    return Typed(kind=kind, value=value)
