"""Core's snapshots as JSON: the seed's fields by their old names, ours beside them. No web framework here."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from venom_desktop.core.catalog.base import CatalogEntry, FitVerdict, Quantization
from venom_desktop.core.catalog.pages import FilteredPage
from venom_desktop.core.host.sample import GpuSample, HostSample
from venom_desktop.core.operations.operation import ModelOperation
from venom_desktop.core.registry.capabilities import effective
from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.registry.model import ModelCapabilities, ModelMetadata
from venom_desktop.core.registry.quota import QuotaSnapshot
from venom_desktop.core.registry.store_rows import StoreView
from venom_desktop.core.runtimes.active import ActiveModel
from venom_desktop.core.runtimes.base import RuntimeSnapshot
from venom_desktop.core.runtimes.profiles import RuntimeProfile
from venom_desktop.core.runtimes.remote_base import RemoteServer
from venom_desktop.core.secrets.base import CredentialStatus
from venom_desktop.core.settings.store import SettingsStore

Json = dict[str, Any]
_HIDDEN_OF_OPERATION = ("payload", "error_parameters")
"""What a resume needs and what the window fills its sentences with; neither is promised to anybody."""


def operation_payload(operation: ModelOperation) -> Json:
    """SPEC section 1, with `runtime`, `can_pause` and `paused_by_restart` beside it."""
    fields = {name: getattr(operation, name) for name in operation.__slots__ if name not in _HIDDEN_OF_OPERATION}
    return {
        **fields,
        "operation_type": operation.operation_type.value,
        "status": operation.status.value,
        "started_at": _time(operation.started_at),
        "completed_at": _time(operation.completed_at),
    }


def capabilities_payload(capabilities: ModelCapabilities) -> Json:
    return asdict(capabilities)


def model_payload(model: ModelMetadata, inventory: InventorySnapshot) -> Json:
    """A row of the manifest with what holds now; paths are this machine's."""
    return {
        "name": model.name,
        "provider": model.provider and model.provider.value,
        "display_name": model.display_name,
        "size_gb": model.size_gb,
        "size_bytes": model.size_bytes,
        "status": model.status and model.status.value,
        "capabilities": capabilities_payload(effective(model)),
        "local_path": model.local_path and str(model.local_path),
        "sha256": model.sha256,
        "installed_at": _time(model.installed_at),
        "runtime": model.runtime,
        "revision": model.revision,
        "license": model.license,
        "architecture": model.model_class,
        "needs_own_code": model.needs_own_code,
        "last_used_at": _time(model.last_used_at),
        "verified_at": _time(model.verified_at),
        "checksum_differs": model.checksum_differs,
        "used_in_place": model.used_in_place,
        "active": model.key == inventory.active,
        "loaded": model.key in inventory.loaded,
    }


def installed_payload(inventory: InventorySnapshot) -> Json:
    active = inventory.active
    return {
        "success": True,
        "models": [model_payload(model, inventory) for model in inventory.models],
        "count": len(inventory.models),
        "by_runtime": {name: [model.name for model in models] for name, models in inventory.by_runtime.items()},
        "active": active and {"name": active.name, "runtime": active.runtime},
        "stores": {name: _store(store) for name, store in inventory.stores.items()},
    }


def _store(store: StoreView) -> Json:
    """A runtime that keeps its models by itself; while it is not reachable, its models are the last ones known."""
    return {
        "reachable": store.reachable,
        "read_at": _time(store.read_at),
        "disk_bytes": store.disk_bytes,
        "error": None if store.error is None else str(store.error),
    }


def entry_payload(entry: CatalogEntry, installable: Quantization | None) -> Json:
    """`size_gb` is that of the quantization which an install without a tag takes, null where the list does not tell."""
    size_bytes = installable.size_bytes if installable is not None else None
    return {
        "provider": entry.provider.value,
        "model_name": entry.model_name,
        "display_name": entry.display_name,
        "size_gb": None if size_bytes is None else round(size_bytes / 10**9, 3),
        "runtime": entry.runtimes[0] if entry.runtimes else None,
        "tags": list(entry.tags),
        "downloads": entry.downloads,
        "likes": entry.likes,
        "runtimes": list(entry.runtimes),
        "publisher": entry.publisher,
        "description": entry.description,
        "parameters": entry.parameters,
        "quantizations": _quantizations(entry.quantizations),
        "license": entry.license,
        "gated": entry.gated,
        "updated": _time(entry.updated),
        "capabilities": sorted(ability.value for ability in entry.abilities),
        "context_length": entry.context_length,
        "architecture": entry.architecture or entry.model_class,
        "revision": entry.revision,
        "page_url": entry.page_url,
        "fit": _fit(entry.fit),
    }


def page_payload(page: FilteredPage, models: Sequence[Json]) -> Json:
    return {
        "success": True,
        "models": list(models),
        "count": len(models),
        "stale": page.stale,
        "error": None if page.error is None else str(page.error),
        "reason_code": None if page.error is None else page.error.reason_code,
        "next_cursor": page.next_cursor,
        "among": page.among,
        "bundled": page.bundled,
        "read_at": _time(page.read_at),
    }


