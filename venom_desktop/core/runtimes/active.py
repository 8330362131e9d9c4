"""Which model answers: the state file of SPEC section 5, mirrored in `runtime.env` for shells. No secret in it."""

import asyncio
import contextlib
import json
import logging
import shlex
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from venom_desktop.core.errors import ActiveStateLost, StorageUnreadable, VenomError
from venom_desktop.core.files import write_atomically
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.signals import Signal

_log = logging.getLogger(__name__)
Last = Callable[[], Awaitable[None]]
"""The last thing to do before a change is told."""


async def _nothing() -> None:
    """There is nothing left to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveModel:
    """`key` None: nothing was activated yet. `last_models`: runtime to the model it answered with last."""

    key: ModelKey | None = None
    service_type: str = "local"
    last_models: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def to_variables(self) -> dict[str, str]:
        """The three names scripts know."""
        return {
            "LLM_SERVICE_TYPE": self.service_type,
            "LLM_MODEL_NAME": self.key.name if self.key else "",
            "ACTIVE_LLM_SERVER": self.key.runtime if self.key else "",
        }


class ActiveModelStore:
    """Reads once, writes at every change, publishes what changed."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "active.json"
        self._shell_path = folder / "runtime.env"
        self.notice: VenomError | None = None
        """What is to be told of a file that could not be read."""
        self._snapshot = self._read()
        self.changed: Signal[ActiveModel] = Signal()

    @property
    def snapshot(self) -> ActiveModel:
        return self._snapshot

    async def activate(self, key: ModelKey, *, before_told: Last = _nothing) -> None:
        """Store and publish `key` as the one that answers. Raises `StorageFailed`, `DiskFull`.

        `before_told` is called once it is stored; what it raises takes that back, and nobody hears of it.
        """
        last_models = {**self._snapshot.last_models, key.runtime: key.name}
        await self._store(replace(self._snapshot, key=key, last_models=last_models), before_told)

    async def deactivate(self) -> None:
        """Nothing answers; the last model of each runtime stays remembered."""
        await self._store(replace(self._snapshot, key=None))

    async def _store(self, active: ActiveModel, before_told: Last = _nothing) -> None:
        await asyncio.to_thread(self._write, active)
        try:
            await before_told()
        except (Exception, asyncio.CancelledError):
            with contextlib.suppress(VenomError):
                await asyncio.to_thread(self._write, self._snapshot)
            raise
        self._snapshot = active
        self.changed.publish(active)

    def _read(self) -> ActiveModel:
        """Nothing is guessed in place of a damaged file: what answered before it may be long gone."""
        try:
            return _parse(self._path.read_bytes())
        except FileNotFoundError:
            return ActiveModel()
        except OSError as error:
            self.notice = StorageUnreadable(path=self._path, problem=error.strerror or str(error))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, VenomError) as error:
            _log.info("The active model could not be read: %s", error)
            kept = _put_aside(self._path)
            self.notice = ActiveStateLost(path=self._path.name, kept=kept.name)
        return ActiveModel()

    def _write(self, active: ActiveModel) -> None:
        """The state comes last: a failure before it leaves what was, and one of it takes the mirror back."""
        self._write_mirror(active)
        try:
            body = {**active.to_variables(), "last_models": dict(active.last_models)}
            write_atomically(self._path, json.dumps(body, indent=2).encode())
        except VenomError:
            with contextlib.suppress(VenomError):
                self._write_mirror(self._snapshot)
            raise

    def _write_mirror(self, active: ActiveModel) -> None:
        lines = "".join(f"{name}={shlex.quote(value)}\n" for name, value in active.to_variables().items())
        write_atomically(self._shell_path, lines.encode(), keep_previous=False)


def _parse(content: bytes) -> ActiveModel:
    """Raises `ValueError`, `KeyError`, `TypeError`, `AttributeError`, `VenomError` for anything but our own."""
    body = json.loads(content)
    name, runtime = str(body["LLM_MODEL_NAME"]), str(body["ACTIVE_LLM_SERVER"])
    return ActiveModel(
        key=ModelKey(name=name, runtime=runtime) if name and runtime else None,
        service_type=str(body["LLM_SERVICE_TYPE"]),
        last_models={str(one): str(other) for one, other in body["last_models"].items()},
    )


def _put_aside(path: Path) -> Path:
    """Give an unreadable file a name of its own, which no later one takes; where it lies now."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    kept = path.with_name(f"{path.name}.damaged-{stamp}")
    try:
        path.rename(kept)
    except OSError as error:
        _log.info("%s could not be put aside: %s", path, error)
        return path
    return kept
