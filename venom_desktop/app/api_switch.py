"""The local API of the window's process: made when it is first switched on, and in step with the settings."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from venom_desktop.core.secrets.masking import Redactor
from venom_desktop.core.services import Services
from venom_desktop.core.signals import Signal

if TYPE_CHECKING:
    from venom_desktop.api.server import ApiServer


class ApiSwitch:
    """Satisfies `ui/settings/api_control.py`; `changed` publishes whether the API runs."""

    def __init__(self, services: Services, token_file: Path, *, redactor: Redactor) -> None:
        self.changed: Signal[bool] = Signal()
        self._services = services
        self._token_file = token_file
        self._redactor = redactor
        self._server: ApiServer | None = None
        self._turning = asyncio.Lock()

    @property
    def running(self) -> bool:
        return self._server is not None

    @property
    def url(self) -> str | None:
        return None if self._server is None else self._server.url

    @property
    def token(self) -> str | None:
        return None if self._server is None else self._server.token

    async def start(self) -> None:
        """Answer on the port of the settings; harmless when it does already. Raises `PortTaken`, `StorageFailed`."""
        # Imported here: a window whose API is off pays for no web framework.
        from venom_desktop.api.server import ApiServer

        async with self._turning:
            if self._server is not None:
                return
            port = self._services.settings.snapshot.api_port
            server = ApiServer(self._services, self._token_file, port, hide=self._redactor.add)
            await server.start()
            self._server = server
        self.changed.publish(True)

    async def stop(self) -> None:
        async with self._turning:
            server, self._server = self._server, None
            if server is None:
                return
            await server.stop()
        self.changed.publish(False)

    async def follow_settings(self) -> None:
        """What the settings say at the start of the program."""
        if self._services.settings.snapshot.api_enabled:
            await self.start()
