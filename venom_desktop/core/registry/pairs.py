"""Which catalog's models can be installed for which runtime."""

from collections.abc import Container

from venom_desktop.core.catalog.base import SAFETENSORS_RUNTIME
from venom_desktop.core.errors import InvalidInput, UnknownRuntime
from venom_desktop.core.registry.model import ModelProvider

RUNTIMES_BY_PROVIDER: dict[ModelProvider, tuple[str, ...]] = {
    ModelProvider.HUGGINGFACE: ("llama_cpp", "ollama", SAFETENSORS_RUNTIME),
    ModelProvider.OLLAMA: ("ollama",),
}
"""The first one is meant when none is named."""


def require_pair(provider: ModelProvider, runtime: str | None, *, offered: Container[str]) -> str:
    """The runtime to install for. Raises `InvalidInput`, `UnknownRuntime`."""
    known = tuple(name for name in RUNTIMES_BY_PROVIDER.get(provider, ()) if name in offered)
    if not known:
        raise InvalidInput(problem=f"Models of {provider.value} cannot be installed in this version.")
    if runtime is None:
        return known[0]
    if runtime not in known:
        raise UnknownRuntime(runtime=runtime, known=", ".join(known))
    return runtime
