"""Builds llama.cpp."""

from collections.abc import Callable

from venom_desktop.app.paths import Paths
from venom_desktop.core.http import Client
from venom_desktop.core.registry.model import ModelKey, ModelMetadata
from venom_desktop.core.runtimes.llama_cpp import LlamaCpp
from venom_desktop.core.settings.store import SettingsStore


def build_llama_cpp(
    paths: Paths, *, settings: SettingsStore, known: Callable[[ModelKey], ModelMetadata | None], local_http: Client
) -> LlamaCpp:
    """Nothing runs and nothing is written before the lifecycle starts it. `known` gives the row of a model."""
    return LlamaCpp(
        http=local_http,
        runtime_folder=paths.runtime,
        log_folder=paths.log,
        server_path=lambda: settings.snapshot.llama_server_path,
        known=known,
    )
