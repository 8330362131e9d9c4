"""Changes the runtime profile: asks before it takes the active model away, or ends a server that it forbids."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from venom_desktop.core.errors import ProfileEndsRuntimes
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.base import Control, Runtime, RuntimeSnapshot, RuntimeState
from venom_desktop.core.runtimes.profiles import RuntimeProfile

_ALIVE = (RuntimeState.STARTING, RuntimeState.RUNNING, RuntimeState.STOPPING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What a profile would end: servers of ours, and `model` answers no more. A server of others goes on."""

    servers: tuple[RuntimeSnapshot, ...]
    model: ModelKey | None

    def __bool__(self) -> bool:
        return bool(self.servers) or self.model is not None


class ChangeProfile:
    """`current` is the profile in use, `save` stores another; `require_free` raises where the environment decides."""

    def __init__(
        self,
        runtimes: Mapping[str, Runtime],
        *,
        current: Callable[[], RuntimeProfile],
        active: Callable[[], ModelKey | None],
        deactivate: Callable[[], Awaitable[object]],
        require_free: Callable[[], None],
        save: Callable[[str], Awaitable[object]],
    ) -> None:
        self._runtimes = runtimes
        self._current = current
        self._active = active
        self._deactivate = deactivate
        self._require_free = require_free
        self._save = save

    def allows(self, runtime: str) -> bool:
        """Whether the profile of now does."""
        return self._current().allows(runtime)

    def ending(self, profile: RuntimeProfile) -> Ending:
        """What is forbidden by `profile` and alive now."""
        forbidden = (runtime.snapshot for name, runtime in self._runtimes.items() if not profile.allows(name))
        servers = (one for one in forbidden if one.state in _ALIVE and one.control is not Control.EXTERNAL)
        key = self._active()
        return Ending(servers=tuple(servers), model=None if key is None or profile.allows(key.runtime) else key)

    async def change(self, profile: RuntimeProfile, *, confirm: bool = False) -> None:
        """Stop what is forbidden, then store the profile: one that could not be stopped leaves it as it was.

        Raises `ProfileEndsRuntimes` without `confirm` where something would end, `SettingLocked`, `SwitchInProgress`,
        what stopping raises, `StorageFailed`.
        """
        self._require_free()
        ending = self.ending(profile)
        if ending and not confirm:
            raise ProfileEndsRuntimes(profile=profile.value, ends=_words(ending))
        if ending.model is not None:
            await self._deactivate()
        for server in ending.servers:
            if (runtime := self._runtimes.get(server.name)) is not None:
                await runtime.stop()
        await self._save(profile.value)


def _words(ending: Ending) -> str:
    titles = " and ".join(server.title for server in ending.servers)
    stops = f"stops {titles}" if titles else ""
    silent = "" if ending.model is None else f"takes away the active model {ending.model.name}"
    return " and ".join(part for part in (silent, stops) if part)
