"""The one way a route under /api answers: our own encoder, never the framework's walk over every value."""

import asyncio
from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from venom_desktop.api.answers import encoded

MEDIA_TYPE = "application/json"


def reply(body: Any, *, status: int = 200) -> Response:
    return Response(encoded(body), status_code=status, media_type=MEDIA_TYPE)


async def long_reply(make: Callable[[], Any]) -> Response:
    """For lists: built and encoded in a thread, from snapshots that never change."""
    return Response(await asyncio.to_thread(lambda: encoded(make())), media_type=MEDIA_TYPE)
