"""Fixtures of the stand-ins, for every test through `pytest_plugins` of the root conftest."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.gguf_files import write_tiny_llama
from tests.fakes.hub import HubServer
from tests.fakes.ollama_server import OllamaStandIn
from tests.fakes.systemd import FakeSystemd


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


@pytest.fixture
def fake_systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSystemd]:
    """A systemd without units, on PATH in place of the machine's own; the account's are under the test's folder.

    What it started ends with the test: name it after whatever watches its units.
    """
    fake = FakeSystemd(tmp_path / "manager")
    monkeypatch.setenv("PATH", f"{fake.folder}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    yield fake
    fake.end()


@pytest.fixture(scope="session")
def tiny_llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GGUF of 0.5 MB that llama.cpp loads; tests read it and leave it as it is."""
    return write_tiny_llama(tmp_path_factory.mktemp("gguf") / "tiny-Q8_0.gguf")
