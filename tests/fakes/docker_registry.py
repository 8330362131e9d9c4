"""A real OCI registry (Debian's docker-registry) on loopback, and a second host that sends its blobs.

Ollama 0.16 takes a blob only from where a registry sends it to by a redirect to another host name, as the official
one and Hugging Face do; the registry's own `redirect` middleware does that here (127.0.0.1 to localhost).
"""

import hashlib
import json
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from tests.fakes.faulty_server import FaultyServer
from tests.fakes.hub_wire import Reply, Request, data, ranged
from tests.fakes.ollama_models import CONFIG, MANIFEST

PROGRAM = "docker-registry"
STARTS_WITHIN_S = 60.0
_ETAG = '"blob"'


def is_installed() -> bool:
    return shutil.which(PROGRAM) is not None


class BlobHost(FaultyServer):
    """Sends the files of a registry's folder, whole or in parts."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = root
        self.url = f"http://localhost:{self._serve('blobs', self._answer).port}"

    def _answer(self, request: Request) -> Reply:
        path = self._root / request.path.lstrip("/")
        if not path.is_file():
            return data(b"not here", "text/plain", status=404)
        return ranged(request, path, path.stat().st_size, etag=_ETAG, headers={})


class DockerRegistry:
    """Runs inside `with`. `host` is what stands in a model's name; `blobs` has the faults of a slow source."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "registry"
        self.root.mkdir(parents=True)
        self.blobs = BlobHost(self.root)
        self.port = _free_port()
        self.host = f"127.0.0.1:{self.port}"
        self._config = folder / "registry.yml"
        self._config.write_text(json.dumps(self._settings()))
        self._log = folder / "registry.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen([PROGRAM, "serve", self._config], stdout=log, stderr=log)
        self._wait_until_it_answers()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(10)
        self.blobs.__exit__(kind, error, trace)

    def push(self, repository: str, tag: str, *, layers: Sequence[tuple[str, bytes]], config: bytes) -> dict[str, Any]:
        """Store a model under `repository` ("library/tiny"), layers as (media type, bytes); returns its manifest."""
        described = [{"mediaType": kind, **self._push_blob(repository, content)} for kind, content in layers]
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {"mediaType": CONFIG, **self._push_blob(repository, config)},
            "layers": described,
        }
        # Written with spaces: what Ollama stores is its own writing of it.
        self._ask("PUT", f"/v2/{repository}/manifests/{tag}", json.dumps(manifest).encode(), {"Content-Type": MANIFEST})
        return manifest

    def spoil(self, digest: str) -> None:
        """Turn a byte of a blob around."""
        path = self._blob_path(digest)
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 0xFF
        path.write_bytes(content)

    def fetches(self, digest: str) -> list[str]:
        """The ranges that were asked for of a blob's bytes, in order; HEAD does not count."""
        path = f"/{self._blob_path(digest).relative_to(self.root)}"
        return [request.range or "" for request in self.blobs.requests_for(path, method="GET")]

    def _push_blob(self, repository: str, content: bytes) -> dict[str, Any]:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        place = self._ask("POST", f"/v2/{repository}/blobs/uploads/", b"", {})["Location"]
        parts = urlsplit(place)
        target = f"{parts.path}?{parts.query}&digest={digest}"
        self._ask("PUT", target, content, {"Content-Type": "application/octet-stream"})
        return {"size": len(content), "digest": digest}

    def _blob_path(self, digest: str) -> Path:
        number = digest.removeprefix("sha256:")
        return self.root / "docker/registry/v2/blobs/sha256" / number[:2] / number / "data"

    def _ask(self, method: str, target: str, body: bytes, headers: Mapping[str, str]) -> Mapping[str, str]:
        request = urllib.request.Request(f"http://{self.host}{target}", data=body, headers=dict(headers), method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            told: Mapping[str, str] = dict(answer.headers)
        return told

    def _settings(self) -> dict[str, Any]:
        redirect = {"name": "redirect", "options": {"baseurl": f"{self.blobs.url}/"}}
        return {
            "version": 0.1,
            "log": {"level": "warn"},
            "storage": {"filesystem": {"rootdirectory": str(self.root)}, "delete": {"enabled": True}},
            "middleware": {"storage": [redirect]},
            "http": {"addr": self.host},
        }

    def _wait_until_it_answers(self) -> None:
        end = time.monotonic() + STARTS_WITHIN_S
        while True:
            try:
                urllib.request.urlopen(f"http://{self.host}/v2/", timeout=5).close()
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.02)
            else:
                return


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port
