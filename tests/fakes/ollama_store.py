"""The folder an Ollama server keeps its models in: manifests by name, blobs by digest, parts of unfinished pulls."""

import hashlib
import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.fakes.ollama_models import LICENSE, MODEL, PROJECTOR, TEMPLATE, Content, Model, layers_of
from tests.fakes.ollama_names import Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An installed model; `digest` is its manifest's, 64 hex."""

    name: Name
    manifest: Mapping[str, Any]
    digest: str
    modified_at: datetime

    @property
    def size_bytes(self) -> int:
        return sum(layer["size"] for layer in layers_of(self.manifest))


class Store:
    """`folder` as OLLAMA_MODELS names it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.RLock()
        for name in ("manifests", "blobs"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    def blob(self, digest: str) -> Path:
        return self.folder / "blobs" / digest.replace(":", "-")

    def put(self, digest: str, content: Content) -> None:
        with self.blob(digest).open("wb") as out:
            if isinstance(content, int):
                out.truncate(content)
            else:
                out.write(content)

    def install(self, name: Name, model: Model) -> None:
        with self.lock:
            for digest, content in model.blobs.items():
                self.put(digest, content)
            self.write(name, model.manifest_bytes)

    def write(self, name: Name, manifest: bytes) -> None:
        with self.lock:
            path = self._manifest(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(manifest)

    def read(self, name: Name) -> Stored | None:
        path = self._manifest(name)
        with self.lock:
            if not path.is_file():
                return None
            told = path.read_bytes()
            moment = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        return Stored(name=name, manifest=json.loads(told), digest=hashlib.sha256(told).hexdigest(), modified_at=moment)

    def all(self) -> list[Stored]:
        """The latest change first."""
        root = self.folder / "manifests"
        with self.lock:
            names = [path.relative_to(root).parts for path in root.glob("*/*/*/*") if path.is_file()]
            found = [self.read(Name(host=h, namespace=n, model=m, tag=t)) for h, n, m, t in names]
        return sorted((one for one in found if one is not None), key=lambda one: one.modified_at, reverse=True)

    def remove(self, name: Name) -> bool:
        with self.lock:
            stored = self.read(name)
            if stored is None:
                return False
            path = self._manifest(name)
            path.unlink()
            for folder in (path.parent, path.parent.parent, path.parent.parent.parent):
                if any(folder.iterdir()):
                    break
                folder.rmdir()
            self.drop_unused(layer["digest"] for layer in layers_of(stored.manifest))
            return True

    def copy(self, source: Name, target: Name) -> bool:
        with self.lock:
            if self.read(source) is None:
                return False
            self.write(target, self._manifest(source).read_bytes())
            return True

    def drop_unused(self, digests: Any) -> None:
        used = {layer["digest"] for stored in self.all() for layer in layers_of(stored.manifest)}
        for digest in set(digests) - used:
            self.blob(digest).unlink(missing_ok=True)

    def prune(self) -> None:
        """As at a start without OLLAMA_NOPRUNE: what no model names goes, parts of pulls too."""
        with self.lock:
            used = {self.blob(layer["digest"]).name for one in self.all() for layer in layers_of(one.manifest)}
            for path in (self.folder / "blobs").iterdir():
                if path.name not in used:
                    path.unlink()

    def config(self, stored: Stored) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.blob(stored.manifest["config"]["digest"]).read_bytes())
        return told

    def weights(self, stored: Stored) -> Path | None:
        return next((self.blob(one["digest"]) for one in stored.manifest["layers"] if one["mediaType"] == MODEL), None)

    def has_projector(self, stored: Stored) -> bool:
        return any(layer["mediaType"] == PROJECTOR for layer in stored.manifest["layers"])

    def template(self, stored: Stored) -> str:
        """The one Ollama falls back on passes the question through."""
        return self._text(stored, TEMPLATE) or "{{ .Prompt }}"

    def license(self, stored: Stored) -> str:
        return self._text(stored, LICENSE)

    def _text(self, stored: Stored, kind: str) -> str:
        layers = [layer for layer in stored.manifest["layers"] if layer["mediaType"] == kind]
        return "\n".join(self.blob(layer["digest"]).read_text() for layer in layers)

    def _manifest(self, name: Name) -> Path:
        return self.folder / "manifests" / name.path
