"""A composed home with its HTTP server on a free port, over the stand-in hub."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.api.caller import Caller, Served
from tests.fakes.hub import HubServer
from venom_desktop.api.server import ApiServer
from venom_desktop.app.compose import build
from venom_desktop.app.paths import Paths
from venom_desktop.core.http import make_local_client
from venom_desktop.core.secrets.masking import Redactor


@pytest.fixture
async def served(private_home: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    async with serving(hub, monkeypatch) as served:
        yield served


@asynccontextmanager
async def serving(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    """The home that the environment names, with its server."""
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    paths = Paths.from_environment(os.environ)
    paths.make_private()
    redactor = Redactor()
    built = build(paths, os.environ, redactor=redactor)
    server = ApiServer(built.services, paths.token_file, 0, hide=redactor.add)
    await built.lifecycle.start()
    await server.start()
    try:
        async with make_local_client() as client:
            caller = Caller(client=client, url=server.url, token=server.token)
            yield Served(
                services=built.services,
                activating=built.parts.activating,
                server=server,
                caller=caller,
                paths=paths,
                redactor=redactor,
            )
    finally:
        await server.stop()
        await built.lifecycle.stop()


@pytest.fixture
def call(served: Served) -> Caller:
    return served.caller
