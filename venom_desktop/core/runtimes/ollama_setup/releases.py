"""Reads Ollama's release page: which version is the latest, its archives for a machine, and their checksums."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

from venom_desktop.core.errors import NotFound, ReleaseWithoutArchive, SourceChanged, UpstreamFailed
from venom_desktop.core.http import WIRE_ERRORS, Client, Response, get, json_body
from venom_desktop.core.runtimes.ollama_setup.machine import Machine
from venom_desktop.core.runtimes.ollama_setup.versions import parse_version

SOURCE = "Ollama's release page"
SUMS = "sha256sum.txt"
_ENDINGS = (".tar.zst", ".tgz")
_LARGEST_LIST_BYTES = 1 << 20
_SUM_LINE = re.compile(r"([0-9a-fA-F]{64})[ \t]+\*?(?:\./)?([A-Za-z0-9][A-Za-z0-9._-]*)[ \t]*")
_TAG = re.compile(r".*/tag/([^/]+)/?")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseArchive:
    """One file of a release; `size_bytes` None when the page did not say."""

    file_name: str
    url: str
    sha256: str
    size_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """What one version means for one machine; `page` tells about it."""

    version: str
    archives: tuple[ReleaseArchive, ...]
    page: str

    @property
    def download_bytes(self) -> int | None:
        """None when the page did not tell one of the sizes."""
        sizes = [archive.size_bytes for archive in self.archives]
        return None if None in sizes else sum(size for size in sizes if size is not None)


class ReleasePage:
    """`url` is the page of all releases, as `https://github.com/ollama/ollama/releases`."""

    def __init__(self, http: Client, *, url: Callable[[], str]) -> None:
        self._http = http
        self._url = url

    async def latest(self) -> str:
        """The version that the page calls the latest, as `0.16.3`.

        Raises `SourceUnreachable`, `UpstreamSlow`, `SourceBusy`, `UpstreamFailed`, `SourceChanged`.
        """
        response = await self._get(f"{self._base}/latest")
        if response.status_code != 200:
            raise UpstreamFailed(source=SOURCE, status=response.status_code)
        version = parse_version(_latest_tag(response))
        if version is None:
            raise SourceChanged(source=SOURCE)
        return version

    async def describe(self, version: str, machine: Machine) -> Release:
        """The archives that `machine` needs, each with its published checksum; `version` as `latest` gives it.

        Raises `ReleaseWithoutArchive`, `NotFound` (no such version), and as `latest`.
        """
        folder = f"{self._base}/download/v{quote(version)}"
        sums = await self._sums(f"{folder}/{SUMS}", version)
        main = _named(machine.archive, sums)
        if main is None:
            raise ReleaseWithoutArchive(source=SOURCE, version=version, archive=machine.archive)
        # A companion is an extra: releases before it was split off, and after, hold what it had.
        extras = (_named(f"{machine.archive}-{companion}", sums) for companion in machine.companions)
        names = (main, *(extra for extra in extras if extra is not None))
        archives = [await self._archive(name, f"{folder}/{name}", sums[name]) for name in names]
        return Release(version=version, archives=tuple(archives), page=f"{self._base}/tag/v{quote(version)}")

    @property
    def _base(self) -> str:
        return self._url().rstrip("/")

    async def _sums(self, url: str, version: str) -> dict[str, str]:
        response = await self._get(url)
        if response.status_code == 404:
            raise NotFound(what=f"Ollama {version}")
        if response.status_code != 200:
            raise UpstreamFailed(source=SOURCE, status=response.status_code)
        sums = parse_sums(response.content)
        if not sums:
            raise SourceChanged(source=SOURCE)
        return sums

    async def _archive(self, name: str, url: str, sha256: str) -> ReleaseArchive:
        return ReleaseArchive(file_name=name, url=url, sha256=sha256, size_bytes=await self._size(url))

    async def _size(self, url: str) -> int | None:
        """Only for the bar and the first look at the disk, so a page that does not tell is no failure."""
        try:
            response = await self._http.head(url, headers={"Accept-Encoding": "identity"})
        except WIRE_ERRORS:
            return None
        told = response.headers.get("content-length", "")
        return int(told) if response.status_code == 200 and re.fullmatch(r"[1-9][0-9]{0,14}", told) else None

    async def _get(self, url: str) -> Response:
        response = await get(self._http, url, source=SOURCE)
        if urlsplit(url).scheme == "https":
            # Whoever could change the list of checksums on its way could change the archive too.
            passed = [hop.url.scheme for hop in (*response.history, response)]
            if any(scheme != "https" for scheme in passed):
                raise SourceChanged(source=SOURCE)
        return response


def parse_sums(body: bytes) -> dict[str, str]:
    """Checksums by file name out of lines `<64 hex>  ./name`; empty for what is no such list."""
    if len(body) > _LARGEST_LIST_BYTES:
        return {}
    matches = (_SUM_LINE.fullmatch(line) for line in body.decode("utf-8", "replace").splitlines())
    return {match[2]: match[1].lower() for match in matches if match is not None}


def _latest_tag(response: Response) -> str:
    """From the address that `/latest` leads to, or from the JSON that GitHub's API gives for the same question."""
    kind = response.headers.get("content-type", "")
    if kind.startswith("application/json") and len(response.content) <= _LARGEST_LIST_BYTES:
        told = json_body(response, source=SOURCE)
        tag = told.get("tag_name") if isinstance(told, dict) else None
        return tag if isinstance(tag, str) else ""
    match = _TAG.fullmatch(response.url.path)
    return match[1] if match else ""


def _named(archive: str, sums: dict[str, str]) -> str | None:
    return next((name for ending in _ENDINGS if (name := archive + ending) in sums), None)
