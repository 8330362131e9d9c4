"""What lives from one start of the HTTP server to its stop; importing this brings the web framework."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from uvicorn.protocols.utils import ClientDisconnected

from venom_desktop.api import application
from venom_desktop.api.answers import App, Message, Receive, Scope, Send
from venom_desktop.api.gateway import Gateway
from venom_desktop.api.stream import OperationStream
from venom_desktop.core.http import PassingClient
from venom_desktop.core.services import Services
from venom_desktop.core.tasks import TaskScope

CLOSES_WITHIN_S = 2
LONGEST_SOCKET_MESSAGE_BYTES = 64 * 1024


class Running:
    """Start it once, stop it once."""

    def __init__(
        self, services: Services, *, server: "_Server", gateway: Gateway, stream: OperationStream, client: PassingClient
    ) -> None:
        self._services = services
        self._client = client
        self._server = server
        self._gateway = gateway
        self._stream = stream
        self._scope = TaskScope("api")

    async def start(self, listener: socket.socket) -> None:
        """Return when it answers."""
        # Followed as long as we run: a sample that is asked for only now and then would tell of the time between.
        self._end_watch = self._services.host.subscribe(lambda _: None)
        self._scope.start("serve", self._server.serve([listener]), on_end=lambda _: self._server.ready.set())
        await self._server.ready.wait()

    async def stop(self) -> None:
        self._end_watch()
        await self._gateway.close()
        self._server.ending.set()
        await self._scope.drain()
        await self._scope.close()
        await self._stream.close()
        await self._client.close()


async def assemble(services: Services, token: str) -> Running:
    """Built in a thread where that takes time."""
    client = PassingClient()
    gateway = Gateway(services, client)
    stream = OperationStream(services.registry.operations)

    def build() -> _Server:
        app = application.build(services, gateway=gateway, stream=stream, token=token)
        return _Server(_config(app))

    server = await asyncio.to_thread(build)
    return Running(services, server=server, gateway=gateway, stream=stream, client=client)


class _Server(uvicorn.Server):
    """Leaves the signals to whoever runs the program, and says when it is ready."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self.ending = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        """Waits, where the original wakes ten times a second to look at a clock and a flag."""
        await self.ending.wait()


def _refusing_quietly(app: App) -> App:
    """uvicorn 0.54 takes a WebSocket that was refused with an answer for one that was left without, and logs it."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        refused = False

        async def note(message: Message) -> None:
            nonlocal refused
            refused = refused or message["type"] == "websocket.http.response.body"
            await send(message)

        await app(scope, receive, note if scope["type"] == "websocket" else send)
        if refused:
            raise ClientDisconnected

    return run


def _config(app: App) -> uvicorn.Config:
    config = uvicorn.Config(
        _refusing_quietly(app),
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=LONGEST_SOCKET_MESSAGE_BYTES,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        # The ticks that would keep it true are not there.
        date_header=False,
        timeout_graceful_shutdown=CLOSES_WITHIN_S,
    )
    config.load()
    return config
