"""Which request of Ollama's wire gets which answer."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.fakes.hub_wire import Reply, Request, as_json, data
from tests.fakes.ollama_answers import Answers, body_of, refused
from tests.fakes.ollama_descriptions import details_of, loaded_row, row, shown
from tests.fakes.ollama_downloads import Downloads
from tests.fakes.ollama_models import CONFIG, MANIFEST, MODEL, Facts, config_bytes, digest_of
from tests.fakes.ollama_names import Name, parse
from tests.fakes.ollama_send import streamed
from tests.fakes.ollama_store import Store
from venom_desktop.core.catalog.gguf_header import read_gguf_header
from venom_desktop.core.errors import VenomError

_BLOB = re.compile(r"/api/blobs/(?P<digest>.+)")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
Route = Callable[[Request], Reply]


@dataclass(slots=True, kw_only=True)
class Routes:
    store: Store
    downloads: Downloads
    answers: Answers
    version: str

    def answer(self, request: Request) -> Reply:
        """As the real one: 404 and 405 in plain words, 400 for a body that is no JSON."""
        if match := _BLOB.fullmatch(request.path):
            return self._blob(request, match["digest"])
        routes = self._routes().get(request.path)
        if routes is None:
            return data(b"404 page not found", "text/plain", status=404)
        route = routes.get("GET" if request.method == "HEAD" else request.method)
        if route is None:
            return data(b"405 method not allowed", "text/plain", status=405)
        try:
            return route(request)
        except json.JSONDecodeError:
            return refused(400, "unexpected EOF")

    def _routes(self) -> Mapping[str, Mapping[str, Route]]:
        return {
            "/": {"GET": lambda _: data(b"Ollama is running", "text/plain; charset=utf-8")},
            "/api/version": {"GET": lambda _: as_json({"version": self.version})},
            "/api/tags": {"GET": self._tags},
            "/api/ps": {"GET": self._ps},
            "/api/show": {"POST": self._show},
            "/api/pull": {"POST": self._pull},
            "/api/delete": {"DELETE": self._delete},
            "/api/copy": {"POST": self._copy},
            "/api/create": {"POST": self._create},
            "/api/generate": {"POST": self.answers.generate},
            "/api/chat": {"POST": self.answers.chat},
            "/api/embed": {"POST": self.answers.embed},
            "/v1/models": {"GET": self._openai_models},
            "/v1/embeddings": {"POST": self.answers.vectors},
            "/v1/chat/completions": {"POST": self.answers.completions},
        }

    def _tags(self, _: Request) -> Reply:
        return as_json({"models": [row(self.store, stored) for stored in self.store.all()]})

    def _ps(self, _: Request) -> Reply:
        memory = self.answers.memory
        rows = []
        for loaded in memory.rows():
            kept = self.store.read(loaded.stored.name)
            details = details_of(self.store, kept) if kept else {}
            rows.append(loaded_row(loaded, details=details, vram_share=memory.vram_share))
        return as_json({"models": rows})

    def _openai_models(self, _: Request) -> Reply:
        rows = [
            {
                "id": stored.name.short,
                "object": "model",
                "created": int(stored.modified_at.timestamp()),
                "owned_by": stored.name.namespace,
            }
            for stored in self.store.all()
        ]
        return as_json({"object": "list", "data": rows})

    def _show(self, request: Request) -> Reply:
        told = _model(request)
        if not told:
            return refused(400, "model is required")
        name = parse(told)
        if name is None:
            return refused(500, f"unqualified name: registry.ollama.ai/library/{told}")
        stored = self.store.read(name)
        return as_json(shown(self.store, stored)) if stored else refused(404, f"model '{told}' not found")

    def _delete(self, request: Request) -> Reply:
        told = _model(request)
        name = parse(told)
        if name is None:
            return refused(400, f'name "{told}" is invalid')
        # What is in memory stays there.
        return Reply() if self.store.remove(name) else refused(404, f"model '{told}' not found")

    def _copy(self, request: Request) -> Reply:
        body = body_of(request)
        source, target = parse(body["source"]), parse(body["destination"])
        if source is None:
            return refused(400, f'source "{body["source"]}" is invalid')
        if target is None:
            return refused(400, f'destination "{body["destination"]}" is invalid')
        return Reply() if self.store.copy(source, target) else refused(404, f'model "{body["source"]}" not found')

    def _pull(self, request: Request) -> Reply:
        name = parse(_model(request))
        if name is None:
            return refused(400, "invalid model name")
        insecure = bool(body_of(request).get("insecure"))
        return streamed(lambda: self.downloads.pull(name, insecure=insecure))

    def _blob(self, request: Request, digest: str) -> Reply:
        if not _DIGEST.fullmatch(digest):
            return refused(400, "invalid digest format")
        path = self.store.blob(digest)
        if request.method == "HEAD":
            return Reply() if path.exists() else refused(404, f'blob "{digest}" not found')
        if request.method != "POST":
            return data(b"405 method not allowed", "text/plain", status=405)
        if path.exists():
            return Reply()
        found = f"sha256:{hashlib.sha256(request.body).hexdigest()}"
        if found != digest:
            return refused(400, f'digest mismatch, expected "{digest}", got "{found}"')
        free = self.downloads.free_bytes
        if free is not None and len(request.body) > free:
            return refused(500, f"write {path.parent}/sha256-1234: no space left on device")
        self.store.put(digest, request.body)
        return Reply(status=201)

    def _create(self, request: Request) -> Reply:
        body = body_of(request)
        name = parse(_model(request))
        if name is None:
            return refused(400, "invalid model name")
        files = body.get("files")
        return streamed(lambda: self._created(name, files))

    def _created(self, name: Name, files: Mapping[str, str] | None) -> Iterator[Any]:
        if files is None:
            yield refused(400, "neither 'from' or 'files' was specified")
            return
        layers = []
        facts = Facts()
        for digest in files.values():
            yield {"status": "parsing GGUF"}
            path = self.store.blob(digest)
            if not path.exists():
                yield {"error": f"open {path}: no such file or directory"}
                return
            try:
                header = read_gguf_header(path)
            except VenomError:
                yield {"error": "supplied file was not in GGUF format"}
                return
            facts = Facts(family=header.architecture or "", parameters="", quantization="unknown")
            layers.append({"mediaType": MODEL, "digest": digest, "size": path.stat().st_size})
        for layer in layers:
            yield {"status": f"using existing layer {layer['digest']}"}
        told = config_bytes(facts, known=False)
        self.store.put(digest_of(told), told)
        config = {"mediaType": CONFIG, "digest": digest_of(told), "size": len(told)}
        yield {"status": "writing manifest"}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}
        self.store.write(name, json.dumps(manifest, separators=(",", ":")).encode())
        yield {"status": "success"}


def _model(request: Request) -> str:
    body = body_of(request)
    return str(body.get("model") or body.get("name") or "")
