"""What the small commands do, over one of two ways: the program that runs in this home, or the core itself."""

import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Protocol
from urllib.parse import quote

from venom_desktop.api.catalog_desk import CatalogDesk
from venom_desktop.api.payloads import Json, installed_payload, operation_payload, profile_payload, runtime_payload
from venom_desktop.api.questions import removal_question
from venom_desktop.api.remote_desk import RemoteDesk
from venom_desktop.api.schemas import RemoteBody, RemoteTrial
from venom_desktop.app import instance_door
from venom_desktop.app.headless import open_home
from venom_desktop.app.paths import Paths
from venom_desktop.app.serving import start_server
from venom_desktop.core.errors import ModelActive, NeedsConfirmation, SourceUnreachable, VenomError
from venom_desktop.core.http import Client, HttpError, make_local_client
from venom_desktop.core.registry.install import RUNTIMES
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.registry.names import check_name
from venom_desktop.core.registry.pairs import require_pair
from venom_desktop.core.runtimes.profiles import parse_profile
from venom_desktop.core.services import Services

API_WITHIN_S = 20.0
"""A window imports the web framework before it answers."""


class Refused(VenomError):
    """An error answer of the running program, with its own status and code."""

    sentence = "{sentence}"

    def __init__(self, answer: Mapping[str, Any]) -> None:
        super().__init__(sentence=str(answer.get("error", "The running program refused.")))
        self.answer = {"success": False, **{name: answer[name] for name in answer if name != "ok"}}

    @property
    def needs_confirmation(self) -> bool:
        return bool(self.answer.get("needs_confirmation"))


class Desk(Protocol):
    """Every answer is the HTTP API's JSON. Each verb raises `VenomError`."""

    async def installed(self) -> Json: ...

    async def operations(self) -> list[Json]: ...

    async def operation(self, operation_id: str) -> Json: ...

    async def install(self, name: str, provider: str, runtime: str | None) -> str: ...

    async def pause(self, operation_id: str) -> None: ...

    async def resume(self, operation_id: str) -> None: ...

    async def activate(self, name: str, runtime: str | None, *, confirm: bool = False) -> Json: ...

    async def remove(self, name: str, runtime: str | None, *, confirm: bool) -> str: ...

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


class RunningDesk:
    def __init__(self, client: Client, *, url: str, token: str) -> None:
        self._client = client
        self._base = f"{url}/api/v1"
        self._headers = {"Authorization": f"Bearer {token}"}

    async def installed(self) -> Json:
        return await self._call("GET", "/models")

    async def operations(self) -> list[Json]:
        found: list[Json] = (await self._call("GET", "/models/operations?limit=500"))["operations"]
        return found

    async def operation(self, operation_id: str) -> Json:
        found: Json = (await self._call("GET", f"/models/operations/{operation_id}"))["operation"]
        return found

    async def install(self, name: str, provider: str, runtime: str | None) -> str:
        body = {"name": name, "provider": provider, "runtime": runtime}
        return str((await self._call("POST", "/models/registry/install", body))["operation_id"])

    async def pause(self, operation_id: str) -> None:
        await self._call("POST", f"/models/operations/{operation_id}/pause")

    async def resume(self, operation_id: str) -> None:
        await self._call("POST", f"/models/operations/{operation_id}/resume")

    async def activate(self, name: str, runtime: str | None, *, confirm: bool = False) -> Json:
        body = {"name": name, "runtime": runtime, "confirm": confirm}
        return await self._call("POST", "/models/activate", body)

    async def remove(self, name: str, runtime: str | None, *, confirm: bool) -> str:
        told = f"?confirm={str(confirm).lower()}" + ("" if runtime is None else f"&runtime={quote(runtime)}")
        answer = await self._call("DELETE", f"/models/registry/{quote(check_name(name), safe='')}{told}")
        return str(answer["operation_id"])

    async def trending(self, provider: str | None, *, limit: int, refresh: bool) -> Json:
        of_provider = "" if provider is None else f"&provider={quote(provider)}"
        return await self._call("GET", f"/models/trending?limit={limit}&refresh={str(refresh).lower()}{of_provider}")

    async def remotes(self) -> Json:
        return await self._call("GET", "/system/remotes")

    async def add_remote(self, body: Json) -> Json:
        return await self._call("POST", "/system/remotes", body)

    async def remove_remote(self, name: str, *, confirm: bool) -> Json:
        told = f"?confirm={str(confirm).lower()}"
        return await self._call("DELETE", f"/system/remotes/{quote(name, safe='')}{told}")

    async def forget_remote_key(self, name: str, *, confirm: bool) -> Json:
        told = f"?confirm={str(confirm).lower()}"
        return await self._call("DELETE", f"/system/remotes/{quote(name, safe='')}/key{told}")

    async def test_remote(self, body: Json) -> Json:
        return await self._call("POST", "/system/remotes/test", body)

    async def profile(self) -> Json:
        return await self._call("GET", "/system/profile")

    async def change_profile(self, profile: str, *, confirm: bool) -> Json:
        return await self._call("POST", "/system/profile", {"profile": profile, "confirm": confirm})

    async def _call(self, method: str, path: str, body: Json | None = None) -> Json:
        try:
            response = await self._client.request(method, self._base + path, json=body, headers=self._headers)
            answer = response.json()
        except (HttpError, ValueError) as error:
            raise SourceUnreachable(source="The running program") from error
        if response.status_code != 200:
            raise Refused(answer)
        return dict(answer)


class OwnDesk:
    def __init__(self, services: Services) -> None:
        self._services = services
        self._registry = services.registry
        self._remotes = RemoteDesk(services)

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

    async def profile(self) -> Json:
        return profile_payload(self._services.settings)

    async def change_profile(self, profile: str, *, confirm: bool) -> Json:
        await self._services.profiles.change(parse_profile(profile), confirm=confirm)
        return profile_payload(self._services.settings)
