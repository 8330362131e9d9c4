"""Made-up rows, operations and machines for the tests of the Catalog tab."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from venom_desktop.core.catalog.base import CatalogEntry, Quantization, RemoteFile
from venom_desktop.core.catalog.entry_fit import estimated_fit
from venom_desktop.core.catalog.fit import LoadSettings
from venom_desktop.core.host.sample import HostSample
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType
from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.registry.model import ModelKey, ModelMetadata, ModelProvider

GB = 10**9
NOW = datetime(2026, 11, 1, tzinfo=UTC)
BITS = (("Q2_K", 3.2), ("Q4_K_M", 4.9), ("Q8_0", 8.5), ("F16", 16.0))


def host(*, free_bytes: int = 12 * GB, total_bytes: int = 16 * GB) -> HostSample:
    return HostSample(
        taken_at=NOW,
        cpu_percent=5.0,
        cpu_count=8,
        memory_total_bytes=total_bytes,
        memory_available_bytes=free_bytes,
    )


def quantization(label: str, size_bytes: int | None) -> Quantization:
    return Quantization(label=label, files=(RemoteFile(name=f"{label}.gguf", size_bytes=size_bytes),))


def entry(
    name: str = "org/Tiny-4B-GGUF", *, billions: float = 4.0, bits: Sequence[tuple[str, float]] = BITS, **more: Any
) -> CatalogEntry:
    """A row with exact sizes and the estimated verdict of a machine with 12 GB free."""
    parameters = round(billions * 10**9)
    offered = tuple(quantization(label, round(parameters * bit / 8)) for label, bit in bits)
    known: dict[str, Any] = {
        "provider": ModelProvider.HUGGINGFACE,
        "model_name": name,
        "display_name": name.partition("/")[2].removesuffix("-GGUF").replace("-", " "),
        "publisher": name.partition("/")[0],
        "parameters": parameters,
        "quantizations": offered,
        "downloads": 12_400_000,
        "context_length": 131_072,
        "runtimes": ("llama_cpp",),
        "page_url": f"https://hub.example/{name}",
    }
    row = CatalogEntry(**{**known, **more})
    return CatalogEntry(**{**known, **more, "fit": estimated_fit(row, settings=LoadSettings(), host=host())})


def operation(
    name: str,
    kind: OperationType = OperationType.INSTALL,
    status: OperationStatus = OperationStatus.IN_PROGRESS,
    **more: Any,
) -> ModelOperation:
    return ModelOperation(
        operation_id="one",
        model_name=name,
        operation_type=kind,
        status=status,
        runtime="llama_cpp",
        started_at=NOW,
        **more,
    )


def inventory(*models: str | tuple[str, str], active: str | None = None) -> InventorySnapshot:
    """Models by name, those of another runtime than the built-in one with its name."""
    keys = [model if isinstance(model, tuple) else (model, "llama_cpp") for model in models]
    listed = tuple(
        ModelMetadata(name=name, provider=ModelProvider.HUGGINGFACE, display_name=name, runtime=runtime)
        for name, runtime in keys
    )
    return InventorySnapshot(models=listed, active=ModelKey(name=active, runtime="llama_cpp") if active else None)
