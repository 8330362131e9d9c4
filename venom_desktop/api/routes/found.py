"""Models that lie on this computer and in no list: look for them, take them over, give them back."""

from fastapi import APIRouter
from starlette.responses import Response

from venom_desktop.api.found_desk import FoundDesk
from venom_desktop.api.replies import reply
from venom_desktop.api.schemas import FoundId, FoundIds, Named, Takeover
from venom_desktop.core.registry.imports.record import Way
from venom_desktop.core.registry.names import check_name


class FoundRoutes:
    def __init__(self, desk: FoundDesk) -> None:
        self._desk = desk

    def add_to(self, router: APIRouter) -> None:
        router.add_api_route("/models/found", self.listed, methods=["GET"])
        router.add_api_route("/models/found/import", self.take, methods=["POST"])
        router.add_api_route("/models/found/undo", self.undo, methods=["POST"])
        router.add_api_route("/models/found/dismiss", self.dismiss, methods=["POST"])
        router.add_api_route("/models/found/restore", self.restore, methods=["POST"])
        router.add_api_route("/models/found/{found_id}", self.one, methods=["GET"])

    async def listed(self, refresh: bool = False, dismissed: bool = False) -> Response:
        """What was found and is in no list; `refresh` looks again, `dismissed` lists what was put away instead."""
        return reply(await self._desk.listed(refresh=refresh, dismissed=dismissed))

    async def one(self, found_id: str) -> Response:
        """One of them, with what each way of taking it over frees, needs and counts, or why it is closed."""
        return reply(await self._desk.one(found_id))

    async def take(self, body: Takeover) -> Response:
        """Use one in place at once, or start to link, move or copy it into the models folder."""
        return reply(await self._desk.take(body.id, Way(body.way)))

    async def undo(self, body: Named) -> Response:
        """Start to give an imported model back to where it was found."""
        return reply(await self._desk.undo(check_name(body.name), body.runtime))

    async def dismiss(self, body: FoundId) -> Response:
        """Offer one no more, in later runs neither."""
        return reply(await self._desk.dismiss(body.id))

    async def restore(self, body: FoundIds) -> Response:
        """Offer again what was put away."""
        return reply(await self._desk.restore(body.id))
