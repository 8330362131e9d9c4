"""Starts a llama.cpp server for one model and proves that it is the one that answers."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from venom_desktop.core.catalog.fit import DEFAULT_CONTEXT
from venom_desktop.core.errors import RuntimeFailed
from venom_desktop.core.http import Client, HttpError
from venom_desktop.core.registry.model import ModelMetadata
from venom_desktop.core.runtimes.base import LoadSettings, Upstream
from venom_desktop.core.runtimes.control.child import ChildServer, StartRefused
from venom_desktop.core.runtimes.control.diagnose import diagnose
from venom_desktop.core.runtimes.llama_cpp_engines import Engine
from venom_desktop.core.runtimes.llama_cpp_server import Order
from venom_desktop.core.runtimes.loading import EndedWhileLoading, StoodStill, wait_until_ready


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A server with its model loaded; `context` in tokens per slot, None where it does not tell."""

    upstream: Upstream
    port: int
    version: str | None
    context: int | None
    memory_bytes: int | None


def order_for(model: ModelMetadata, path: Path, settings: LoadSettings) -> Order:
    """The settings as the engine counts them, with a fresh key."""
    longest = model.overrides.max_context_length or model.capabilities.max_context_length or DEFAULT_CONTEXT
    per_slot = settings.context if settings.context is not None else min(DEFAULT_CONTEXT, longest)
    return Order(
        model_path=str(path),
        alias=model.name,
        api_key=secrets.token_urlsafe(32),
        projector_path=None if model.projector_path is None else str(model.projector_path),
        context=per_slot * (settings.parallel or 1),
        gpu_layers=settings.gpu_layers,
        parallel=settings.parallel or 1,
        kv_type=settings.kv_type,
        threads=settings.threads,
    )


async def start_server(
    child: ChildServer, engine: Engine, order: Order, *, http: Client, title: str, stalled_after_s: float
) -> Started:
    """Returns once the model answers. Raises `RuntimeFailed` with the reason in one sentence."""

    async def start() -> None:
        await engine.start(child, order)

    async def probe() -> Started | None:
        port = await engine.port_when_ready()
        return None if port is None else await ask_server(child, order, http=http, port=port, version=engine.version)

    try:
        return await wait_until_ready(child, probe, start=start, stalled_after_s=stalled_after_s)
    except (StartRefused, OSError) as error:
        raise not_started(error, title=title) from error
    except EndedWhileLoading as error:
        raise RuntimeFailed(runtime=title, explanation=diagnose(error.end).sentence) from error
    except StoodStill as error:
        explanation = f"It made no progress for {error}\u00a0s while loading. The log has its last lines."
        raise RuntimeFailed(runtime=title, explanation=explanation) from error
    finally:
        engine.forget_start()


def not_started(error: Exception, *, title: str) -> RuntimeFailed:
    problem = error.strerror if isinstance(error, OSError) else str(error)
    return RuntimeFailed(
        runtime=title, explanation=f"The engine could not be started: {problem}. Check its path in Settings."
    )


async def ask_server(
    child: ChildServer, order: Order, *, http: Client, port: int, version: str | None
) -> Started | None:
    """None until the server at `port` takes our key and names our model: it could be somebody else's."""
    base_url = f"http://127.0.0.1:{port}"
    headers = {"Authorization": f"Bearer {order.api_key}"}
    try:
        models = await http.get(f"{base_url}/v1/models", headers=headers)
        properties = await http.get(f"{base_url}/props", headers=headers)
    except HttpError:
        return None
    if models.status_code != 200 or order.alias not in models.text:
        return None
    told: Any = properties.json() if properties.status_code == 200 else {}
    return Started(
        upstream=Upstream(base_url=base_url, model=order.alias, headers=headers),
        port=port,
        version=version or _text(told, "build_info"),
        context=_context(told),
        memory_bytes=_resident_bytes(child.pid),
    )


def _context(told: Any) -> int | None:
    generation = told.get("default_generation_settings") if isinstance(told, Mapping) else None
    context = generation.get("n_ctx") if isinstance(generation, Mapping) else None
    return context if isinstance(context, int) else None


def _text(told: Any, key: str) -> str | None:
    value = told.get(key) if isinstance(told, Mapping) else None
    return value if isinstance(value, str) else None


def _resident_bytes(pid: int | None) -> int | None:
    try:
        return None if pid is None else int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return None
