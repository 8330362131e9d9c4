"""What the HTTP API and the command line do with models that lie on this computer; no web framework here."""

from venom_desktop.api.payloads import Json, capabilities_payload, model_payload
from venom_desktop.core.registry.discovery.found import FoundModel, FoundSnapshot
from venom_desktop.core.registry.imports.record import Way
from venom_desktop.core.registry.imports.ways import Preview
from venom_desktop.core.registry.registry import ModelRegistry


class FoundDesk:
    """Looks by itself where nobody has looked yet. Raises what the registry's verbs on finds raise."""

    def __init__(self, registry: ModelRegistry) -> None:
        self._registry = registry

    async def listed(self, *, refresh: bool = False, dismissed: bool = False) -> Json:
        """What is offered, or what was put away."""
        snapshot = await self._snapshot(refresh=refresh)
        models = snapshot.dismissed if dismissed else snapshot.models
        return {
            "success": True,
            "models": [_payload(model) for model in models],
            "count": len(models),
            "size_bytes": snapshot.size_bytes,
            "dismissed_count": len(snapshot.dismissed),
            "looking": snapshot.looking,
            "looked_at": snapshot.looked_at and snapshot.looked_at.isoformat(),
            "skipped": _skipped(snapshot),
        }

    async def one(self, found_id: str) -> Json:
        """With what each way of taking it over frees and needs."""
        await self._snapshot()
        model = self._registry.discovery.get(found_id)
        ways = await self._registry.preview_import(found_id)
        return {"success": True, "model": _payload(model), "ways": [_way(preview) for preview in ways]}

    async def take(self, found_id: str, way: Way) -> Json:
        """In place at once, with the new row; else the operation that was started."""
        await self._snapshot()
        title = self._registry.discovery.get(found_id).title
        if way is not Way.IN_PLACE:
            operation_id = await self._registry.import_found(found_id, way)
            return {"success": True, "operation_id": operation_id, "message": f"Importing {title} has started"}
        key = await self._registry.use_found(found_id)
        inventory = self._registry.inventory
        model = model_payload(inventory.find(key.name, key.runtime), inventory.snapshot)
        return {"success": True, "message": f"{title} is in the list as {key.name}", "model": model}

    async def undo(self, name: str, runtime: str | None) -> Json:
        operation_id = await self._registry.undo_import(name, runtime)
        return {"success": True, "operation_id": operation_id, "message": f"Undoing the import of {name} has started"}

    async def dismiss(self, found_id: str) -> Json:
        await self._snapshot()
        await self._registry.discovery.dismiss(found_id)
        return {"success": True, "message": "It is offered no more"}

    async def restore(self, found_id: str | None) -> Json:
        await self._snapshot()
        await self._registry.discovery.restore(None if found_id is None else [found_id])
        return {"success": True, "message": "Offered again"}

    async def _snapshot(self, *, refresh: bool = False) -> FoundSnapshot:
        await self._registry.find_on_disk(refresh=refresh)
        return self._registry.discovery.snapshot


def _payload(model: FoundModel) -> Json:
    return {
        "id": model.found_id,
        "name": model.name,
        "title": _told(model.title),
        "runtime": model.runtime,
        "origin": model.origin.value,
        "path": _told(str(model.path)),
        "files": len(model.all_files),
        "size_bytes": model.size_bytes,
        "size_gb": round(model.size_bytes / 10**9, 3),
        "capabilities": capabilities_payload(model.capabilities),
    }


def _way(preview: Preview) -> Json:
    """`error` says why a way is closed, null while it is open."""
    return {
        "way": preview.way.value,
        "frees_bytes": preview.frees_bytes,
        "needs_bytes": preview.needs_bytes,
        "counts_bytes": preview.counts_bytes,
        "error": None if preview.problem is None else str(preview.problem),
        "reason_code": None if preview.problem is None else preview.problem.reason_code,
    }


def _skipped(snapshot: FoundSnapshot) -> Json:
    skipped = snapshot.skipped
    return {
        "broken": skipped.broken,
        "incomplete": skipped.incomplete,
        "unreadable": skipped.unreadable,
        "cut_short": skipped.cut_short,
        "problems": [_told(str(problem)) for problem in skipped.problems],
    }


def _told(text: str) -> str:
    """A name on a disk need not be Unicode: what cannot be told is a question mark."""
    return text.encode(errors="replace").decode()
