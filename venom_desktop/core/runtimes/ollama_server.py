"""The process of an Ollama server: how a child of ours is started, and proven to be the one that answers."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from venom_desktop.core.errors import ProgramMissing
from venom_desktop.core.runtimes.control.foreign import TERM_WITHIN_S
from venom_desktop.core.runtimes.control.kept_server import KeptServer
from venom_desktop.core.runtimes.control.ports import listens_at
from venom_desktop.core.runtimes.control.server_facts import Address, Answers
from venom_desktop.core.runtimes.control.server_start import start_child
from venom_desktop.core.runtimes.control.systemd import Systemd
from venom_desktop.core.runtimes.loading import STALLED_AFTER_S
from venom_desktop.core.runtimes.ollama_facts import OLLAMA_SERVER, TITLE, listen_text
from venom_desktop.core.settings.schema import UnitScope


class OllamaServer(KeptServer):
    """`answers` asks the endpoint and tells whether an Ollama answered; it never raises."""

    def __init__(
        self,
        *,
        program: Callable[[], Path | None],
        environment: Callable[[], dict[str, str]],
        endpoint: Callable[[], str],
        answers: Answers,
        runtime_folder: Path,
        log_folder: Path,
        unit: Callable[[], str] = lambda: "",
        scope: Callable[[], UnitScope] = lambda: UnitScope.AUTO,
        systemd: Systemd | None = None,
        stalled_after_s: float = STALLED_AFTER_S,
        term_within_s: float = TERM_WITHIN_S,
    ) -> None:
        super().__init__(
            OLLAMA_SERVER,
            endpoint=endpoint,
            answers=answers,
            runtime_folder=runtime_folder,
            log_folder=log_folder,
            unit=unit,
            scope=scope,
            systemd=systemd,
            term_within_s=term_within_s,
        )
        self._program = program
        self._environment = environment
        self._stalled_after_s = stalled_after_s

    async def _start_child(self, address: Address) -> None:
        """Raises `ProgramMissing` besides what `start` does."""
        program = await asyncio.to_thread(self._program)
        if program is None:
            raise ProgramMissing(runtime=TITLE)

        async def probe() -> bool | None:
            pid = self._own.pid
            if pid is None or not await self._answers():
                return None
            # Somebody else may have taken the port meanwhile, and it is he who answers.
            return await asyncio.to_thread(listens_at, pid, address.port) or None

        environment = self._environment()
        told = {**environment, "OLLAMA_HOST": listen_text(address, environment.get("OLLAMA_HOST"))}
        await start_child(
            self._own,
            [str(program), "serve"],
            told,
            kind=self._kind,
            address=address,
            probe=probe,
            answers=self._answers,
            stalled_after_s=self._stalled_after_s,
        )
