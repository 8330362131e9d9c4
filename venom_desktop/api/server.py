"""The local HTTP server: on the loop that is there, on this machine alone, without a signal handler of its own."""

import asyncio
import contextlib
import importlib
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from venom_desktop.api.auth import read_or_make_token
from venom_desktop.core.errors import PortTaken
from venom_desktop.core.http import import_passing
from venom_desktop.core.runtimes.control.ports import listening_pids
from venom_desktop.core.runtimes.live import watch_servers
from venom_desktop.core.services import Services
from venom_desktop.core.signals import Unsubscribe

if TYPE_CHECKING:
    from venom_desktop.api.running import Running

HOST = "127.0.0.1"


class ApiServer:
    """`port` 0 takes any that is free. `hide` is told the token before anything could log it.

    Works on any asyncio loop, qasync's included; what is heavy is imported in a thread by `start`.
    """

    def __init__(self, services: Services, token_file: Path, port: int, *, hide: Callable[[str], None]) -> None:
        self._services = services
        self._token_file = token_file
        self._wanted_port = port
        self._hide = hide
        self._token: str | None = None
        self._url: str | None = None
        self._running: Running | None = None
        self._watch: Unsubscribe | None = None
        self._changing = asyncio.Lock()

    @property
    def is_running(self) -> bool:
        return self._running is not None

    @property
    def url(self) -> str:
        """`http://127.0.0.1:<port>`; only after `start`."""
        if self._url is None:
            raise RuntimeError("The server was not started")
        return self._url

    @property
    def token(self) -> str:
        """Only after `start`."""
        if self._token is None:
            raise RuntimeError("The server was not started")
        return self._token

    async def start(self) -> None:
        """Return when it answers; harmless when it does already. Raises `PortTaken`, `StorageFailed`, `DiskFull`."""
        async with self._changing:
            if self._running is not None:
                return
            with contextlib.ExitStack() as undo:
                listener = undo.enter_context(_listener(self._wanted_port))
                self._token = await asyncio.to_thread(read_or_make_token, self._token_file)
                self._hide(self._token)
                self._url = f"http://{HOST}:{listener.getsockname()[1]}"
                await asyncio.to_thread(_import_what_is_heavy)
                from venom_desktop.api.running import assemble

                self._running = await assemble(self._services, self._token)
                undo.pop_all()
            await self._running.start(listener)
            # What passes the gateway meets servers as they are now, not as they were when somebody last looked.
            self._watch = watch_servers(self._services.runtimes)

    async def stop(self) -> None:
        """Break off what is being answered, close every connection; harmless when it does not run."""
        async with self._changing:
            running, self._running = self._running, None
            watch, self._watch = self._watch, None
            if watch is not None:
                watch()
            if running is not None:
                await running.stop()


def _listener(port: int) -> socket.socket:
    """Bound before anything else is done, so that a taken port costs nothing. Raises `PortTaken`."""
    # With the protocol left open asyncio does not switch Nagle's algorithm off, and each answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":
            # A restart must not wait for connections of the last run that are still closing.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        holders = sorted(listening_pids(port))
        holder = f"process\u00a0{holders[0]}" if holders else "another program"
        raise PortTaken(port=port, holder=holder) from error
    return listener


def _import_what_is_heavy() -> None:
    """A second of imports must not be a second in which a window does not repaint."""
    importlib.import_module("venom_desktop.api.running")
    import_passing()
