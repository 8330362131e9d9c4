"""What the HTTP API and the command line do with servers elsewhere; no web framework here."""

from pathlib import Path

from venom_desktop.api.payloads import Json, remote_payload
from venom_desktop.api.schemas import RemoteBody, RemoteTrial
from venom_desktop.core.errors import InvalidInput, NeedsConfirmation
from venom_desktop.core.governance.base import Terms
from venom_desktop.core.runtimes.remote_base import RemoteDraft, RemoteKind, RemoteServer
from venom_desktop.core.services import Services


class RemoteDesk:
    """A key goes in and never comes out. Raises what `Remotes` raises."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._remotes = services.remotes

    async def listed(self) -> Json:
        rows = [await self._payload(server) for server in self._remotes.servers]
        return {"success": True, "remotes": rows, "count": len(rows)}

    async def add(self, body: RemoteBody) -> Json:
        server = await self._remotes.add(_draft(body), body.key, openly=body.confirm)
        return {"success": True, "message": f"{server.title} is added", "remote": await self._payload(server)}

    async def change(self, name: str, body: RemoteBody) -> Json:
        server = await self._remotes.edit(name, _draft(body), body.key, openly=body.confirm)
        return {"success": True, "message": f"{server.title} is changed", "remote": await self._payload(server)}

    async def remove(self, name: str, *, confirm: bool) -> Json:
        """Raises `NeedsConfirmation` unless `confirm`."""
        server = self._remotes.get(name)
        if not confirm:
            raise NeedsConfirmation(question=f"Forget {server.title} and its key? Confirm to go ahead.")
        await self._remotes.remove(name)
        return {"success": True, "message": f"{server.title} is forgotten"}

    async def forget_key(self, name: str, *, confirm: bool) -> Json:
        """Raises `NeedsConfirmation` unless `confirm`."""
        server = self._remotes.get(name)
        if not confirm:
            raise NeedsConfirmation(question=f"Remove the key of {server.title}? Confirm to go ahead.")
        await self._remotes.forget_key(name)
        message = f"The key of {server.title} is removed"
        return {"success": True, "message": message, "remote": await self._payload(server)}

    async def test(self, body: RemoteTrial) -> Json:
        """Raises `InvalidInput` for neither a name nor an address."""
        found = await self._remotes.try_out(self._trial(body), body.key, name=body.name, openly=body.confirm)
        return {"success": True, "version": found.version, "models_count": found.models}

    def _trial(self, body: RemoteTrial) -> RemoteDraft:
        if body.url is not None:
            authority = None if body.ca_file is None else Path(body.ca_file)
            title = body.title or "The server"
            return RemoteDraft(title=title, kind=RemoteKind(body.kind), url=body.url, certificate_file=authority)
        if body.name is None:
            raise InvalidInput(problem="Name a server that was added, or give kind and url of another one.")
        return self._remotes.get(body.name).draft

    async def _payload(self, server: RemoteServer) -> Json:
        snapshot = self._services.runtimes[server.name].snapshot
        return remote_payload(server, snapshot, await self._remotes.key_status(server.name))


def _draft(body: RemoteBody) -> RemoteDraft:
    return RemoteDraft(
        title=body.title,
        kind=RemoteKind(body.kind),
        url=body.url,
        certificate_file=None if body.ca_file is None else Path(body.ca_file),
        terms=Terms(
            input_usd=body.input_usd_per_million,
            output_usd=body.output_usd_per_million,
            requests_per_minute=body.requests_per_minute,
        ),
    )
