"""Makes small GGUF files: a Llama that really loads and speaks, its shards, bare headers, an mmproj."""

import random
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.fakes import gguf_format
from tests.fakes.gguf_format import Kind, Tensor, Typed, Value
from tests.fakes.gguf_llama import (
    NO_SYSTEM_TEMPLATE,
    PLAIN_TEMPLATE,
    SPEECH,
    FileType,
    TinyLlama,
    llama_keys,
    llama_tensors,
)

BLOCK_BYTES = 1 << 20


def write_tiny_llama(
    path: Path,
    *,
    seed: int = 0,
    layers: int = 2,
    width: int = 64,
    heads: int = 4,
    context: int = 2048,
    file_type: FileType = FileType.F32,
    system_role: bool = True,
    chat_template: str | None = None,
    speech: str = SPEECH,
    endless: bool = False,
    pad_to_bytes: int | None = None,
) -> Path:
    """A Llama of about 0.5 MB that llama.cpp loads in milliseconds and that answers every prompt with `speech`.

    `system_role=False` gives a chat template that refuses the system role, as Gemma's does. `pad_to_bytes` appends
    bytes that differ at every place (llama.cpp ignores them), so a misplaced range shows in the checksum.
    """
    template = chat_template or (PLAIN_TEMPLATE if system_role else NO_SYSTEM_TEMPLATE)
    model = TinyLlama(
        name=path.stem,
        seed=seed,
        layers=layers,
        width=width,
        heads=heads,
        context=context,
        file_type=file_type,
        chat_template=template,
        speech=speech,
        endless=endless,
    )
    with path.open("wb") as out:
        gguf_format.write(out, llama_keys(model), llama_tensors(model))
    if pad_to_bytes is not None:
        pad(path, pad_to_bytes, seed=seed)
    return path


def write_sharded_llama(folder: Path, name: str, *, shards: int = 3, model: TinyLlama | None = None) -> list[Path]:
    """The same model split as `name-00001-of-0000N.gguf` the way llama.cpp's own splitter does it."""
    model = model or TinyLlama(name=name)
    tensors = llama_tensors(model)
    size = -(-len(tensors) // shards)
    paths = []
    for number in range(shards):
        path = folder / f"{name}-{number + 1:05}-of-{shards:05}.gguf"
        keys: dict[str, Value] = dict(llama_keys(model)) if number == 0 else {}
        keys["split.no"] = Typed(kind=Kind.U16, value=number)
        keys["split.count"] = Typed(kind=Kind.U16, value=shards)
        keys["split.tensors.count"] = Typed(kind=Kind.I32, value=len(tensors))
        with path.open("wb") as out:
            gguf_format.write(out, keys, tensors[number * size : (number + 1) * size])
        paths.append(path)
    return paths


def write_header_only(
    path: Path,
    keys: Mapping[str, Value],
    *,
    vocabulary_size: int = 32,
    tensors: Sequence[Tensor] = (),
    tokenizer_first: bool = False,
    pad_to_bytes: int | None = None,
) -> Path:
    """A GGUF of any architecture with keys and tensor infos but no weights; see gguf_profiles.py for real ones."""
    path.write_bytes(header_of(keys, vocabulary_size=vocabulary_size, tensors=tensors, tokenizer_first=tokenizer_first))
    if pad_to_bytes is not None:
        pad(path, pad_to_bytes)
    return path


def header_of(
    keys: Mapping[str, Value],
    *,
    vocabulary_size: int = 32,
    tensors: Sequence[Tensor] = (),
    tokenizer_first: bool = False,
) -> bytes:
    """The bytes of such a header; the tokenizer's arrays stand last, as converters write them, unless asked."""
    tokenizer: dict[str, Value] = {}
    if vocabulary_size:
        tokenizer["tokenizer.ggml.model"] = "gpt2"
        tokenizer["tokenizer.ggml.tokens"] = [f"token-{number:06}" for number in range(vocabulary_size)]
        tokenizer["tokenizer.ggml.token_type"] = Typed(kind=Kind.I32, value=[1] * vocabulary_size)
    both = {**tokenizer, **keys} if tokenizer_first else {**keys, **tokenizer}
    return gguf_format.header_bytes(both, tensors)


def write_mmproj(path: Path, *, pad_to_bytes: int | None = None) -> Path:
    """A vision projector as its header tells it (`clip`); llama.cpp would miss its weights."""
    keys: dict[str, Value] = {
        "general.architecture": "clip",
        "general.type": "mmproj",
        "general.file_type": int(FileType.F16),
        "clip.has_vision_encoder": True,
        "clip.projector_type": "mlp",
        "clip.vision.image_size": 336,
        "clip.vision.patch_size": 14,
        "clip.vision.embedding_length": 64,
        "clip.vision.feed_forward_length": 128,
        "clip.vision.projection_dim": 64,
        "clip.vision.block_count": 2,
        "clip.vision.attention.head_count": 4,
    }
    return write_header_only(path, keys, vocabulary_size=0, pad_to_bytes=pad_to_bytes)


def pad(path: Path, total_bytes: int, *, seed: int = 0) -> None:
    """Grow the file to `total_bytes` with bytes of which no two MiB are alike."""
    block = random.Random(seed).randbytes(BLOCK_BYTES - 8)
    left = total_bytes - path.stat().st_size
    if left < 0:
        raise ValueError(f"{path.name} is already larger than {total_bytes} bytes")
    with path.open("ab") as out:
        for number in range(-(-left // BLOCK_BYTES)):
            out.write((struct.pack("<Q", number) + block)[: left - number * BLOCK_BYTES])
