"""Errors as the two wires say them: ours under /api, OpenAI's under /v1."""

import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, ClassVar

from venom_desktop.core.errors import VenomError

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

GATEWAY = "/v1"
_OPENAI_TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}


class MethodNotAllowed(VenomError):
    reason_code = "METHOD_NOT_ALLOWED"
    http_status = 405
    sentence = "This address does not take {method} requests. It takes {allowed}."
    cures: ClassVar = ()


def is_gateway(path: str) -> bool:
    return path == GATEWAY or path.startswith(f"{GATEWAY}/")


def error_body(error: VenomError, *, for_gateway: bool) -> dict[str, Any]:
    if for_gateway:
        kind = _OPENAI_TYPES.get(error.http_status)
        if kind is None:
            kind = "invalid_request_error" if error.http_status < 500 else "server_error"
        return {"error": {"message": str(error), "type": kind, "param": None, "code": error.reason_code}}
    body: dict[str, Any] = {"success": False, "error": str(error), "reason_code": error.reason_code}
    return {**body, "needs_confirmation": True} if error.needs_confirmation else body


def error_headers(error: VenomError) -> dict[str, str]:
    """What a client may act on without reading the sentence."""
    match error.http_status:
        case 401 if error.reason_code == "UNAUTHORIZED":
            return {"WWW-Authenticate": "Bearer"}
        case 405:
            return {"Allow": str(error.parameters["allowed"])}
        case 429:
            return {"Retry-After": str(error.parameters.get("retry_after_s", 1))}
        case _:
            return {}


def encoded(body: Any) -> bytes:
    """In UTF-8; of a path that is none, what cannot be told is a question mark."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode(errors="replace")


async def send_json(send: Send, body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
    content = encoded(body)
    await send({"type": "http.response.start", "status": status, "headers": _json_headers(content, headers or {})})
    await send({"type": "http.response.body", "body": content})


async def refuse(scope: Scope, send: Send, error: VenomError) -> None:
    """Answer a request, or a WebSocket before it is accepted, with an error."""
    body = error_body(error, for_gateway=is_gateway(scope["path"]))
    if scope["type"] == "http":
        await send_json(send, body, status=error.http_status, headers=error_headers(error))
    elif "websocket.http.response" in scope.get("extensions", {}):
        content = encoded(body)
        headers = _json_headers(content, error_headers(error))
        await send({"type": "websocket.http.response.start", "status": error.http_status, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": content})
    else:
        await send({"type": "websocket.close", "code": 1008})


def _json_headers(content: bytes, more: Mapping[str, str]) -> Headers:
    return [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(content)).encode()),
        *((name.lower().encode(), value.encode("latin-1")) for name, value in more.items()),
    ]
