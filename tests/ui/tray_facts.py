"""Snapshots as the tray finds them, for its tests and pictures."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType
from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.registry.model import ModelMetadata, ModelProvider
from venom_desktop.core.runtimes.active import ActiveModel
from venom_desktop.core.runtimes.base import RuntimeSnapshot, RuntimeState
from venom_desktop.ui.tray_facts import TrayFacts

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
OLLAMA = RuntimeSnapshot(name="ollama", title="Ollama", state=RuntimeState.RUNNING)
LLAMA_CPP = RuntimeSnapshot(name="llama_cpp", title="llama.cpp", state=RuntimeState.STOPPED)


def model(name: str, *, runtime: str = "ollama", hours_ago: float | None = None, **fields: Any) -> ModelMetadata:
    used = None if hours_ago is None else NOW - timedelta(hours=hours_ago)
    return ModelMetadata(
        name=name, provider=ModelProvider.OLLAMA, display_name=name, runtime=runtime, last_used_at=used, **fields
    )


GEMMA = model("gemma3:4b", hours_ago=1)
QWEN = model("qwen2.5-coder:7b", hours_ago=2)
DEEPSEEK = model("deepseek-r1:14b", hours_ago=3)
PHI = model("phi4-mini:3.8b", runtime="llama_cpp", hours_ago=4)
MODELS = (DEEPSEEK, GEMMA, PHI, QWEN)


def operation(
    name: str = "qwen3:8b", status: OperationStatus = OperationStatus.IN_PROGRESS, **fields: Any
) -> ModelOperation:
    values: dict[str, Any] = {
        "operation_id": name,
        "operation_type": OperationType.INSTALL,
        "runtime": "ollama",
        "can_pause": True,
        "started_at": NOW,
        "progress": 43.0,
        "completed_at": NOW if status.is_final else None,
        **fields,
    }
    return ModelOperation(model_name=name, status=status, **values)


def told(**changes: Any) -> TrayFacts:
    """Four models, gemma3:4b answers on Ollama, nothing is going on."""
    active = ActiveModel(key=GEMMA.key, last_models=MappingProxyType({"ollama": GEMMA.name, "llama_cpp": PHI.name}))
    usual = TrayFacts(
        inventory=InventorySnapshot(models=MODELS, active=GEMMA.key),
        active=active,
        operations=(),
        runtimes=(OLLAMA, LLAMA_CPP),
        now=NOW,
    )
    return replace(usual, **changes)
