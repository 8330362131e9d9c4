"""Pulls of the stand-in: shared by everybody who wants the same blob, kept in parts when nobody does any more."""

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.fakes.ollama_models import as_written, layers_of
from tests.fakes.ollama_names import Name
from tests.fakes.ollama_registry import PublishedModels, RefusedError, Source, source_for
from tests.fakes.ollama_store import Store

Line = dict[str, Any]
SLICES_PER_SECOND = 50
SEND_BYTES = 64 << 10


class Hold:
    """Downloads stand still at `at_bytes` of a blob until released; `reached` tells that one does."""

    def __init__(self, at_bytes: int) -> None:
        self.at_bytes = at_bytes
        self.reached = threading.Event()
        self.released = threading.Event()

    def release(self) -> None:
        self.released.set()


class _Download:
    def __init__(self, path: Path, digest: str, total: int) -> None:
        self.path = path
        self.digest = digest
        self.total = total
        self.completed = self._kept()
        self.users = 0
        self.left = threading.Event()
        self.done = threading.Event()
        self.error: str | None = None

    @property
    def partial(self) -> Path:
        return self.path.with_name(f"{self.path.name}-partial")

    @property
    def _note(self) -> Path:
        return self.path.with_name(f"{self.path.name}-partial-0")

    def keep(self) -> None:
        told = {"N": 0, "Offset": 0, "Size": self.total, "Completed": self.completed}
        self._note.write_text(json.dumps(told))

    def finish(self) -> None:
        self._note.unlink(missing_ok=True)
        self.partial.rename(self.path)

    def line(self) -> Line:
        told: Line = {"status": f"pulling {self.digest[7:19]}", "digest": self.digest, "total": self.total}
        return {**told, "completed": self.completed} if self.completed else told

    def _kept(self) -> int:
        return int(json.loads(self._note.read_text())["Completed"]) if self._note.is_file() else 0


class Downloads:
    """`bytes_per_second` None is as fast as it goes; `free_bytes` None is a disk that is never full."""

    def __init__(self, store: Store, published: PublishedModels) -> None:
        self.bytes_per_second: int | None = None
        self.free_bytes: int | None = None
        self.line_every_s = 0.06
        self.hold: Hold | None = None
        self.started: list[tuple[str, int]] = []
        """Digest and first byte of every download that began."""
        self._store = store
        self._published = published
        self._running: dict[str, _Download] = {}
        self._lock = threading.Lock()

    def pull(self, name: Name, *, insecure: bool) -> Iterator[Line]:
        """The lines of `/api/pull`; closing the iterator leaves the downloads to others who want them."""
        source = source_for(name, self._published, insecure=insecure)
        yield {"status": "pulling manifest"}
        try:
            found = source.manifest(name)
            fetched = []
            for layer in layers_of(found.manifest):
                if self._store.blob(layer["digest"]).exists():
                    size = self._store.blob(layer["digest"]).stat().st_size
                    told = {"status": f"pulling {layer['digest'][7:19]}", "digest": layer["digest"]}
                    yield {**told, "total": size, "completed": size}
                    continue
                yield from self._one(name, layer["digest"], source)
                fetched.append(layer)
            yield {"status": "verifying sha256 digest"}
            for layer in fetched:
                self._verify(layer["digest"], source)
            yield from self._written(name, found.told)
        except RefusedError as error:
            yield {"error": str(error)}

    def stop(self) -> None:
        """End all downloads and keep their parts, as a server does that is stopped."""
        with self._lock:
            running = list(self._running.values())
        for download in running:
            download.left.set()
        for download in running:
            download.done.wait(10)

    def _one(self, name: Name, digest: str, source: Source) -> Iterator[Line]:
        download = self._join(name, digest, source)
        try:
            while not download.done.wait(self.line_every_s):
                yield download.line()
        finally:
            with self._lock:
                download.users -= 1
                if download.users == 0:
                    download.left.set()
        if download.error is not None:
            raise RefusedError(download.error)
        # The real one looks once a second whether a part is done, so its last lines are always whole.
        yield download.line()

    def _join(self, name: Name, digest: str, source: Source) -> _Download:
        with self._lock:
            download = self._running.get(digest)
            if download is None or download.left.is_set():
                download = _Download(self._store.blob(digest), digest, source.size(name, digest))
                self._running[digest] = download
                self.started.append((digest, download.completed))
                threading.Thread(target=self._run, args=(download, name, source), daemon=True).start()
            download.users += 1
            return download

    def _run(self, download: _Download, name: Name, source: Source) -> None:
        try:
            self._fetch(download, name, source)
        except RefusedError as error:
            download.error = str(error)
        finally:
            with self._lock:
                if self._running.get(download.digest) is download:
                    del self._running[download.digest]
            download.done.set()

    def _fetch(self, download: _Download, name: Name, source: Source) -> None:
        download.partial.touch()
        with download.partial.open("r+b") as out:
            out.truncate(download.total)
            out.seek(download.completed)
            for piece in source.read(name, download.digest, download.completed):
                size = piece if isinstance(piece, int) else len(piece)
                slice_bytes = self._slice_bytes()
                for place in range(0, size, slice_bytes):
                    part = piece if isinstance(piece, int) else piece[place : place + slice_bytes]
                    if not self._take(download, out, part, min(slice_bytes, size - place)):
                        download.keep()
                        raise RefusedError("context canceled")
        if download.completed < download.total:
            download.keep()
            raise RefusedError("max retries exceeded: unexpected EOF")
        download.finish()

    def _slice_bytes(self) -> int:
        rate = self.bytes_per_second
        return SEND_BYTES if rate is None else max(1, min(SEND_BYTES, rate // SLICES_PER_SECOND))

    def _take(self, download: _Download, out: Any, part: bytes | int, size: int) -> bool:
        if not self._may_go_on(download):
            return False
        if self.free_bytes is not None:
            if size > self.free_bytes:
                download.keep()
                raise RefusedError(f"write {download.partial}: no space left on device")
            self.free_bytes -= size
        if isinstance(part, bytes):
            out.write(part)
        download.completed += size
        return not (self.bytes_per_second and download.left.wait(size / self.bytes_per_second))

    def _may_go_on(self, download: _Download) -> bool:
        hold = self.hold
        if hold is not None and download.completed >= hold.at_bytes:
            hold.reached.set()
            while not hold.released.is_set() and not download.left.wait(0.01):
                pass
        return not download.left.is_set()

    def _verify(self, digest: str, source: Source) -> None:
        path = self._store.blob(digest)
        if not isinstance(source, PublishedModels):
            with path.open("rb") as blob:
                found = f"sha256:{hashlib.file_digest(blob, 'sha256').hexdigest()}"
        else:
            # What is made up has no digest of its own.
            found = f"sha256:{'0' * 64}" if source.is_wrong(digest) else digest
        if found != digest:
            path.unlink()
            raise RefusedError(f"digest mismatch, file must be downloaded again: want {digest}, got {found}")

    def _written(self, name: Name, told: bytes) -> Iterator[Line]:
        yield {"status": "writing manifest"}
        before = self._store.read(name)
        self._store.write(name, as_written(json.loads(told)))
        old = {layer["digest"] for layer in layers_of(before.manifest)} if before else set()
        manifest: Mapping[str, Any] = json.loads(told)
        if unused := old - {layer["digest"] for layer in layers_of(manifest)}:
            yield {"status": "removing unused layers"}
            self._store.drop_unused(unused)
        yield {"status": "success"}
