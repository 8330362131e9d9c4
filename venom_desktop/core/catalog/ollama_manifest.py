"""Reads the manifest of a model in a registry, and works out the digest that an Ollama server gives it."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from venom_desktop.core.errors import SourceChanged
from venom_desktop.core.runtimes.model_store import RemoteLayer, RemoteModel

MEDIA_TYPE: Final = "application/vnd.docker.distribution.manifest.v2+json"
_LAYER: Final = "application/vnd.ollama.image."
WEIGHTS: Final = f"{_LAYER}model"
PROJECTOR: Final = f"{_LAYER}projector"
ADAPTER: Final = f"{_LAYER}adapter"
TENSOR: Final = f"{_LAYER}tensor"
LARGEST_BYTES: Final = 8 << 20
MOST_LAYERS: Final = 20_000
"""A model whose tensors are layers of their own has thousands."""
_MOST_BYTES: Final = 1 << 62


def parse_manifest(body: bytes, *, name: str, source: str) -> RemoteModel:
    """Blocking. Raises `SourceChanged` for anything that is no manifest of a model."""
    if len(body) > LARGEST_BYTES:
        raise SourceChanged(source=source)
    try:
        told = json.loads(body)
        layers = told["layers"]
        config = told.get("config")
        if not isinstance(layers, list) or not 0 < len(layers) <= MOST_LAYERS:
            raise SourceChanged(source=source)
        blobs = [_blob(layer, source=source) for layer in layers]
        # Made-up models have none; the server then pulls none.
        if isinstance(config, dict) and config.get("digest"):
            blobs.append(_blob(config, source=source))
        return RemoteModel(name=name, digest=_digest(told), layers=tuple(blobs))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SourceChanged(source=source) from error


def weights_of(model: RemoteModel) -> tuple[RemoteLayer, ...]:
    """The layers that go into memory as weights, adapters included; not the projector."""
    return tuple(layer for layer in model.layers if _kind(layer) in (WEIGHTS, ADAPTER, TENSOR))


def projector_bytes_of(model: RemoteModel) -> int:
    return sum(layer.size_bytes for layer in model.layers if _kind(layer) == PROJECTOR)


def header_layer_of(model: RemoteModel) -> RemoteLayer | None:
    """The layer whose GGUF header tells how the model is built; None for a model that is no GGUF."""
    return next((layer for layer in model.layers if _kind(layer) == WEIGHTS), None)


def _kind(layer: RemoteLayer) -> str:
    """Without parameters (`; name=...`)."""
    return layer.media_type.partition(";")[0].strip()


def _blob(told: Any, *, source: str) -> RemoteLayer:
    digest, size, media_type = told["digest"], told["size"], told.get("mediaType", "")
    kind, _, value = digest.partition(":")
    is_digest = kind == "sha256" and len(value) == 64 and all(letter in "0123456789abcdef" for letter in value)
    is_size = isinstance(size, int) and not isinstance(size, bool) and 0 <= size < _MOST_BYTES
    if not is_digest or not is_size or not isinstance(media_type, str):
        raise SourceChanged(source=source)
    return RemoteLayer(digest=digest, size_bytes=size, media_type=media_type[:200])


def _digest(told: Mapping[str, Any]) -> str:
    """What `/api/tags` will tell: a pull writes the manifest down anew, so another order of keys leaves no trace.

    The form is that of Go's encoder over manifest.Manifest and manifest.Layer (0.16); the library's own registry
    keeps manifests in this very form, the hub and others do not.
    """
    config = told.get("config")
    written = {
        "schemaVersion": told.get("schemaVersion", 0),
        "mediaType": told.get("mediaType", ""),
        "config": _written(config if isinstance(config, Mapping) else {}),
        "layers": [_written(layer) for layer in told["layers"]],
    }
    text = json.dumps(written, separators=(",", ":"), ensure_ascii=False)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return hashlib.sha256(text.encode()).hexdigest()


def _written(layer: Mapping[str, Any]) -> dict[str, Any]:
    always = {"mediaType": layer.get("mediaType", ""), "digest": layer.get("digest", ""), "size": layer.get("size", 0)}
    return always | {name: layer[name] for name in ("from", "name") if layer.get(name)}
