"""Asks a vLLM server what it is and what it serves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from venom_desktop.core.errors import SourceChanged, TokenRefused
from venom_desktop.core.http import Client, HttpError, Response
from venom_desktop.core.runtimes.vllm_facts import TITLE

LISTING_S = 2.0
"""A server that computes answers these at once: they do not pass its engine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A model that a server offers. `root` is the path or repository it was loaded from; `context` in tokens."""

    name: str
    root: str | None
    context: int | None


class VllmClient:
    """`base_url` without `/v1` everywhere; None stands for a server that does not answer."""

    def __init__(self, http: Client) -> None:
        self._http = http

    async def version(self, base_url: str) -> str | None:
        """Also None for a server that is no vLLM."""
        answer = await self._get(f"{base_url}/version")
        told = _content(answer)
        version = told.get("version") if isinstance(told, Mapping) else None
        return version if isinstance(version, str) else None

    async def is_healthy(self, base_url: str) -> bool:
        answer = await self._get(f"{base_url}/health")
        return answer is not None and answer.status_code == 200

    async def served(self, base_url: str, headers: Mapping[str, str]) -> tuple[Served, ...] | None:
        """Raises `TokenRefused` when it wants another key, `SourceChanged`."""
        answer = await self._get(f"{base_url}/v1/models", headers)
        if answer is None:
            return None
        if answer.status_code in (401, 403):
            raise TokenRefused(source=TITLE)
        told = _content(answer)
        rows = told.get("data") if isinstance(told, Mapping) else None
        if not isinstance(rows, list):
            raise SourceChanged(source=TITLE)
        return tuple(_served(row) for row in rows if isinstance(row, Mapping) and row.get("parent") is None)

    async def _get(self, url: str, headers: Mapping[str, str] | None = None) -> Response | None:
        try:
            return await self._http.get(url, headers=dict(headers or {}), timeout=LISTING_S)
        except HttpError:
            return None


def _content(answer: Response | None) -> Any:
    try:
        return None if answer is None or answer.status_code != 200 else answer.json()
    except ValueError:
        return None


def _served(row: Mapping[str, Any]) -> Served:
    root, context = row.get("root"), row.get("max_model_len")
    return Served(
        name=str(row.get("id", "")),
        root=root if isinstance(root, str) else None,
        context=context if isinstance(context, int) else None,
    )
