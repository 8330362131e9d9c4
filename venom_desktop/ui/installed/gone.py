"""The active model where its runtime's store has it no more: it is listed all the same, with what we know of it."""

from dataclasses import replace

from venom_desktop.core.registry.model import ModelMetadata, ModelProvider
from venom_desktop.core.registry.names import ollama_title
from venom_desktop.core.registry.registry import ModelRegistry


def gone_model(registry: ModelRegistry) -> ModelMetadata | None:
    """None while all is in order."""
    inventory = registry.inventory.snapshot
    key = inventory.active
    if key is None or inventory.active_gone is None:
        return None
    if key in registry.manifest:
        return replace(registry.manifest[key], revision=None)
    provider = ModelProvider.OLLAMA
    return ModelMetadata(name=key.name, provider=provider, display_name=ollama_title(key.name), runtime=key.runtime)
