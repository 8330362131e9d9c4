"""One file, from the first request to its place: ranges, retries, and the checks of size and checksum."""

import random
import re

from venom_desktop.core.downloads.base import FileToFetch
from venom_desktop.core.downloads.checksum import StreamDigest, add_file, digest_for, is_named_by
from venom_desktop.core.downloads.ledger import Ledger
from venom_desktop.core.downloads.partial import PartialFile, storage_errors
from venom_desktop.core.downloads.source import Source, ToldToWait, TryAgain
from venom_desktop.core.errors import (
    ChecksumMismatch,
    DownloadInterrupted,
    SizeMismatch,
    SourceBusy,
    SourceChanged,
    VenomError,
)
from venom_desktop.core.http_stream import ConnectionBroke, Stream

_BLOCK_BYTES = 256 * 1024


class Transfer:
    """Fetches one file into its open part; the part outlives it unless its bytes are worth nothing."""

    def __init__(self, file: FileToFetch, part: PartialFile, *, source: Source, ledger: Ledger) -> None:
        self._file = file
        self._part = part
        self._source = source
        self._ledger = ledger
        self._digest: StreamDigest | None = None
        self._ranges_work = True

    def run(self) -> None:
        """Return with the verified file at its target."""
        self._begin()
        self._fetch_patiently()
        self._ledger.checking()
        self._verify()
        self._part.place()

    def _begin(self) -> None:
        """Take up the bytes that are already here; they are hashed again, for nobody vouches for them."""
        if self._part.length and not self._part.can_resume:
            self._part.restart(None)
        digest = digest_for(self._file)
        if digest is not None and self._part.length:
            self._ledger.checking()
            with storage_errors(self._part.path):
                add_file(digest, self._part.path, end=self._part.length)
        self._digest = None if digest is None else StreamDigest(digest)
        self._ledger.downloading(self._part.length)

    def _fetch_patiently(self) -> None:
        failures = 0
        while not self._is_complete_by_size():
            before = self._part.length
            wait_s: float | None = None
            final: VenomError = DownloadInterrupted(source=self._source.name)
            try:
                self._fetch_once()
                return
            except ToldToWait as told:
                wait_s = told.wait_s
                final = SourceBusy(source=self._source.name, retry_after_s=told.wait_s)
            except TryAgain as failure:
                final = failure.final or final
            except ConnectionBroke:
                pass
            failures = 1 if self._part.length > before else failures + 1
            limits = self._source.limits
            if failures >= limits.tries or (wait_s or 0) > limits.longest_told_wait_s:
                raise final
            self._ledger.wait(self._back_off_s(failures) if wait_s is None else wait_s)

    def _back_off_s(self, failures: int) -> float:
        limits = self._source.limits
        longest = min(limits.longest_wait_s, limits.first_wait_s * 2.0 ** (failures - 1))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter

    def _is_complete_by_size(self) -> bool:
        # An empty part of an empty file is not known to be right before the server was asked once.
        return self._file.size_bytes is not None and 0 < self._part.length == self._file.size_bytes

    def _fetch_once(self) -> None:
        """One request; returns when the body has come to its end. Raises `TryAgain` where it did not."""
        if self._part.length and not (self._ranges_work and self._part.can_resume):
            self._start_anew(None)
        offset = self._part.length
        with self._source.open(self._file.url, self._range_headers(offset)) as stream:
            self._ledger.downloading(offset)
            match stream.status:
                case 200:
                    self._take_whole(stream)
                case 206 if offset:
                    self._take_rest(stream, offset)
                case 416 if offset:
                    self._settle_unsatisfiable(stream, offset)
                case _:
                    raise SourceChanged(source=self._source.name)

    def _range_headers(self, offset: int) -> dict[str, str]:
        if not offset:
            return {}
        headers = {"Range": f"bytes={offset}-"}
        return headers if self._part.etag is None else {**headers, "If-Range": self._part.etag}

    def _take_whole(self, stream: Stream) -> None:
        # Looked at before a byte is thrown away: a sign-in page must not cost the user what has arrived.
        self._check_announced(stream.length_bytes)
        self._start_anew(_strong_etag(stream))
        self._read_body(stream)

    def _take_rest(self, stream: Stream, offset: int) -> None:
        start, total = _content_range(stream)
        etag = _strong_etag(stream)
        if start != offset or (self._part.etag is not None and etag is not None and etag != self._part.etag):
            # A server that does not mind If-Range would have us join two files.
            self._ranges_work = False
            raise TryAgain
        self._check_announced(total)
        self._read_body(stream)

    def _settle_unsatisfiable(self, stream: Stream, offset: int) -> None:
        told = re.fullmatch(r"bytes \*/(\d+)", str(stream.headers.get("content-range") or "").strip())
        if told and int(told[1]) == offset and self._file.size_bytes in (None, offset):
            self._ledger.learn_size(offset)
            return
        self._ranges_work = False
        raise TryAgain

    def _check_announced(self, size_bytes: int | None) -> None:
        if size_bytes is None:
            return
        if self._file.size_bytes not in (None, size_bytes):
            raise self._size_mismatch(size_bytes)
        self._ledger.learn_size(size_bytes)

    def _read_body(self, stream: Stream) -> None:
        expected = self._file.size_bytes
        received = 0
        while block := stream.read(_BLOCK_BYTES):
            if expected is not None and self._part.length + len(block) > expected:
                length = self._part.length + len(block)
                self._part.remove()
                raise self._size_mismatch(length)
            self._part.append(block)
            if self._digest is not None:
                self._digest.add(block)
            received += len(block)
            self._ledger.reach(self._part.length)
        if stream.length_bytes is not None:
            if received < stream.length_bytes or (expected or 0) > self._part.length:
                raise TryAgain
        elif expected is not None and self._part.length < expected:
            self._end_without_length(stream)
        self._ledger.learn_size(self._part.length)

    def _end_without_length(self, stream: Stream) -> None:
        if not stream.is_chunked:
            raise TryAgain
        length = self._part.length
        self._part.remove()
        raise self._size_mismatch(length)

    def _start_anew(self, etag: str | None) -> None:
        self._part.restart(etag)
        if self._digest is not None:
            self._digest.finish()
            digest = digest_for(self._file)
            self._digest = None if digest is None else StreamDigest(digest)
        self._ledger.reach(0)

    def _verify(self) -> None:
        if self._file.size_bytes not in (None, self._part.length):
            raise self._size_mismatch(self._part.length)
        if self._digest is not None and not is_named_by(self._digest.finish(), self._file):
            self._part.remove()
            raise ChecksumMismatch(file_name=self._file.target.name)

    def _size_mismatch(self, received_bytes: int) -> SizeMismatch:
        return SizeMismatch(
            source=self._source.name,
            file_name=self._file.target.name,
            received_bytes=received_bytes,
            expected_bytes=self._file.size_bytes,
        )


def _strong_etag(stream: Stream) -> str | None:
    """A weak validator cannot vouch for a range (RFC 9110, 13.1.5)."""
    etag = str(stream.headers.get("etag") or "").strip()
    return etag if etag.startswith('"') else None


def _content_range(stream: Stream) -> tuple[int | None, int | None]:
    """First byte and total size of a 206 answer; None for what it does not say."""
    told = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", str(stream.headers.get("content-range") or "").strip())
    if told is None:
        return None, None
    return int(told[1]), None if told[2] == "*" else int(told[2])
