"""A registry that Ollama pulls from, on a loopback port: manifests, blobs with ranges, and a second host for bytes."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.fakes.faulty_server import FaultyServer
from tests.fakes.hub_store import Content, HubFile, size_of
from tests.fakes.hub_wire import Reply, Request, as_json, data, ranged

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.ollama.image."
_PATH = re.compile(r"/v2/(?P<name>[^/]+/[^/]+)/(?P<kind>manifests|blobs)/(?P<reference>[^/]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One tag: its manifest's bytes and their digest (64 hex)."""

    manifest: bytes
    digest: str


class OciRegistryServer(FaultyServer):
    """Runs inside `with`. With `cdn` blobs are redirected to a second host (`localhost`, another port).

    With `private` it asks who is there before it gives anything, as a registry of docker does.
    """

    def __init__(self, *, cdn: bool = False, private: bool = False) -> None:
        super().__init__()
        self.private = private
        self.blobs: dict[str, Content] = {}
        self.tags: dict[tuple[str, str], Published] = {}
        port = self._serve("registry", self._answer).port
        self.url = f"http://127.0.0.1:{port}"
        self.host = f"127.0.0.1:{port}"
        self.cdn_url = f"http://localhost:{self._serve('cdn', self._bytes).port}" if cdn else None

    def publish(
        self,
        name: str,
        weights: Content,
        *,
        others: Mapping[str, Content] | None = None,
        config: bytes = b'{"model_format":"gguf"}',
        sorted_keys: bool = False,
    ) -> Published:
        """Put `library/tiny:latest` there: the weights, and layers of other kinds (`template`, `license`, ...).

        With `sorted_keys` the manifest is written as hubs other than the library's own write it.
        """
        path, _, tag = name.partition(":")
        layers = [self._layer(f"{LAYER}model", weights)]
        layers += [self._layer(f"{LAYER}{kind}", content) for kind, content in (others or {}).items()]
        manifest: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self._layer(CONFIG, config),
            "layers": layers,
        }
        told = json.dumps(manifest, sort_keys=sorted_keys, separators=None if sorted_keys else (",", ":")).encode()
        published = Published(manifest=told, digest=hashlib.sha256(told).hexdigest())
        self.tags[path, tag or "latest"] = published
        return published

    def publish_manifest(self, name: str, manifest: Any) -> None:
        """Any JSON, or any bytes, where a manifest would be."""
        path, _, tag = name.partition(":")
        told = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
        self.tags[path, tag or "latest"] = Published(manifest=told, digest=hashlib.sha256(told).hexdigest())

    def remove(self, name: str) -> None:
        path, _, tag = name.partition(":")
        del self.tags[path, tag or "latest"]

    def _layer(self, media_type: str, content: Content) -> dict[str, Any]:
        digest = f"sha256:{HubFile.of('blob', content).sha256}"
        self.blobs[digest] = content
        return {"mediaType": media_type, "digest": digest, "size": size_of(content)}

    def _answer(self, request: Request) -> Reply:
        if self.private and "authorization" not in request.headers:
            ask = f'Bearer realm="{self.url}/token",service="registry",scope="repository:pull"'
            return _refused(401, "UNAUTHORIZED", headers={"WWW-Authenticate": ask})
        if request.path.rstrip("/") == "/v2":
            return as_json({})
        match = _PATH.fullmatch(request.path)
        if match is None:
            return _refused(404, "NAME_UNKNOWN")
        if match["kind"] == "manifests":
            found = self.tags.get((match["name"], match["reference"]))
            return _refused(404, "MANIFEST_UNKNOWN") if found is None else data(found.manifest, MANIFEST)
        if match["reference"] not in self.blobs:
            return _refused(404, "BLOB_UNKNOWN")
        if self.cdn_url is not None:
            return Reply(status=307, headers={"Location": f"{self.cdn_url}/{match['reference']}?signature=1"})
        return self._blob(request, match["reference"])

    def _bytes(self, request: Request) -> Reply:
        digest = request.path.strip("/")
        return self._blob(request, digest) if digest in self.blobs else _refused(404, "BLOB_UNKNOWN")

    def _blob(self, request: Request, digest: str) -> Reply:
        content = self.blobs[digest]
        headers = {"Docker-Content-Digest": digest}
        return ranged(request, content, size_of(content), etag=f'"{digest}"', headers=headers)


def _refused(status: int, code: str, *, headers: Mapping[str, str] | None = None) -> Reply:
    return as_json({"errors": [{"code": code, "message": code.lower()}]}, status=status, headers=headers)
