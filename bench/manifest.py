"""Manifest: loading 10,000 models (at most 150 ms), and how one save grows with the number of models."""

import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import ModelCapabilities, ModelMetadata, ModelProvider

_RUNS = 9
_LOAD_LIMIT_MS = 150.0
_GROWTH_LIMIT = 10.0


def row(number: int, models_dir: Path) -> ModelMetadata:
    """What an install writes, with every field filled but the prompt template, whose length is the publisher's."""
    file = f"huggingface/org{number % 300}/model-{number}-GGUF/Q4_K_M/model-{number}-Q4_K_M.gguf"
    now = datetime.now(UTC)
    return ModelMetadata(
        name=f"org{number % 300}/model-{number}-GGUF:Q4_K_M",
        provider=ModelProvider.HUGGINGFACE,
        display_name=f"Model {number}",
        runtime="llama_cpp",
        size_gb=4.92,
        size_bytes=4_920_000_000,
        capabilities=ModelCapabilities(
            supports_system_role=True,
            supports_function_calling=True,
            supports_vision=False,
            supports_thinking=False,
            supports_embedding=False,
            allowed_roles=("system", "user", "assistant", "tool"),
            max_context_length=32_768,
            quantization="Q4_K_M",
        ),
        local_path=models_dir / file,
        files=(file,),
        sha256="a" * 64,
        checksums={file: "a" * 64},
        verified_at=now,
        installed_at=now,
        revision="b" * 40,
        license="apache-2.0",
    )


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1e3


def _loads(folder: Path) -> list[float]:
    found: list[float] = []
    for _ in range(_RUNS):
        manifest = Manifest(folder)
        found.append(_milliseconds(manifest.open))
        manifest.release()
    return found


async def _filled(folder: Path, count: int) -> Manifest:
    manifest = Manifest(folder)
    manifest.open()
    await asyncio.gather(*(manifest.put(row(number, manifest.models_dir)) for number in range(count)))
    return manifest


async def _save_ms(manifest: Manifest) -> float:
    """One install's row put into the list and on the disk."""
    found: list[float] = []
    for number in range(_RUNS):
        model = row(number, manifest.models_dir)
        started = time.perf_counter()
        await manifest.put(model)
        found.append((time.perf_counter() - started) * 1e3)
    return statistics.median(found)


async def _measure(base: Path) -> None:
    small = await _filled(base / "small", 1_000)
    large = await _filled(base / "large", 10_000)
    small_ms, large_ms = await _save_ms(small), await _save_ms(large)
    await small.close()
    await large.close()
    path = base / "large" / "manifest.json"
    loads = _loads(base / "large")
    load_ms = statistics.median(loads)
    again = Manifest(base / "large")
    again.open()
    every_row_ms = _milliseconds(again.models)
    again.release()
    content = path.read_bytes()
    plain_ms = statistics.median(_milliseconds(lambda: json.loads(content)) for _ in range(_RUNS))
    _print("manifest_file_10000", len(content) / 1e6, "MB")
    _print("manifest_load_10000", load_ms, "ms")
    _print("manifest_load_10000_worst", max(loads), "ms")
    _print("manifest_load_10000_limit", _LOAD_LIMIT_MS, "ms")
    _print("manifest_load_10000_json_alone", plain_ms, "ms")
    _print("manifest_every_row_read_10000", every_row_ms, "ms")
    _print("manifest_save_1000", small_ms, "ms")
    _print("manifest_save_10000", large_ms, "ms")
    _print("manifest_save_growth", large_ms / small_ms, "ratio")
    _print("manifest_save_growth_limit", _GROWTH_LIMIT, "ratio")


def _print(name: str, value: float, unit: str) -> None:
    print(f"{name} {value:.1f} {unit}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(Path(folder)))


if __name__ == "__main__":
    main()
