"""Asks how an Ollama server stands: what runs, in whose hands, and what it holds in memory."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from venom_desktop.core.errors import ProgramMissing, RuntimeUnavailable, SourceChanged, VenomError
from venom_desktop.core.runtimes.base import Control, RuntimeSnapshot, RuntimeState
from venom_desktop.core.runtimes.ollama_client import OllamaClient
from venom_desktop.core.runtimes.ollama_facts import TITLE, ServerFacts
from venom_desktop.core.runtimes.ollama_server import OllamaServer

NO_SERVER: dict[str, Any] = {"control": None, "endpoint": None, "port": None, "pid": None, "loaded": ()}


class OllamaLook:
    """Gives what a snapshot has to change; who keeps the server is asked anew when it may be another one."""

    def __init__(self, server: OllamaServer, client: OllamaClient, *, program: Callable[[], Path | None]) -> None:
        self._server = server
        self._client = client
        self._program = program

    async def take(self, seen: RuntimeSnapshot, *, thoroughly: bool) -> dict[str, Any]:
        """The changes that make `seen` true. Never raises."""
        try:
            version = await self._client.version()
            loaded = await self._client.loaded()
        except RuntimeUnavailable:
            return await self._absent(seen, thoroughly=thoroughly)
        except SourceChanged as error:
            # Something else answers there.
            return {"state": RuntimeState.STOPPED, "version": None, "error": error, **NO_SERVER}
        except VenomError as error:
            return {"error": error}
        found: dict[str, Any] = {"state": RuntimeState.RUNNING, "version": version, "loaded": loaded}
        if thoroughly or not _is_same_server(seen, version):
            found |= _of_facts(await self._server.look())
        return {**found, "error": None, "exit_code": None}

    async def _absent(self, seen: RuntimeSnapshot, *, thoroughly: bool) -> dict[str, Any]:
        """What was told of an end, or of a start that failed, stays until a server answers or the user acts."""
        if seen.state is RuntimeState.EXITED or (seen.state is RuntimeState.STOPPED and not thoroughly):
            return {}
        if await self._is_just_ending(seen):
            return {}
        startable = await asyncio.to_thread(self._program) is not None
        if not startable and (thoroughly or seen.state is not RuntimeState.UNAVAILABLE):
            facts = await self._server.look()
            startable = facts.unit is not None or not facts.is_local
        if startable:
            return {"state": RuntimeState.STOPPED, "version": None, "error": None, **NO_SERVER}
        return {"state": RuntimeState.UNAVAILABLE, "version": None, "error": ProgramMissing(runtime=TITLE), **NO_SERVER}

    async def _is_just_ending(self, seen: RuntimeSnapshot) -> bool:
        """A child of ours that answers no more: its guard tells in a moment how it ended, which a look cannot."""
        if seen.state is not RuntimeState.RUNNING or seen.control is not Control.CHILD or not self._server.keeps_child:
            return False
        return (await self._server.look()).endpoint == seen.endpoint


def _of_facts(facts: ServerFacts) -> dict[str, Any]:
    return {
        "control": facts.control or Control.EXTERNAL,
        "endpoint": facts.endpoint,
        "port": facts.port,
        "pid": facts.pid,
    }


def _is_same_server(seen: RuntimeSnapshot, version: str) -> bool:
    if seen.state is not RuntimeState.RUNNING or seen.version != version:
        return False
    return seen.pid is None or psutil.pid_exists(seen.pid)
