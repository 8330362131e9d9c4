"""Puts the routes together: FastAPI for /api, /docs and /health, the raw gateway beside it, the guard before both."""

from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from venom_desktop import __version__
from venom_desktop.api import docs
from venom_desktop.api.answers import (
    App,
    MethodNotAllowed,
    Receive,
    Scope,
    Send,
    encoded,
    error_body,
    error_headers,
    is_gateway,
)
from venom_desktop.api.auth import Guard
from venom_desktop.api.catalog_desk import CatalogDesk
from venom_desktop.api.found_desk import FoundDesk
from venom_desktop.api.remote_desk import RemoteDesk
from venom_desktop.api.replies import MEDIA_TYPE, reply
from venom_desktop.api.routes.catalog import CatalogRoutes
from venom_desktop.api.routes.found import FoundRoutes
from venom_desktop.api.routes.models import ModelRoutes
from venom_desktop.api.routes.operations import OperationRoutes
from venom_desktop.api.routes.remotes import RemoteRoutes
from venom_desktop.api.routes.stored import StoredRoutes
from venom_desktop.api.routes.system import SystemRoutes
from venom_desktop.api.stream import OperationStream
from venom_desktop.core.errors import InternalError, InvalidInput, NotFound, VenomError
from venom_desktop.core.services import Services

LONGEST_PROBLEM = 300


def build(services: Services, *, gateway: App, stream: OperationStream, token: str) -> App:
    """The whole application; takes some tenths of a second, so call it in a thread."""
    pages = FastAPI(
        title="Venom Desktop",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    router = APIRouter(prefix="/api/v1")
    OperationRoutes(services.registry, stream).add_to(router)
    CatalogRoutes(CatalogDesk(services)).add_to(router)
    SystemRoutes(services).add_to(router)
    RemoteRoutes(RemoteDesk(services)).add_to(router)
    StoredRoutes(services.registry).add_to(router)
    FoundRoutes(FoundDesk(services.registry)).add_to(router)
    # Last: its paths take names with slashes in them.
    ModelRoutes(services).add_to(router)
    pages.include_router(router)
    _add_open_pages(pages)
    for kind, handler in _HANDLERS.items():
        pages.add_exception_handler(kind, handler)

    async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and is_gateway(scope["path"]):
            await gateway(scope, receive, send)
        else:
            await pages(scope, receive, send)

    return Guard(dispatch, token=token)


def _add_open_pages(pages: FastAPI) -> None:
    schema = pages.openapi()
    page = docs.page(schema, version=__version__)

    async def health() -> Response:
        return reply({"status": "ok", "version": __version__})

    async def description() -> Response:
        return reply(schema)

    async def show() -> Response:
        return HTMLResponse(page, headers={"Content-Security-Policy": docs.CONTENT_POLICY})

    pages.add_api_route("/health", health, include_in_schema=False)
    pages.add_api_route("/docs", show, include_in_schema=False)
    pages.add_api_route("/docs/openapi.json", description, include_in_schema=False)


async def _tell(_: Request, error: Exception) -> Response:
    known = error if isinstance(error, VenomError) else InternalError()
    body = encoded(error_body(known, for_gateway=False))
    return Response(body, known.http_status, headers=error_headers(known), media_type=MEDIA_TYPE)


async def _tell_of_schema(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - how it is registered
    return await _tell(request, InvalidInput(problem=_sentence(error.errors()[0])))


async def _tell_of_framework(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - how it is registered
    match error.status_code:
        case 404:
            known: VenomError = NotFound(what="This address")
        case 405:
            known = MethodNotAllowed(method=request.method, allowed=(error.headers or {}).get("Allow", "other"))
        case status if status < 500:
            known = InvalidInput(problem="The body could not be read.")
        case _:
            known = InternalError()
    return await _tell(request, known)


_HANDLERS: dict[type[Exception], Any] = {
    VenomError: _tell,
    RequestValidationError: _tell_of_schema,
    HTTPException: _tell_of_framework,
    Exception: _tell,
}


def _sentence(problem: dict[str, Any]) -> str:
    """`name: Field required.`; the value itself is not repeated."""
    if problem["type"] == "json_invalid":
        return "The body is not valid JSON."
    place = ".".join(str(part) for part in problem["loc"][1:]) or "The body"
    return f"{place}: {problem['msg']}"[:LONGEST_PROBLEM].rstrip(".") + "."
