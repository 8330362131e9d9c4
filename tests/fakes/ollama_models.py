"""Models as Ollama keeps them: layers, a config and a manifest, made from a few facts, on disk or in a registry."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MODEL = "application/vnd.ollama.image.model"
PROJECTOR = "application/vnd.ollama.image.projector"
TEMPLATE = "application/vnd.ollama.image.template"
LICENSE = "application/vnd.ollama.image.license"
PARAMS = "application/vnd.ollama.image.params"
CONFIG = "application/vnd.docker.container.image.v1+json"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CHAT_TEMPLATE = "{{ if .System }}<s>system: {{ .System }}\n{{ end }}<s>user: {{ .Prompt }}\nassistant: {{ .Response }}"

Content = bytes | int
"""Real bytes, or only their number: such a blob is a sparse file whose digest is made up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What `/api/show` and the lists tell of a model."""

    capabilities: tuple[str, ...] = ("completion",)
    family: str = "llama"
    parameters: str = "8.0B"
    parameter_count: int = 8_030_261_312
    quantization: str = "Q4_K_M"
    context: int = 8192
    template: str = CHAT_TEMPLATE
    license: str = ""
    requires: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A manifest with the blobs it names. `wrong` has the digests whose bytes are other ones than they say."""

    manifest: Mapping[str, Any]
    blobs: Mapping[str, Content] = field(repr=False)
    wrong: frozenset[str] = frozenset()

    @property
    def layers(self) -> list[Mapping[str, Any]]:
        return layers_of(self.manifest)

    @property
    def manifest_bytes(self) -> bytes:
        return as_written(self.manifest)

    @property
    def digest(self) -> str:
        """64 hex, as lists tell it."""
        return hashlib.sha256(self.manifest_bytes).hexdigest()


def as_written(manifest: Mapping[str, Any]) -> bytes:
    """A manifest as Ollama writes it to its store, whatever it looked like in the registry: its digest is of this."""

    def layer(told: Mapping[str, Any]) -> dict[str, Any]:
        known = {name: told.get(name, "") for name in ("mediaType", "digest", "size")}
        return known | {name: told[name] for name in ("from", "name") if told.get(name)}

    written = {
        "schemaVersion": manifest.get("schemaVersion", 0),
        "mediaType": manifest.get("mediaType", ""),
        "config": layer(manifest["config"]),
        "layers": [layer(one) for one in manifest["layers"]],
    }
    text = json.dumps(written, separators=(",", ":"), ensure_ascii=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text.encode()


def layers_of(manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The layers in the order they are pulled, the config last."""
    return [*manifest["layers"], manifest["config"]]


def make_model(layers: Sequence[Content], facts: Facts, *, seed: str) -> Model:
    """The first layer is the weights, a second one a vision projector; `seed` and sizes decide made-up digests."""
    blobs: dict[str, Content] = {}
    described: list[dict[str, Any]] = []

    def add(kind: str, content: Content) -> dict[str, Any]:
        digest = digest_of(content, seed=seed)
        blobs[digest] = content
        return {"mediaType": kind, "digest": digest, "size": size_of(content)}

    for place, content in enumerate(layers):
        described.append(add(MODEL if place == 0 else PROJECTOR, content))
    if facts.template:
        described.append(add(TEMPLATE, facts.template.encode()))
    if facts.license:
        described.append(add(LICENSE, facts.license.encode()))
    config = {"mediaType": CONFIG, **{k: v for k, v in add(CONFIG, config_bytes(facts)).items() if k != "mediaType"}}
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": described}
    return Model(manifest=manifest, blobs=blobs)


def config_bytes(facts: Facts, *, known: bool = True) -> bytes:
    """The config blob; with `known` it also carries what the weights would tell (a key of ours, `stand_in`)."""
    told: dict[str, Any] = {
        "model_format": "gguf",
        "model_family": facts.family,
        "model_families": [facts.family],
        "model_type": facts.parameters,
        "file_type": facts.quantization,
        "architecture": "amd64",
        "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": []},
    }
    if facts.requires:
        told["requires"] = facts.requires
    if known:
        told["stand_in"] = {
            "capabilities": list(facts.capabilities),
            "context": facts.context,
            "parameter_count": facts.parameter_count,
        }
    return json.dumps(told).encode()


def digest_of(content: Content, *, seed: str = "") -> str:
    told = content if isinstance(content, bytes) else f"{seed}:{content}".encode()
    return f"sha256:{hashlib.sha256(told).hexdigest()}"


def size_of(content: Content) -> int:
    return content if isinstance(content, int) else len(content)