def runtime_payload(snapshot: RuntimeSnapshot) -> Json:
    """`status` is one of stopped, starting, running, stopping, exited, unavailable."""
    return {
        "name": snapshot.name,
        "title": snapshot.title,
        "status": snapshot.state.value,
        "version": snapshot.version,
        "control": snapshot.control and snapshot.control.value,
        "endpoint": snapshot.endpoint,
        "port": snapshot.port,
        "pid": snapshot.pid,
        "loaded": [{**asdict(model), "expires_at": _time(model.expires_at)} for model in snapshot.loaded],
        "answering": snapshot.answering,
        "progress": None if snapshot.progress is None else str(snapshot.progress),
        "error": None if snapshot.error is None else str(snapshot.error),
        "reason_code": None if snapshot.error is None else snapshot.error.reason_code,
        "exit_code": snapshot.exit_code,
        "changed_at": _time(snapshot.changed_at),
    }


def remote_payload(server: RemoteServer, snapshot: RuntimeSnapshot, key: CredentialStatus) -> Json:
    """A server elsewhere; of its key only where it is kept (keyring, memory, none)."""
    return {
        "name": server.name,
        "title": server.title,
        "kind": server.kind.value,
        "url": server.url,
        "ca_file": server.certificate_file and str(server.certificate_file),
        "input_usd_per_million": server.terms.input_usd,
        "output_usd_per_million": server.terms.output_usd,
        "requests_per_minute": server.terms.requests_per_minute,
        "key": key.source.value,
        "status": snapshot.state.value,
        "version": snapshot.version,
        "error": None if snapshot.error is None else str(snapshot.error),
        "reason_code": None if snapshot.error is None else snapshot.error.reason_code,
    }


def active_payload(active: ActiveModel, snapshot: RuntimeSnapshot | None) -> Json:
    """SPEC section 5: the full payload and the three names; `snapshot` is that of the active runtime."""
    key = active.key
    endpoint = snapshot.endpoint if snapshot is not None else None
    return {
        "success": True,
        "active_server": key and key.runtime,
        "active_model": key and key.name,
        "active_endpoint": endpoint,
        "last_models": dict(active.last_models),
        "provider": key and key.runtime,
        "model": key and key.name,
        "endpoint": endpoint,
        "service_type": active.service_type,
        "runtime_id": None if key is None else f"{key.name}@{key.runtime}",
        "status": None if snapshot is None else snapshot.state.value,
        "error": None if snapshot is None or snapshot.error is None else str(snapshot.error),
        **active.to_variables(),
    }


def profile_payload(settings: SettingsStore) -> Json:
    """`source` is environment, settings or default; `runtimes` are the local ones it offers."""
    profile = RuntimeProfile(settings.snapshot.runtime_profile.value)
    source = settings.source("runtime_profile").value
    return {"success": True, "profile": profile.value, "runtimes": list(profile.local_runtimes), "source": source}


def usage_payload(quota: QuotaSnapshot, host: HostSample, *, models_count: int) -> Json:
    """Percent 0 to 100 with one decimal; GPU figures null without one, and summed over several."""
    limit = quota.limit_bytes
    used, total = _vram(host.gpus)
    loads = [gpu.load_percent for gpu in host.gpus if gpu.load_percent is not None]
    return {
        "disk_usage_gb": _gb(quota.used_bytes),
        "disk_limit_gb": None if limit is None else _gb(limit),
        "disk_usage_percent": None if not limit else round(100 * quota.used_bytes / limit, 1),
        "cpu_usage_percent": round(host.cpu_percent, 1),
        "memory_total_gb": _gb(host.memory_total_bytes),
        "memory_used_gb": _gb(host.memory_used_bytes),
        "memory_usage_percent": round(100 * host.memory_used_bytes / host.memory_total_bytes, 1),
        "gpu_usage_percent": round(max(loads), 1) if loads else None,
        "vram_usage_mb": None if used is None else used >> 20,
        "vram_total_mb": None if total is None else total >> 20,
        "vram_usage_percent": None if used is None or not total else round(100 * used / total, 1),
        "models_count": models_count,
    }


def _vram(gpus: Iterable[GpuSample]) -> tuple[int | None, int | None]:
    used = [gpu.memory_used_bytes for gpu in gpus if gpu.memory_used_bytes is not None]
    total = [gpu.memory_total_bytes for gpu in gpus if gpu.memory_total_bytes is not None]
    return (sum(used) if used else None, sum(total) if total else None)


def _quantizations(offered: tuple[Quantization, ...] | None) -> list[Json] | None:
    if offered is None:
        return None
    return [{"label": one.label, "size_bytes": one.size_bytes, "files": len(one.files)} for one in offered]


def _fit(verdict: FitVerdict | None) -> Json | None:
    if verdict is None:
        return None
    return {**asdict(verdict), "place": verdict.place.value, "grade": verdict.grade.value}


def _gb(size_bytes: int) -> float:
    return round(size_bytes / 10**9, 3)


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
