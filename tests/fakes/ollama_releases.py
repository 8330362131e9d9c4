"""Ollama's release page on a loopback port: the latest version, assets on a second host, and their checksums."""

import hashlib
import json
from collections.abc import Mapping

from tests.fakes.faulty_server import FaultyServer
from tests.fakes.hub_wire import Reply, Request, data, ranged

PAGE = "/ollama/ollama/releases"


class ReleaseServer(FaultyServer):
    """Answers as GitHub does: `/latest` and every asset are redirects, the assets to another host.

    `as_api` gives `/latest` as GitHub's API gives it. Versions are spelled `0.16.3`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.as_api = False
        self.latest: str | None = None
        self._assets: dict[str, dict[str, bytes]] = {}
        self._page = self._serve("page", self._answer_page)
        self._files = self._serve("files", self._answer_file)
        self.url = f"http://127.0.0.1:{self._page.port}{PAGE}"

    def publish(
        self, version: str, assets: Mapping[str, bytes], *, sums: str | None = None, latest: bool = True
    ) -> None:
        """`sums` instead of the true list of checksums; an empty one leaves the list out."""
        listed = sums_of(assets) if sums is None else sums
        self._assets[version] = {**assets, **({"sha256sum.txt": listed.encode()} if listed else {})}
        if latest:
            self.latest = version

    def _answer_page(self, request: Request) -> Reply:
        path = request.path.removeprefix(PAGE)
        if path == "/latest":
            return self._answer_latest()
        if path.startswith("/tag/"):
            return data(b"<!doctype html><title>Release</title>", "text/html; charset=utf-8")
        version, _, name = path.removeprefix("/download/v").partition("/")
        if name not in self._assets.get(version, {}):
            return data(b"Not Found", "text/plain", status=404)
        return _redirect(f"http://localhost:{self._files.port}/{version}/{name}")

    def _answer_latest(self) -> Reply:
        if self.latest is None:
            return data(b"Not Found", "text/plain", status=404)
        if self.as_api:
            return data(json.dumps({"tag_name": f"v{self.latest}"}).encode(), "application/json; charset=utf-8")
        return _redirect(f"{self.url}/tag/v{self.latest}")

    def _answer_file(self, request: Request) -> Reply:
        version, _, name = request.path.removeprefix("/").partition("/")
        content = self._assets[version][name]
        etag = f'"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
        return ranged(request, content, len(content), etag=etag, headers={})


def sums_of(assets: Mapping[str, bytes]) -> str:
    """As `sha256sum` writes it from inside the folder."""
    return "".join(f"{hashlib.sha256(content).hexdigest()}  ./{name}\n" for name, content in assets.items())


def _redirect(to: str) -> Reply:
    return Reply(status=302, headers={"Location": to})
