"""Folders as other programs keep models: the cache of Hugging Face, LM Studio's, Ollama's store."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from tests.fakes.gguf_files import header_of
from tests.fakes.gguf_format import Tensor, Value
from tests.fakes.ollama_models import Facts, make_model
from tests.fakes.ollama_names import parse
from tests.fakes.ollama_store import Store

REVISION = "b" * 40
EARLIER = "a" * 40


def tiny_gguf(name: str = "Tiny", *, more: int = 0, kind: str | None = None) -> bytes:
    """A header of a language model with one tensor and no weights; another `more` is another content."""
    keys: dict[str, Value] = {
        "general.architecture": "llama",
        "general.name": name,
        "general.file_type": 15,
        "llama.block_count": 2,
        "llama.context_length": 4096,
        "llama.embedding_length": 64,
        "llama.attention.head_count": 4,
    }
    if kind is not None:
        keys["general.type"] = kind
    header = header_of(keys, tensors=(Tensor(name="x", dims=(32,)),))
    return header + bytes([more % 256]) * (32 + more)


def cache_repository(
    cache: Path, repository: str, files: Mapping[str, bytes], *, revision: str = REVISION, is_main: bool = True
) -> Path:
    """A repository in the cache of Hugging Face: blobs by digest, links to them in the snapshot; the snapshot."""
    top = cache / f"models--{repository.replace('/', '--')}"
    snapshot = top / "snapshots" / revision
    (top / "blobs").mkdir(parents=True, exist_ok=True)
    snapshot.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        blob = top / "blobs" / hashlib.sha256(content).hexdigest()
        blob.write_bytes(content)
        link = snapshot / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(Path(*[".."] * (2 + name.count("/")), "blobs", blob.name))
    if is_main:
        (top / "refs").mkdir(exist_ok=True)
        (top / "refs" / "main").write_text(revision)
    return snapshot


def store_model(folder: Path, name: str, weights: bytes, projector: bytes | None = None) -> Path:
    """A model in an Ollama store on the disk; the blob with its weights."""
    told = parse(name)
    assert told is not None
    layers = [weights] if projector is None else [weights, projector]
    model = make_model(layers, Facts(), seed=name)
    store = Store(folder)
    store.install(told, model)
    return store.blob(model.layers[0]["digest"])
