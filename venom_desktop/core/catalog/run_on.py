"""What a runtime brings to a verdict: how it would load a model, and which memory it can use for it."""

from collections.abc import Callable, Sequence
from typing import Final

from venom_desktop.core.catalog.base import SAFETENSORS_RUNTIME, CatalogEntry
from venom_desktop.core.catalog.fit import DeviceMemory, LoadSettings
from venom_desktop.core.host.sample import HostSample
from venom_desktop.core.registry.model import ModelKey

BUILT_IN: Final = "llama_cpp"
OLLAMA: Final = "ollama"
_USE_GRAPHICS_CARDS: Final = frozenset({OLLAMA, SAFETENSORS_RUNTIME})
"""The wheel of the built-in engine computes on the processor alone."""
GPU_MEMORY_UTILIZATION: Final = 0.85
"""The share of each card that vLLM takes (`VLLM_GPU_MEMORY_UTILIZATION` where nobody set it)."""

SettingsOf = Callable[[str], LoadSettings]
"""How a runtime of this name loads a model for which nobody chose anything else."""
SettingsOfModel = Callable[[ModelKey], LoadSettings]
"""How a model is loaded with what was chosen for it alone; its context apart, which a slider may move."""


def usual_settings(runtime: str) -> LoadSettings:
    share = GPU_MEMORY_UTILIZATION if runtime == SAFETENSORS_RUNTIME else 1.0
    return LoadSettings(runtime=runtime, gpu_share=share)


def usable_gpu(runtime: str, host: HostSample) -> DeviceMemory | None:
    """The graphics memory a runtime can use, all cards together; None without one, or where no driver tells."""
    if runtime not in _USE_GRAPHICS_CARDS:
        return None
    told = _told(host)
    total = sum(whole for whole, _ in told)
    return DeviceMemory(free_bytes=max(0, total - sum(used for _, used in told)), total_bytes=total) if total else None


def memory_for(settings: LoadSettings, host: HostSample) -> DeviceMemory | None:
    """The graphics memory that a load with these settings may fill, of all its cards together.

    vLLM takes the first cards, as many as the model is spread over, an equal share of each (the smallest one decides);
    0 bytes where there are fewer. What others hold counts only where it leaves less than that share free.
    """
    if settings.runtime != SAFETENSORS_RUNTIME:
        return usable_gpu(settings.runtime, host)
    count, told = settings.spread.cards, _told(host)
    if not told:
        return None
    if len(told) < count:
        return DeviceMemory(free_bytes=0, total_bytes=0)
    shares = [(int(whole * settings.gpu_share), whole - used) for whole, used in told[:count]]
    free = min(min(share, left) for share, left in shares)
    return DeviceMemory(free_bytes=max(0, free) * count, total_bytes=min(share for share, _ in shares) * count)


def _told(host: HostSample) -> list[tuple[int, int]]:
    """Bytes in all and in use, of the cards whose driver tells both."""
    return [
        (card.memory_total_bytes, card.memory_used_bytes)
        for card in host.gpus
        if card.memory_total_bytes and card.memory_used_bytes is not None
    ]


def runtime_of(entry: CatalogEntry, preferred: Sequence[str] = ()) -> str:
    """The runtime a row is judged for: the first of `preferred` that can run it, else its own first one."""
    return next((name for name in preferred if name in entry.runtimes), next(iter(entry.runtimes), BUILT_IN))
