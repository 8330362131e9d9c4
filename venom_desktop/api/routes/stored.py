"""Models that a runtime keeps in a store of its own: copies, names, creations and updates."""

from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response

from venom_desktop.api.payloads import Json, model_payload
from venom_desktop.api.replies import reply
from venom_desktop.api.schemas import Creation, Named, NewName
from venom_desktop.core.errors import FileMissing, InvalidInput, UnreadableModelFile
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.registry.names import check_name
from venom_desktop.core.registry.registry import ModelRegistry
from venom_desktop.core.registry.updates import Updates


class StoredRoutes:
    def __init__(self, registry: ModelRegistry) -> None:
        self._registry = registry

    def add_to(self, router: APIRouter) -> None:
        router.add_api_route("/models/registry/copy", self.copy, methods=["POST"])
        router.add_api_route("/models/registry/rename", self.rename, methods=["POST"])
        router.add_api_route("/models/registry/create", self.create, methods=["POST"])
        router.add_api_route("/models/registry/update", self.update, methods=["POST"])
        router.add_api_route("/models/registry/updates", self.updates, methods=["GET"])

    async def copy(self, body: NewName) -> Response:
        """Let a model stand under a second name; it takes no further space."""
        key = await self._registry.copy_model(check_name(body.name), check_name(body.new_name), body.runtime)
        return self._answer(key, f"{body.name} is there as {key.name} too")

    async def rename(self, body: NewName) -> Response:
        """Give a model another name."""
        key = await self._registry.rename_model(check_name(body.name), check_name(body.new_name), body.runtime)
        return self._answer(key, f"{body.name} is called {key.name} now")

    async def create(self, body: Creation) -> Response:
        """Start making a model of a GGUF file of this machine; the file stays where it is."""
        file = Path(body.file)
        if "\0" in body.file or not file.is_absolute():
            raise InvalidInput(problem="The file is an absolute path of this machine.")
        try:
            operation_id = await self._registry.create_model(file, check_name(body.name), body.runtime)
        except FileMissing as error:
            raise InvalidInput(problem=f"There is no file {file}. Give the path of a GGUF file.") from error
        except UnreadableModelFile as error:
            raise InvalidInput(problem=str(error)) from error
        return _started(operation_id, f"Creating {body.name} has started")

    async def update(self, body: Named) -> Response:
        """Start pulling a model again; the new version is used at the next load."""
        operation_id = await self._registry.update_model(check_name(body.name), body.runtime)
        return _started(operation_id, f"Updating {body.name} has started")

    async def updates(self, refresh: bool = False) -> Response:
        """What the last check said; `refresh` asks the registries now."""
        found = await self._registry.check_updates() if refresh else self._registry.updates
        return reply({"success": True, "updates": _updates(found), "count": len(found)})

    def _answer(self, key: ModelKey, message: str) -> Response:
        inventory = self._registry.inventory
        model = inventory.find(key.name, key.runtime)
        return reply({"success": True, "message": message, "model": model_payload(model, inventory.snapshot)})


def _started(operation_id: str, message: str) -> Response:
    return reply({"success": True, "operation_id": operation_id, "message": message})


def _updates(found: Updates) -> list[Json]:
    return [
        {
            "name": key.name,
            "runtime": key.runtime,
            "status": state.status.value,
            "checked_at": state.checked_at.isoformat(),
            "error": None if state.error is None else str(state.error),
        }
        for key, state in found.items()
    ]
