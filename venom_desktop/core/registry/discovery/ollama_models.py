"""Reads Ollama's store from the disk: what its manifests name, for whom its server does not run."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

from venom_desktop.core.errors import InvalidName
from venom_desktop.core.json_values import mapping_in, text_in
from venom_desktop.core.registry.discovery.found import FoundFile, FoundModel, Identity, Origin
from venom_desktop.core.registry.discovery.gguf_models import is_language_model, made
from venom_desktop.core.registry.discovery.glance import Glances
from venom_desktop.core.registry.names import ollama_name, ollama_title

MOST_MANIFESTS: Final = 20_000
_MOST_BYTES: Final = 1 << 20
_KIND: Final = "application/vnd.ollama.image."
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


def ollama_models(store: Path, glances: Glances) -> list[FoundModel]:
    """Each content once, whatever number of names it has there. Blocks.

    An adapter needs the server that lays it over its base, so such a model is left out.
    """
    found: dict[Identity, FoundModel] = {}
    for path in islice(sorted(_manifests(store / "manifests")), MOST_MANIFESTS):
        name = _name(path.relative_to(store / "manifests"))
        layers = _layers(path)
        if name is None or "adapter" in layers or len(layers.get("model", ())) != 1:
            continue
        weights = _blob(store, layers["model"][0], glances)
        if weights is None:
            continue
        known = found.get(weights.identity)
        if known is not None:
            found[weights.identity] = replace(known, ollama_names=(*known.ollama_names, name))
            continue
        model = _model(name, weights, _projector(store, layers, glances), glances)
        if model is not None:
            found[weights.identity] = model
    return list(found.values())


def _model(name: str, weights: FoundFile, projector: FoundFile | None, glances: Glances) -> FoundModel | None:
    header = glances.header(weights)
    if header is None or not is_language_model(header):
        return None
    model = made((weights,), header, projector=projector)
    return replace(model, origin=Origin.OLLAMA, title=ollama_title(name), ollama_names=(name,))


def _manifests(folder: Path) -> Iterator[Path]:
    """`<host>/<namespace>/<model>/<tag>`."""
    return (path for path in folder.glob("*/*/*/*") if path.is_file())


def _name(relative: Path) -> str | None:
    host, namespace, model, tag = relative.parts
    try:
        return ollama_name(f"{host}/{namespace}/{model}:{tag}")
    except InvalidName:
        return None


def _layers(manifest: Path) -> Mapping[str, list[str]]:
    """Digests by what they are of; nothing for a manifest that is none."""
    try:
        with manifest.open("rb") as file:
            layers = mapping_in(json.loads(file.read(_MOST_BYTES))).get("layers")
    except (OSError, ValueError, RecursionError):
        return {}
    found: dict[str, list[str]] = {}
    for layer in layers if isinstance(layers, list) else ():
        kind, digest = _told(layer)
        if kind.startswith(_KIND) and _DIGEST.fullmatch(digest):
            found.setdefault(kind.removeprefix(_KIND), []).append(digest)
    return found


def _told(layer: Any) -> tuple[str, str]:
    told = mapping_in(layer)
    return text_in(told.get("mediaType")) or "", text_in(told.get("digest")) or ""


def _blob(store: Path, digest: str, glances: Glances) -> FoundFile | None:
    return glances.file(store / "blobs" / digest.replace(":", "-"))


def _projector(store: Path, layers: Mapping[str, list[str]], glances: Glances) -> FoundFile | None:
    digests = layers.get("projector", ())
    return _blob(store, digests[0], glances) if len(digests) == 1 else None
