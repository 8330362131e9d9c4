"""Asks a hub two small questions for Settings: does this address answer as a hub, and whose is this token."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from venom_desktop.core.catalog.hugging_face_client import TokenSource
from venom_desktop.core.errors import (
    NotAHub,
    SecretMissing,
    SourceChanged,
    TokenRefused,
    TokenWithheld,
    UpstreamFailed,
)
from venom_desktop.core.http import Client, Response, get, json_body
from venom_desktop.core.settings.schema import from_json

OWNER: Final = "Hugging Face"


@dataclass(frozen=True, slots=True, kw_only=True)
class HubUser:
    """Whose token it is; `role` is the hub's word for what it may do (`read`, `write`), None when it tells none."""

    name: str
    role: str | None


class HubAccount:
    """`endpoint` yields the address of the hub in use, `token` its token, or None; both are asked each time."""

    def __init__(self, http: Client, *, endpoint: Callable[[], str], token: TokenSource) -> None:
        self._http = http
        self._endpoint = endpoint
        self._token = token

    async def try_endpoint(self, address: str) -> str:
        """Ask `address` for one model, without a token, and return the address as it is stored.

        Raises `InvalidSetting` for what is no address, `NotAHub`, and what `core.http.get` raises.
        """
        endpoint: str = from_json("hf_endpoint", address)
        source = host_of(endpoint)
        response = await get(self._http, f"{endpoint}/api/models", source=source, params={"limit": 1})
        if response.status_code >= 400 or not isinstance(_json(response), list):
            raise NotAHub(address=source)
        return endpoint

    async def who(self) -> HubUser:
        """Whose the token is.

        Raises `SecretMissing`, `TokenRefused`, `TokenWithheld` (the address leads to another host, which gets no
        token), `SourceChanged`, `UpstreamFailed`, and what `core.http.get` raises.
        """
        found = self._token()
        token = await found if inspect.isawaitable(found) else found
        if not token:
            raise SecretMissing(owner=OWNER)
        endpoint = self._endpoint().rstrip("/")
        source = host_of(endpoint)
        headers = {"Authorization": f"Bearer {token}"}
        response = await get(self._http, f"{endpoint}/api/whoami-v2", source=source, headers=headers)
        if response.history and response.url.netloc != response.history[0].url.netloc:
            raise TokenWithheld(source=source, host=response.url.host)
        if response.status_code in (401, 403):
            raise TokenRefused(source=source)
        if response.status_code >= 400:
            raise UpstreamFailed(source=source, status=response.status_code)
        return _user(json_body(response, source=source), source=source)


def host_of(endpoint: str) -> str:
    """The host, with the port where one is told: what people call a server."""
    return urlsplit(endpoint).netloc


def _user(body: object, *, source: str) -> HubUser:
    match body:
        case {"name": str(name), "auth": {"accessToken": {"role": str(role)}}}:
            return HubUser(name=name, role=role)
        case {"name": str(name)}:
            return HubUser(name=name, role=None)
        case _:
            raise SourceChanged(source=source)


def _json(response: Response) -> object:
    try:
        return json_body(response, source="")
    except SourceChanged:
        return None
