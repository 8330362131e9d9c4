"""Remote servers for tests: stand-ins on real sockets, the vault in memory, and the runtimes over them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

from venom_desktop.core.registry.model import ModelMetadata
from venom_desktop.core.runtimes.base import ChatChunk, ChatMessage, ChatRequest, LoadSettings
from venom_desktop.core.runtimes.remote import Pace, Remote
from venom_desktop.core.runtimes.remote_base import RemoteDraft, RemoteKind, RemoteServer

SETTINGS = LoadSettings()
HELLO = ChatRequest(messages=(ChatMessage(role="user", content="Hello"),), temperature=0)
KEY = "sk-planted-0123456789abcdef"
QUICK = Pace(looks_s=0.02, beats_s=0.05, silent_after_s=2.0)
WITHIN_S = 20


def draft(url: str, *, kind: RemoteKind = RemoteKind.OPENAI, title: str = "Lab box", **more: Any) -> RemoteDraft:
    return RemoteDraft(title=title, kind=kind, url=url, **more)


def given(key: str | None) -> Callable[[], Awaitable[str | None]]:
    async def read() -> str | None:
        return key

    return read


@asynccontextmanager
async def a_remote(
    url: str, *, kind: RemoteKind = RemoteKind.OPENAI, key: str | None = None, ca: Path | None = None
) -> AsyncIterator[Remote]:
    server = RemoteServer.of(
        draft(url, kind=kind, certificate_file=ca).checked(), name="remote-lab-box", key_name="remote.1"
    )
    remote = Remote(server, given(key), pace=QUICK)
    try:
        yield remote
    finally:
        await remote.close()


async def model_of(remote: Remote, name: str) -> ModelMetadata:
    return await remote.store.describe(name)


async def loaded(remote: Remote, name: str) -> ModelMetadata:
    model = await model_of(remote, name)
    await remote.load(model, SETTINGS)
    return model


async def everything(remote: Remote, request: ChatRequest = HELLO) -> list[ChatChunk]:
    async with aclosing(remote.chat(request)) as chunks:
        return [chunk async for chunk in chunks]


async def text(remote: Remote, request: ChatRequest = HELLO) -> str:
    return "".join(chunk.text for chunk in await everything(remote, request))
