"""What is installed here: list, install, remove, activate, capabilities and usage."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.responses import Response

from venom_desktop.api.payloads import capabilities_payload, installed_payload, runtime_payload, usage_payload
from venom_desktop.api.questions import removal_question
from venom_desktop.api.replies import long_reply, reply
from venom_desktop.api.sampling import latest_sample
from venom_desktop.api.schemas import Activate, Capabilities, Install
from venom_desktop.core.errors import ModelActive, NeedsConfirmation
from venom_desktop.core.registry.model import ModelMetadata
from venom_desktop.core.registry.names import check_name
from venom_desktop.core.services import Services

Runtime = Annotated[str | None, Query(max_length=60)]


class NameConvertor(StringConvertor):
    """Anything at all: names hold slashes, and the core says of every other sign why it is refused."""

    regex = r"[\s\S]*"


register_url_convertor("model", NameConvertor())


class ModelRoutes:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._registry = services.registry

    def add_to(self, router: APIRouter) -> None:
        router.add_api_route("/models", self.installed, methods=["GET"])
        router.add_api_route("/models/usage", self.usage, methods=["GET"])
        router.add_api_route("/models/activate", self.activate, methods=["POST"])
        router.add_api_route("/models/registry/install", self.install, methods=["POST"])
        router.add_api_route("/models/registry/{name:model}", self.remove, methods=["DELETE"])
        router.add_api_route("/models/{name:model}/capabilities", self.capabilities, methods=["GET"])
        router.add_api_route("/models/{name:model}/capabilities", self.set_capabilities, methods=["PUT"])

    async def installed(self) -> Response:
        """Everything installed, with the active model."""
        inventory = self._registry.inventory.snapshot
        return await long_reply(lambda: installed_payload(inventory))

    async def usage(self) -> Response:
        """Disk against quota, processor, memory, graphics memory; null where the machine has none."""
        quota = await asyncio.to_thread(self._registry.quota.snapshot)
        host = await latest_sample(self._services.host)
        count = len(self._registry.inventory.snapshot.models)
        return reply({"success": True, "usage": usage_payload(quota, host, models_count=count)})

    async def install(self, body: Install) -> Response:
        """Start an install; a name without a quantization takes the best one that fits this machine."""
        operation_id = await self._registry.install_model(body.name, body.provider, body.runtime)
        return reply({"success": True, "operation_id": operation_id, "message": f"Installing {body.name} has started"})

    async def remove(
        self, name: str, runtime: Runtime = None, confirm: bool = False, delete_own_file: bool = False
    ) -> Response:
        """Start a removal. A model used in place is only forgotten, unless `delete_own_file` is true."""
        model = await self._found(name, runtime)
        if model.key == self._services.active.snapshot.key:
            raise ModelActive
        if not confirm:
            raise NeedsConfirmation(question=removal_question(model, delete_own_file=delete_own_file))
        operation_id = await self._registry.remove_model(name, model.runtime, delete_own_file=delete_own_file)
        return reply({"success": True, "operation_id": operation_id, "message": f"Removing {name} has started"})

    async def activate(self, body: Activate) -> Response:
        """Switch to a model; answers when it has given its first token, or why it could not."""
        model = await self._found(body.name, body.runtime)
        await self._registry.activate_model(model.name, model.runtime, confirm=body.confirm)
        snapshot = self._services.runtimes[model.runtime].snapshot
        return reply({"success": True, "message": f"{model.name} is active", "runtime": runtime_payload(snapshot)})

    async def capabilities(self, name: str, runtime: Runtime = None) -> Response:
        """What was detected, with what the user set laid over it."""
        await self._found(name, runtime)
        found = self._registry.get_model_capabilities(name, runtime)
        return reply({"success": True, "model_name": name, "capabilities": capabilities_payload(found)})

    async def set_capabilities(self, name: str, body: Capabilities, runtime: Runtime = None) -> Response:
        """Replace what the user set; a field that is null or missing is detected again."""
        model = await self._found(name, runtime)
        found = await self._registry.set_model_capabilities(name, body.to_core(), model.runtime)
        return reply({"success": True, "model_name": name, "capabilities": capabilities_payload(found)})

    async def _found(self, name: str, runtime: str | None) -> ModelMetadata:
        """Raises `InvalidName`, `UnknownModel`, `AmbiguousName`."""
        return await self._registry.find_model(check_name(name), runtime)
