"""How a server elsewhere stands: what the last look found, and which of its loaded models came from here."""

from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

from venom_desktop.core.errors import ActiveModelGone, SourceBusy, VenomError
from venom_desktop.core.registry.model import ModelMetadata
from venom_desktop.core.runtimes.base import Control, LoadedModel, RuntimeSnapshot, RuntimeState
from venom_desktop.core.runtimes.published import PublishedState
from venom_desktop.core.runtimes.remote_base import Found, RemoteServer, RemoteWire
from venom_desktop.core.runtimes.remote_store import RemoteStore


class RemoteState(PublishedState):
    """`store` lists the models. `model` answers here, `held` was loaded here."""

    def __init__(self, server: RemoteServer, wire: RemoteWire, *, now: Callable[[], datetime]) -> None:
        super().__init__(
            RuntimeSnapshot(
                name=server.name,
                title=server.title,
                state=RuntimeState.STOPPED,
                control=Control.EXTERNAL,
                endpoint=server.url,
                port=_port_of(server.url),
            ),
            now=now,
        )
        self.store = RemoteStore(server, wire, look=self.look, now=now)
        self.model: ModelMetadata | None = None
        self.held: frozenset[str] = frozenset()
        self._wire = wire
        self._looks = self._look_shown = 0

    async def look(self) -> VenomError | None:
        """Ask how it stands and show it; gives why it could not be asked. Of two that overlap the later one holds."""
        self._looks += 1
        number = self._looks
        found: Found | None = None
        error: VenomError | None = None
        try:
            found = await self._wire.look()
        except VenomError as failure:
            error = failure
        if number > self._look_shown:
            self._look_shown = number
            if found is not None:
                self.take(found)
            else:
                self.show(None, error)
        return error

    async def why_gone(self) -> VenomError | None:
        """That the model which answered is there no more, where a look tells so."""
        await self.look()
        models, model = self.store.snapshot.models, self.model
        if model is None or models is None or any(one.name == model.name for one in models):
            return None
        return ActiveModelGone(model_name=model.name)

    def take(self, found: Found) -> None:
        if found.loaded is not None:
            # What has expired and comes back was brought by somebody else.
            self.held &= {one.name for one in found.loaded}
        self.show(found, None)

    def show(self, found: Found | None, error: VenomError | None) -> None:
        if isinstance(error, SourceBusy) and self.snapshot.state is RuntimeState.RUNNING:
            # It answers, though not now.
            return
        self.store.take(found, error)
        if found is None:
            self.publish(state=RuntimeState.UNAVAILABLE, error=error, loaded=())
        else:
            loaded = self._loaded(found)
            self.publish(state=RuntimeState.RUNNING, error=None, version=found.version, loaded=loaded)

    def _loaded(self, found: Found) -> tuple[LoadedModel, ...]:
        """Of a server that does not tell what it holds: the model that answers."""
        if found.loaded is not None:
            ours = self.held | ({self.model.name} if self.model is not None else set())
            return tuple(one for one in found.loaded if one.name in ours)
        if self.model is None:
            return ()
        context = self.model.capabilities.max_context_length
        return (LoadedModel(name=self.model.name, memory_bytes=None, vram_bytes=None, context=context),)


def _port_of(url: str) -> int:
    parts = urlsplit(url)
    return parts.port or (443 if parts.scheme == "https" else 80)
