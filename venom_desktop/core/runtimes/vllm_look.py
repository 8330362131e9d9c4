"""Looks at a vLLM server that answers: what it serves, in how much memory, and how it is asked."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from venom_desktop.core.errors import VenomError
from venom_desktop.core.runtimes.base import Control, LoadedModel, Upstream
from venom_desktop.core.runtimes.control.server_facts import ServerFacts
from venom_desktop.core.runtimes.vllm_client import Served, VllmClient
from venom_desktop.core.runtimes.vllm_server import Order, VllmServer, key_of_process, resident_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """`upstream` None: it serves others, and wants a key that we do not have."""

    facts: ServerFacts
    upstream: Upstream | None
    loaded: tuple[LoadedModel, ...]
    version: str | None


class VllmLook:
    """`foreign_key` is the key that a server of others may want, from our own environment."""

    def __init__(self, server: VllmServer, client: VllmClient, *, foreign_key: Callable[[], str | None]) -> None:
        self._server = server
        self._client = client
        self._foreign_key = foreign_key

    async def started(self, facts: ServerFacts, order: Order, model_name: str) -> Sight:
        """What was just started for `order`."""
        served = next((one for one in await self._served(facts, order.headers) if one.name == order.name), None)
        return await self._sight(facts, served, order.headers, shown_as=model_name)

    async def found(self, facts: ServerFacts) -> Sight:
        """What was there."""
        headers = await self._headers(facts)
        served = next(iter(await self._served(facts, headers)), None)
        return await self._sight(facts, served, headers, shown_as=self._server.model_name)

    async def meeting(self, order: Order, model_name: str) -> Sight | None:
        """A server that serves this already, started by others or before this program; None where there is none."""
        facts = await self._server.look()
        if facts.control is None:
            return None
        headers = await self._headers(facts)
        served = next((one for one in await self._served(facts, headers) if order.is_met_by(one)), None)
        return None if served is None else await self._sight(facts, served, headers, shown_as=model_name)

    async def _sight(
        self, facts: ServerFacts, served: Served | None, headers: Mapping[str, str], *, shown_as: str | None = None
    ) -> Sight:
        version = await self._client.version(facts.endpoint)
        if served is None:
            return Sight(facts=facts, upstream=None, loaded=(), version=version)
        memory_bytes = await asyncio.to_thread(resident_bytes, facts.pid)
        loaded = LoadedModel(
            name=shown_as or served.name, memory_bytes=memory_bytes, vram_bytes=None, context=served.context
        )
        upstream = Upstream(base_url=facts.endpoint, model=served.name, headers=headers)
        return Sight(facts=facts, upstream=upstream, loaded=(loaded,), version=version)

    async def _served(self, facts: ServerFacts, headers: Mapping[str, str]) -> tuple[Served, ...]:
        with suppress(VenomError):
            return await self._client.served(facts.endpoint, headers) or ()
        return ()

    async def _headers(self, facts: ServerFacts) -> Mapping[str, str]:
        key = None
        if facts.control is not Control.EXTERNAL and facts.pid is not None:
            key = await asyncio.to_thread(key_of_process, facts.pid)
        key = key or self._foreign_key()
        return {} if key is None else {"Authorization": f"Bearer {key}"}
