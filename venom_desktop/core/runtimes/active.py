"""Which model answers: the state file of SPEC section 5, mirrored in `runtime.env` for shells. No secret in it."""

import asyncio
import json
import logging
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from venom_desktop.core.errors import VenomError
from venom_desktop.core.files import write_atomically
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.signals import Signal

_log = logging.getLogger(__name__)


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
        self._snapshot = _read(self._path)
        self.changed: Signal[ActiveModel] = Signal()

    @property
    def snapshot(self) -> ActiveModel:
        return self._snapshot

    async def activate(self, key: ModelKey) -> None:
        """Store and publish `key` as the one that answers. Raises `StorageFailed`, `DiskFull`."""
        last_models = {**self._snapshot.last_models, key.runtime: key.name}
        await self._store(replace(self._snapshot, key=key, last_models=last_models))

    async def deactivate(self) -> None:
        """Nothing answers; the last model of each runtime stays remembered."""
        await self._store(replace(self._snapshot, key=None))

    async def _store(self, active: ActiveModel) -> None:
        await asyncio.to_thread(self._write, active)
        self._snapshot = active
        self.changed.publish(active)

    def _write(self, active: ActiveModel) -> None:
        variables = active.to_variables()
        body = {**variables, "last_models": dict(active.last_models)}
        write_atomically(self._path, json.dumps(body, indent=2).encode())
        lines = "".join(f"{name}={shlex.quote(value)}\n" for name, value in variables.items())
        write_atomically(self._shell_path, lines.encode(), keep_previous=False)


def _read(path: Path) -> ActiveModel:
    try:
        body = json.loads(path.read_bytes())
        name, runtime = str(body["LLM_MODEL_NAME"]), str(body["ACTIVE_LLM_SERVER"])
        return ActiveModel(
            key=ModelKey(name=name, runtime=runtime) if name and runtime else None,
            service_type=str(body["LLM_SERVICE_TYPE"]),
            last_models={str(one): str(other) for one, other in body["last_models"].items()},
        )
    except FileNotFoundError:
        return ActiveModel()
    except (OSError, ValueError, KeyError, TypeError, AttributeError, VenomError) as error:
        _log.info("The active model could not be read: %s", error)
        return ActiveModel()
