"""What the small commands do, over one of two ways: the program that runs in this home, or the core itself."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from venom_desktop.api.catalog_desk import CatalogDesk
from venom_desktop.api.found_desk import FoundDesk
from venom_desktop.api.payloads import Json, installed_payload, operation_payload, profile_payload, runtime_payload
from venom_desktop.api.questions import removal_question
from venom_desktop.api.remote_desk import RemoteDesk
from venom_desktop.api.schemas import RemoteBody, RemoteTrial
from venom_desktop.app import instance_door
from venom_desktop.app.headless import open_home
from venom_desktop.app.paths import Paths
from venom_desktop.app.running_desk import Refused, RunningDesk
from venom_desktop.app.serving import start_server
from venom_desktop.core.errors import ModelActive, NeedsConfirmation
from venom_desktop.core.http import make_local_client
from venom_desktop.core.registry.imports.record import Way
from venom_desktop.core.registry.install import RUNTIMES
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.registry.names import check_name
from venom_desktop.core.registry.pairs import require_pair
from venom_desktop.core.runtimes.profiles import parse_profile
from venom_desktop.core.services import Services

API_WITHIN_S = 20.0
"""A window imports the web framework before it answers."""


class Desk(Protocol):
    """Every answer is the HTTP API's JSON. Each verb raises `VenomError`."""

    async def installed(self) -> Json: ...

    async def operations(self) -> list[Json]: ...

    async def operation(self, operation_id: str) -> Json: ...

    async def install(self, name: str, provider: str, runtime: str | None) -> str: ...

    async def pause(self, operation_id: str) -> None: ...

    async def resume(self, operation_id: str) -> None: ...

    async def cancel(self, operation_id: str) -> None: ...

    async def activate(self, name: str, runtime: str | None, *, confirm: bool = False) -> Json: ...

    async def remove(self, name: str, runtime: str | None, *, confirm: bool) -> str: ...

    async def found(self, *, dismissed: bool) -> Json: ...

    async def take_found(self, found_id: str, way: str) -> Json: ...

    async def undo_import(self, name: str, runtime: str | None) -> str: ...

    async def dismiss_found(self, found_id: str) -> Json: ...

    async def restore_found(self, found_id: str | None) -> Json: ...

    async def profile(self) -> Json: ...

    async def change_profile(self, profile: str, *, confirm: bool) -> Json: ...

    async def trending(self, provider: str | None, *, limit: int, refresh: bool) -> Json: ...

    async def remotes(self) -> Json: ...

    async def add_remote(self, body: Json) -> Json: ...

    async def remove_remote(self, name: str, *, confirm: bool) -> Json: ...

    async def forget_remote_key(self, name: str, *, confirm: bool) -> Json: ...

    async def test_remote(self, body: Json) -> Json: ...


@asynccontextmanager
async def open_desk(*, command: str) -> AsyncIterator[Desk]:
    """The running program's when there is one, else a home of our own for as long as the command takes."""
    paths = Paths.from_environment(os.environ)
    paths.make_private()
    claimed = instance_door.claim_or_ask(paths.runtime, {"request": "api"}, wait_s=API_WITHIN_S)
    if isinstance(claimed, dict):
        if not claimed.get("ok"):
            raise Refused(claimed)
        async with make_local_client() as client:
            yield RunningDesk(client, url=claimed["url"], token=claimed["token"])
    else:
        async with open_home(paths, os.environ, claimed, command=command, port=0) as home:
            yield OwnDesk(home.services)


class OwnDesk:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._registry = services.registry
        self._remotes = RemoteDesk(services)
        self._found = FoundDesk(services.registry)

    async def installed(self) -> Json:
        await self._registry.refresh_stores()
        return installed_payload(self._registry.inventory.snapshot)

    async def operations(self) -> list[Json]:
        return [operation_payload(one) for one in self._registry.operations.operations]

    async def operation(self, operation_id: str) -> Json:
        return operation_payload(self._registry.get_operation_status(operation_id))

    async def install(self, name: str, provider: str, runtime: str | None) -> str:
        check_name(name)
        self._registry.require_runtime(runtime)
        await start_server(
            self._services,
            require_pair(ModelProvider(provider), runtime, offered=(*RUNTIMES, *self._services.runtimes)),
        )
        return await self._registry.install_model(name, provider, runtime)

    async def pause(self, operation_id: str) -> None:
        self._registry.pause(operation_id)
        await self._registry.wait(operation_id)

    async def resume(self, operation_id: str) -> None:
        await start_server(self._services, self._registry.get_operation_status(operation_id).runtime)
        self._registry.resume(operation_id)

    async def cancel(self, operation_id: str) -> None:
        self._registry.cancel(operation_id)
        await self._registry.wait(operation_id)

    async def activate(self, name: str, runtime: str | None, *, confirm: bool = False) -> Json:
        await self._registry.refresh_stores()
        model = self._registry.inventory.find(check_name(name), runtime)
        await self._registry.activate_model(model.name, model.runtime, confirm=confirm)
        snapshot = self._services.runtimes[model.runtime].snapshot
        return {"success": True, "message": f"{model.name} is active", "runtime": runtime_payload(snapshot)}

    async def remove(self, name: str, runtime: str | None, *, confirm: bool) -> str:
        await self._registry.refresh_stores()
        model = self._registry.inventory.find(check_name(name), runtime)
        if model.key == self._services.active.snapshot.key:
            raise ModelActive
        if not confirm:
            raise NeedsConfirmation(question=removal_question(model, delete_own_file=False))
        await start_server(self._services, model.runtime)
        return await self._registry.remove_model(model.name, model.runtime)

    async def trending(self, provider: str | None, *, limit: int, refresh: bool) -> Json:
        return (await CatalogDesk(self._services).trending(provider, limit=limit, refresh=refresh))()

    async def remotes(self) -> Json:
        return await self._remotes.listed()

    async def add_remote(self, body: Json) -> Json:
        return await self._remotes.add(RemoteBody.model_validate(body))

    async def remove_remote(self, name: str, *, confirm: bool) -> Json:
        return await self._remotes.remove(name, confirm=confirm)

    async def forget_remote_key(self, name: str, *, confirm: bool) -> Json:
        return await self._remotes.forget_key(name, confirm=confirm)

    async def test_remote(self, body: Json) -> Json:
        return await self._remotes.test(RemoteTrial.model_validate(body))

    async def found(self, *, dismissed: bool) -> Json:
        # What Ollama lists is not offered from its store.
        await self._registry.refresh_stores()
        return await self._found.listed(refresh=True, dismissed=dismissed)

    async def take_found(self, found_id: str, way: str) -> Json:
        return await self._found.take(found_id, Way(way))

    async def undo_import(self, name: str, runtime: str | None) -> str:
        return str((await self._found.undo(check_name(name), runtime))["operation_id"])

    async def dismiss_found(self, found_id: str) -> Json:
        return await self._found.dismiss(found_id)

    async def restore_found(self, found_id: str | None) -> Json:
        return await self._found.restore(found_id)

    async def profile(self) -> Json:
        return profile_payload(self._services.settings)

    async def change_profile(self, profile: str, *, confirm: bool) -> Json:
        await self._services.profiles.change(parse_profile(profile), confirm=confirm)
        return profile_payload(self._services.settings)
