"""Where the stand-in pulls from: models published in memory, or any registry over HTTP for a name with a host."""

import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol
from urllib.parse import urlsplit

from tests.fakes.ollama_models import MANIFEST, Content, Facts, Model, layers_of, make_model, size_of
from tests.fakes.ollama_names import DEFAULT_HOST, Name, parse

BLOCK_BYTES = 256 << 10


class RefusedError(Exception):
    """The words Ollama tells of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A manifest as it lies in the registry."""

    told: bytes

    @property
    def manifest(self) -> Mapping[str, Any]:
        manifest: Mapping[str, Any] = json.loads(self.told)
        return manifest


class Source(Protocol):
    def manifest(self, name: Name) -> Found: ...

    def size(self, name: Name, digest: str) -> int: ...

    def read(self, name: Name, digest: str, start: int) -> Iterator[Content]:
        """Pieces from `start` on; a number stands for so many bytes nobody looks at."""

    def is_wrong(self, digest: str) -> bool: ...


class PublishedModels:
    """Models of the official registry, by name."""

    def __init__(self) -> None:
        self._models: dict[str, Model] = {}
        self._lock = threading.Lock()

    def publish(
        self, name: str, layers: tuple[Content, ...], facts: Facts, *, seed: str | None, wrong_digest: bool
    ) -> Model:
        parsed = parse(name)
        assert parsed is not None, f"{name} is no name for Ollama"
        model = make_model(layers, facts, seed=seed or f"{parsed.namespace}/{parsed.model}")
        if wrong_digest:
            model = replace(model, wrong=frozenset({model.layers[0]["digest"]}))
        with self._lock:
            self._models[parsed.full] = model
        return model

    def spoil(self, digest: str) -> None:
        """From now on these weights are other bytes than their digest says."""
        with self._lock:
            self._models = {
                name: replace(model, wrong=model.wrong | {digest}) if digest in model.blobs else model
                for name, model in self._models.items()
            }

    def withdraw(self, name: str) -> None:
        parsed = parse(name)
        with self._lock:
            self._models.pop(parsed.full if parsed else "", None)

    def manifest(self, name: Name) -> Found:
        model = self._models.get(name.full)
        if model is None:
            raise RefusedError("pull model manifest: file does not exist")
        return Found(told=model.manifest_bytes)

    def size(self, name: Name, digest: str) -> int:
        return size_of(self._blob(digest))

    def read(self, name: Name, digest: str, start: int) -> Iterator[Content]:
        content = self._blob(digest)
        for place in range(start, size_of(content), BLOCK_BYTES):
            count = min(BLOCK_BYTES, size_of(content) - place)
            yield count if isinstance(content, int) else content[place : place + count]

    def is_wrong(self, digest: str) -> bool:
        return any(digest in model.wrong for model in self._models.values())

    def _blob(self, digest: str) -> Content:
        for model in self._models.values():
            if digest in model.blobs:
                return model.blobs[digest]
        raise RefusedError("file does not exist")


class HttpRegistry:
    """A registry at `name.host`. As Ollama does, it takes blobs only from where the registry sends it: another host."""

    def __init__(self, *, insecure: bool) -> None:
        self._insecure = insecure

    def manifest(self, name: Name) -> Found:
        path = f"/v2/{name.namespace}/{name.model}/manifests/{name.tag}"
        url = f"{'http' if self._insecure else 'https'}://{name.host}{path}"
        prefix = "pull model manifest: "
        if not self._insecure:
            raise RefusedError(f'{prefix}Get "{url}": http: server gave HTTP response to HTTPS client')
        try:
            answer, body = self._get(name.host, path, {"Accept": MANIFEST})
        except OSError as error:
            words = (error.strerror or str(error)).lower()
            raise RefusedError(f'{prefix}Get "{url}": dial tcp {name.host}: connect: {words}') from error
        if answer.status == 404:
            raise RefusedError(f"{prefix}file does not exist")
        if answer.status != 200:
            raise RefusedError(f"{prefix}{answer.status}: {body.decode()}")
        return Found(told=body)

    def size(self, name: Name, digest: str) -> int:
        told = self.manifest(name).manifest
        return int(next(layer["size"] for layer in layers_of(told) if layer["digest"] == digest))

    def read(self, name: Name, digest: str, start: int) -> Iterator[Content]:
        path = f"/v2/{name.namespace}/{name.model}/blobs/{digest}"
        try:
            answer, _ = self._get(name.host, path, {})
            if answer.status == 404:
                raise RefusedError("file does not exist")
            target = urlsplit(answer.getheader("Location") or "")
            if not target.hostname or target.hostname == name.host.partition(":")[0]:
                raise RefusedError("http: no Location header in response")
            yield from self._bytes(target.netloc, target._replace(scheme="", netloc="").geturl(), start)
        except (OSError, http.client.HTTPException) as error:
            raise RefusedError(f"max retries exceeded: {error}") from error

    def is_wrong(self, digest: str) -> bool:
        return False

    @staticmethod
    def _bytes(host: str, target: str, start: int) -> Iterator[bytes]:
        connection = http.client.HTTPConnection(host, timeout=30)
        try:
            connection.request("GET", target, headers={"Range": f"bytes={start}-"})
            answer = connection.getresponse()
            while piece := answer.read1(BLOCK_BYTES):
                yield piece
        finally:
            connection.close()

    @staticmethod
    def _get(host: str, path: str, headers: Mapping[str, str]) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection(host, timeout=30)
        try:
            connection.request("GET", path, headers=dict(headers))
            answer = connection.getresponse()
            # A blob that is sent at once instead of by a redirect is not wanted: see `read`.
            return answer, answer.read() if "/manifests/" in path or answer.status >= 300 else b""
        finally:
            connection.close()


def source_for(name: Name, published: PublishedModels, *, insecure: bool) -> Source:
    """Hosts that are no address of this machine are taken from memory: `hf.co/org/repo` can be published too."""
    host = name.host.partition(":")[0]
    return HttpRegistry(insecure=insecure) if host in ("127.0.0.1", "localhost") else published


__all__ = ["DEFAULT_HOST", "Found", "HttpRegistry", "PublishedModels", "RefusedError", "Source", "source_for"]
