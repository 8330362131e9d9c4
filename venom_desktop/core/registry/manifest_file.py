"""The file behind the manifest: read with its previous version at hand, written so that a save stays cheap."""

import contextlib
import gc
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from venom_desktop.core.errors import ManifestBroughtBack, ManifestLost, ManifestRestored, StorageUnreadable, VenomError
from venom_desktop.core.files import previous_version_of, write_atomically
from venom_desktop.core.registry.model import NOTHING, ModelKey, ModelMetadata
from venom_desktop.core.registry.rows import RowFormat

_log = logging.getLogger(__name__)

_LARGE_BYTES = 256 << 10
"""From here on the faster parser is worth its import."""


class StoredRow:
    """A row as the file has it, turned into a model when somebody asks.

    A row that nobody changes goes back into the file as it came, and is encoded once.
    """

    __slots__ = ("_encoded", "_format", "_key", "_model", "_raw")

    def __init__(
        self,
        row_format: RowFormat,
        key: ModelKey,
        raw: dict[str, Any] | None = None,
        model: ModelMetadata | None = None,
    ) -> None:
        self._format = row_format
        self._key = key
        self._raw = raw
        self._model = model
        self._encoded: bytes | None = None

    @property
    def model(self) -> ModelMetadata:
        if self._model is None:
            self._model = self._format.read(self._key, self._raw or {})
        return self._model

    @property
    def encoded(self) -> bytes:
        if self._encoded is None:
            self._encoded = _encode(self._format.write(self.model) if self._raw is None else self._raw)
        return self._encoded


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestContent:
    """`opaque` are rows, and `extra` are fields, that this version does not understand and writes back."""

    rows: Mapping[ModelKey, StoredRow]
    opaque: tuple[Any, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=lambda: NOTHING)


class _Unusable(Enum):
    MISSING = "missing"
    DAMAGED = "damaged"


class _NoManifest(ValueError):
    """JSON, but of another kind."""


EMPTY = ManifestContent(rows=MappingProxyType({}))


class ManifestFile:
    """Blocking: every call belongs in a thread. Only the holder of the folder's lock may repair or write."""

    def __init__(self, path: Path, now: Callable[[], datetime]) -> None:
        self._path = path
        self._now = now
        self._format = RowFormat(path.parent)

    def read(self, *, repair: bool) -> tuple[ManifestContent, VenomError | None]:
        """The content, and a notice when it is not simply the file's. Raises `StorageUnreadable`."""
        current = self._parsed(self._path)
        if isinstance(current, ManifestContent):
            return current, None
        older = previous_version_of(self._path)
        previous = self._parsed(older)
        kept = self._set_aside(self._path, repair=repair) if current is _Unusable.DAMAGED else None
        if isinstance(previous, ManifestContent):
            if repair:
                self._restore(older)
            return previous, ManifestBroughtBack(path=self._path) if kept is None else ManifestRestored(kept=kept)
        if previous is _Unusable.DAMAGED:
            kept_older = self._set_aside(older, repair=repair)
            kept = kept or kept_older
        return EMPTY, None if kept is None else ManifestLost(kept=kept)

    def write(self, content: ManifestContent) -> None:
        """Replace the file. Raises `DiskFull` or `StorageFailed`; the old version is then untouched."""
        write_atomically(self._path, self._text(content))

    def row(self, model: ModelMetadata) -> StoredRow:
        return StoredRow(self._format, model.key, model=model)

    def _parsed(self, path: Path) -> "ManifestContent | _Unusable":
        try:
            content = path.read_bytes()
            with _without_collector() if len(content) >= _LARGE_BYTES else contextlib.nullcontext():
                return self._content(_parse(content))
        except FileNotFoundError:
            return _Unusable.MISSING
        except OSError as error:
            raise StorageUnreadable(path=path, problem=error.strerror or str(error)) from error
        except (ValueError, RecursionError) as error:
            _log.info("%s is damaged: %s", path, error)
            return _Unusable.DAMAGED

    def _content(self, document: object) -> ManifestContent:
        if not isinstance(document, dict) or not isinstance(document.get("models"), list):
            raise _NoManifest("no object with a list of models")
        rows: dict[ModelKey, StoredRow] = {}
        opaque: list[Any] = []
        for raw in document["models"]:
            key = self._format.key_of(raw)
            if key is None:
                opaque.append(raw)
            else:
                rows[key] = StoredRow(self._format, key, raw=raw)
        extra = {name: value for name, value in document.items() if name not in ("models", "updated_at")}
        return ManifestContent(rows=rows, opaque=tuple(opaque), extra=extra)

    def _set_aside(self, path: Path, *, repair: bool) -> Path:
        """Give a damaged file a name of its own; answers where it lies now."""
        if not repair:
            return path
        stamp = self._now().strftime("%Y%m%dT%H%M%S")
        kept = path.with_name(f"{self._path.stem}.damaged-{stamp}.json")
        count = 2
        while kept.exists():
            kept = path.with_name(f"{self._path.stem}.damaged-{stamp}-{count}.json")
            count += 1
        try:
            path.replace(kept)
        except OSError as error:
            _log.info("%s could not be set aside: %s", path, error)
            return path
        return kept

    def _restore(self, older: Path) -> None:
        if self._path.exists():
            # It could not be set aside, and what is in it may still be of use to somebody.
            return
        try:
            write_atomically(self._path, older.read_bytes(), keep_previous=False)
        except (VenomError, OSError) as error:
            # A full disk must not keep the list from being shown; the next save tries again.
            _log.info("%s could not be restored: %s", self._path, error)

    def _text(self, content: ManifestContent) -> bytes:
        """One row a line, so that a person can read it and a comparison shows what changed."""
        lines = [*(row.encoded for row in content.rows.values()), *map(_encode, content.opaque)]
        after = {"updated_at": self._now().isoformat(), **content.extra}
        return b'{"models": [\n' + b",\n".join(lines) + b"\n],\n" + _encode(after)[1:] + b"\n"


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    """A large file is all new objects and no garbage: looking through them costs as much as reading them."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _encode(value: object) -> bytes:
    # Half a surrogate pair is no UTF-8, yet JSON can carry it, and the parser reads it back.
    return json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass")


def _parse(content: bytes) -> object:
    if len(content) >= _LARGE_BYTES:
        from pydantic_core import from_json

        try:
            return from_json(content, cache_strings="keys")
        except ValueError:
            # It refuses some texts that the standard library reads; that one has the last word.
            pass
    return json.loads(content)
