"""What the small commands do through the program that runs in this home: over its HTTP API."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from venom_desktop.api.payloads import Json
from venom_desktop.core.errors import SourceUnreachable, VenomError
from venom_desktop.core.http import Client, HttpError
from venom_desktop.core.registry.names import check_name


class Refused(VenomError):
    """An error answer of the running program, with its own status and code."""

    sentence = "{sentence}"

    def __init__(self, answer: Mapping[str, Any]) -> None:
        super().__init__(sentence=str(answer.get("error", "The running program refused.")))
        self.answer = {"success": False, **{name: answer[name] for name in answer if name != "ok"}}

    @property
    def needs_confirmation(self) -> bool:
        return bool(self.answer.get("needs_confirmation"))


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

    async def cancel(self, operation_id: str) -> None:
        await self._call("POST", f"/models/operations/{operation_id}/cancel")

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

    async def found(self, *, dismissed: bool) -> Json:
        return await self._call("GET", f"/models/found?refresh=true&dismissed={str(dismissed).lower()}")

    async def take_found(self, found_id: str, way: str) -> Json:
        return await self._call("POST", "/models/found/import", {"id": found_id, "way": way})

    async def undo_import(self, name: str, runtime: str | None) -> str:
        answer = await self._call("POST", "/models/found/undo", {"name": name, "runtime": runtime})
        return str(answer["operation_id"])

    async def dismiss_found(self, found_id: str) -> Json:
        return await self._call("POST", "/models/found/dismiss", {"id": found_id})

    async def restore_found(self, found_id: str | None) -> Json:
        return await self._call("POST", "/models/found/restore", {"id": found_id})

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
