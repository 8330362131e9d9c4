"""What a runtime brings to a verdict: how it would load a model, and which memory it can use for it."""

from collections.abc import Callable, Sequence
from typing import Final

from venom_desktop.core.catalog.base import SAFETENSORS_RUNTIME, CatalogEntry
from venom_desktop.core.catalog.fit import DeviceMemory, LoadSettings
from venom_desktop.core.host.sample import HostSample

BUILT_IN: Final = "llama_cpp"
OLLAMA: Final = "ollama"
_USE_GRAPHICS_CARDS: Final = frozenset({OLLAMA, SAFETENSORS_RUNTIME})
"""The wheel of the built-in engine computes on the processor alone."""
GPU_MEMORY_UTILIZATION: Final = 0.85
"""The share of each card that vLLM takes (`VLLM_GPU_MEMORY_UTILIZATION` where nobody set it)."""

SettingsOf = Callable[[str], LoadSettings]
"""How a runtime of this name loads a model for which nobody chose anything else."""


def usual_settings(runtime: str) -> LoadSettings:
    share = GPU_MEMORY_UTILIZATION if runtime == SAFETENSORS_RUNTIME else 1.0
    return LoadSettings(runtime=runtime, gpu_share=share)


def usable_gpu(runtime: str, host: HostSample, *, share: float = 1.0) -> DeviceMemory | None:
    """The graphics memory a runtime can use, all cards together; None without one, or where no driver tells.

    `share` of the whole is all that it may fill, and what others hold comes off that.
    """
    if runtime not in _USE_GRAPHICS_CARDS:
        return None
    told = [
        (card.memory_total_bytes, card.memory_used_bytes)
        for card in host.gpus
        if card.memory_total_bytes is not None and card.memory_used_bytes is not None
    ]
    total = int(sum(whole for whole, _ in told) * share)
    free = max(0, total - sum(used for _, used in told))
    return DeviceMemory(free_bytes=free, total_bytes=total) if total else None


def runtime_of(entry: CatalogEntry, preferred: Sequence[str] = ()) -> str:
    """The runtime a row is judged for: the first of `preferred` that can run it, else its own first one."""
    return next((name for name in preferred if name in entry.runtimes), next(iter(entry.runtimes), BUILT_IN))
