"""What a model can do, as far as the wording of a chat depends on it."""

from dataclasses import replace

from venom_desktop.core.registry.model import ModelCapabilities, ModelMetadata


def chat_capabilities(model: ModelMetadata | None) -> ModelCapabilities:
    """What is detected, with what the user set laid over it, as far as a chat needs it."""
    if model is None:
        return ModelCapabilities()
    override = model.overrides.supports_system_role
    return model.capabilities if override is None else replace(model.capabilities, supports_system_role=override)
