"""Servers elsewhere: list, add, change, try and forget them."""

from fastapi import APIRouter
from starlette.responses import Response

from venom_desktop.api.remote_desk import RemoteDesk
from venom_desktop.api.replies import reply
from venom_desktop.api.schemas import RemoteBody, RemoteTrial


class RemoteRoutes:
    def __init__(self, desk: RemoteDesk) -> None:
        self._desk = desk

    def add_to(self, router: APIRouter) -> None:
        router.add_api_route("/system/remotes", self.listed, methods=["GET"])
        router.add_api_route("/system/remotes", self.add, methods=["POST"])
        router.add_api_route("/system/remotes/test", self.test, methods=["POST"])
        router.add_api_route("/system/remotes/{name}", self.change, methods=["PUT"])
        router.add_api_route("/system/remotes/{name}", self.remove, methods=["DELETE"])
        router.add_api_route("/system/remotes/{name}/key", self.forget_key, methods=["DELETE"])

    async def listed(self) -> Response:
        """Every server that was added, with its terms and where its key is kept; the key itself is never told."""
        return reply(await self._desk.listed())

    async def add(self, body: RemoteBody) -> Response:
        """Keep a server; a key that would travel to another machine without encryption is asked about first."""
        return reply(await self._desk.add(body))

    async def change(self, name: str, body: RemoteBody) -> Response:
        """Change a server; without a key the stored one stays, unless the address is another server's or it is ""."""
        return reply(await self._desk.change(name, body))

    async def remove(self, name: str, confirm: bool = False) -> Response:
        """Forget a server and its key; its models stay where they are."""
        return reply(await self._desk.remove(name, confirm=confirm))

    async def forget_key(self, name: str, confirm: bool = False) -> Response:
        """Remove the key of a server, and nothing else."""
        return reply(await self._desk.forget_key(name, confirm=confirm))

    async def test(self, body: RemoteTrial) -> Response:
        """Ask a server now: one that was added by its name, or any by its address."""
        return reply(await self._desk.test(body))
