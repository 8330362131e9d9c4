"""Finds an installed model for a verb, also one that a runtime's own store has and was not asked about yet."""

from collections.abc import Mapping

from venom_desktop.core.errors import UnknownModel
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.model import ModelMetadata
from venom_desktop.core.runtimes.model_store import ModelStore


async def find_now(
    inventory: Inventory, stores: Mapping[str, ModelStore], name: str, runtime: str | None
) -> ModelMetadata:
    """As `Inventory.find`; a name that is not known makes the stores be asked first."""
    try:
        return inventory.find(name, runtime)
    except UnknownModel:
        asked = [store for place, store in stores.items() if runtime in (None, place)]
        for store in asked:
            await store.refresh()
        return inventory.find(name, runtime)
