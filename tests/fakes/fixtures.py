"""Fixtures of the stand-ins, for every test through `pytest_plugins` of the root conftest."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.gguf_files import write_tiny_llama
from tests.fakes.hub import HubServer
from tests.fakes.ollama_server import OllamaStandIn


@pytest.fixture
def hub() -> Iterator[HubServer]:
    """An empty hub that serves large files itself."""
    with HubServer() as server:
        yield server


@pytest.fixture
def hub_with_cdn() -> Iterator[HubServer]:
    """An empty hub that redirects large files to a second host, as huggingface.co does."""
    with HubServer(cdn=True) as server:
        yield server


@pytest.fixture
def ollama(tmp_path: Path) -> Iterator[OllamaStandIn]:
    """An Ollama server without models."""
    with OllamaStandIn(tmp_path / "ollama-models") as server:
        yield server


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GGUF of 0.5 MB that llama.cpp loads; tests read it and leave it as it is."""
    return write_tiny_llama(tmp_path_factory.mktemp("gguf") / "tiny-Q8_0.gguf")
