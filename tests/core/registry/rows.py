"""Rows for the tests of the registry."""

from pathlib import Path
from typing import Any

from venom_desktop.core.registry.model import ModelMetadata, ModelProvider

SEED_ROW: dict[str, Any] = {
    "name": "llama3:latest",
    "provider": "ollama",
    "display_name": "Llama 3 Latest",
    "size_gb": 4.5,
    "status": "installed",
    "capabilities": {
        "supports_system_role": True,
        "allowed_roles": ["system", "user", "assistant"],
        "max_context_length": 8192,
    },
    "local_path": None,
    "sha256": None,
    "installed_at": "2024-12-17T10:00:00",
    "runtime": "ollama",
}
SEED_MANIFEST: dict[str, Any] = {"models": [SEED_ROW], "updated_at": "2024-12-17T10:00:00"}


def model(name: str = "org/tiny:Q4_K_M", runtime: str = "llama_cpp", **fields: Any) -> ModelMetadata:
    return ModelMetadata(
        name=name,
        runtime=runtime,
        **{"provider": ModelProvider.HUGGINGFACE, "display_name": name.rpartition("/")[2], **fields},
    )


def with_file(
    models_dir: Path, name: str = "org/tiny:Q4_K_M", *, size_bytes: int = 1_000, **fields: Any
) -> ModelMetadata:
    """A row whose file is there."""
    file = f"huggingface/{name.replace(':', '/')}/model.gguf"
    path = models_dir.resolve() / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"x" * size_bytes)
    return model(name, local_path=path, files=(file,), size_bytes=size_bytes, **fields)
