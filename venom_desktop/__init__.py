"""Venom Desktop: find, install, run, switch and watch AI models.

The public door for scripts; nothing is imported before it is asked for, and never Qt.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from venom_desktop.app.embedded import ModelRegistry
    from venom_desktop.core.errors import VenomError
    from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType
    from venom_desktop.core.registry.model import ModelCapabilities, ModelMetadata, ModelProvider, ModelStatus

__version__ = "0.1.0"

_HOMES = {
    "ModelRegistry": "venom_desktop.app.embedded",
    "VenomError": "venom_desktop.core.errors",
    "ModelOperation": "venom_desktop.core.operations.operation",
    "OperationStatus": "venom_desktop.core.operations.operation",
    "OperationType": "venom_desktop.core.operations.operation",
    "ModelCapabilities": "venom_desktop.core.registry.model",
    "ModelMetadata": "venom_desktop.core.registry.model",
    "ModelProvider": "venom_desktop.core.registry.model",
    "ModelStatus": "venom_desktop.core.registry.model",
}

__all__ = [
    "ModelCapabilities",
    "ModelMetadata",
    "ModelOperation",
    "ModelProvider",
    "ModelRegistry",
    "ModelStatus",
    "OperationStatus",
    "OperationType",
    "VenomError",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
