"""A script's verbs on Ollama's models, over a server of somebody else's that speaks its wire."""

import os
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.oci_registry import OciRegistryServer
from tests.fakes.ollama_process import install_ollama
from tests.fakes.ollama_server import OllamaStandIn
from venom_desktop import ModelProvider, ModelRegistry, OperationStatus
from venom_desktop.core.errors import ProgramMissing, UnknownRuntime
from venom_desktop.core.registry.model import ModelCapabilities, ModelKey
from venom_desktop.core.registry.updates import UpdateStatus
from venom_desktop.core.runtimes.control.ports import free_port, port_holder

TINY = ModelKey(name="tiny:latest", runtime="ollama")


@pytest.fixture
async def ollama(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OllamaStandIn]:
    async with OllamaStandIn(tmp_path / "ollama") as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        yield server


@pytest.fixture
async def registry(
    ollama: OllamaStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[ModelRegistry]:
    with OciRegistryServer() as library:
        monkeypatch.setenv("VENOM_OLLAMA_REGISTRY_URL", library.url)
        library.publish_manifest("library/tiny:latest", ollama.publish("tiny", layers=(1_000_000,)).manifest)
        async with ModelRegistry(models_dir=tmp_path / "models") as registry:
            yield registry


async def test_a_script_installs_activates_checks_and_removes(registry: ModelRegistry, ollama: OllamaStandIn) -> None:
    operation_id = await registry.install_model(model_name="tiny", provider=ModelProvider.OLLAMA)
    done = await registry.wait(operation_id)
    assert (done.status, done.error, done.runtime) == (OperationStatus.COMPLETED, None, "ollama")
    assert done.total_bytes is not None
    assert done.total_bytes > 1_000_000
    assert registry.get_model_capabilities("tiny").max_context_length == 8192
    assert (await registry.check_updates())[TINY].status is UpdateStatus.CURRENT
    assert registry.updates[TINY].revision == registry.inventory.find("tiny").revision
    assert await registry.activate_model("tiny", "ollama")
    assert registry.inventory.snapshot.active == TINY
    await registry.deactivate()
    removed = await registry.wait(await registry.remove_model("tiny"))
    assert (removed.status, removed.error) == (OperationStatus.COMPLETED, None)
    assert registry.inventory.snapshot.models == ()


async def test_a_script_handles_what_another_program_has_brought(
    registry: ModelRegistry, ollama: OllamaStandIn, tiny_llama: Path
) -> None:
    ollama.add_model("theirs", seed="theirs")
    vision = ModelCapabilities(supports_vision=True)
    assert (await registry.set_model_capabilities("theirs", vision)).supports_vision is True
    assert (await registry.copy_model("theirs", "second")).name == "second:latest"
    assert (await registry.rename_model("theirs", "third")).name == "third:latest"
    assert registry.get_model_capabilities("third").supports_vision is True
    assert (await registry.wait(await registry.create_model(tiny_llama, "own"))).status is OperationStatus.COMPLETED
    assert {row.name for row in registry.inventory.snapshot.models} == {"second:latest", "third:latest", "own:latest"}
    done = await registry.wait(await registry.remove_model("second"))
    assert (done.status, done.error) == (OperationStatus.COMPLETED, None)


async def test_pairs_that_do_not_belong_together_are_refused(registry: ModelRegistry) -> None:
    with pytest.raises(UnknownRuntime, match="llama_cpp, ollama"):
        await registry.install_model("org/repo:Q4_0", ModelProvider.HUGGINGFACE, "warp")
    with pytest.raises(UnknownRuntime, match="ollama"):
        await registry.install_model("tiny", ModelProvider.OLLAMA, "llama_cpp")


async def test_a_script_needs_no_window_to_start_the_server_and_ends_it_whatever_servers_do_after_a_quit(
    tmp_path: Path, private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (private_home / "config").mkdir(parents=True)
    (private_home / "config" / "settings.json").write_text('{"keep_running_after_quit": true}')
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{install_ollama(tmp_path / 'bin').parent}{os.pathsep}{os.environ['PATH']}")
    port = free_port()
    monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{port}")
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "ollama"))
    async with ModelRegistry(models_dir=tmp_path / "models") as registry:
        done = await registry.wait(await registry.install_model("nobody-has-it", ModelProvider.OLLAMA))
        assert done.reason_code == "UNKNOWN_LIBRARY_MODEL"
        assert port_holder("127.0.0.1", port) is not None
    assert port_holder("127.0.0.1", port) is None


async def test_a_program_that_is_missing_is_said_before_anything_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VENOM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PATH", str(tmp_path))
    async with ModelRegistry(models_dir=tmp_path / "models") as registry:
        if shutil.which("ollama", path="/usr/local/bin:/usr/bin") is None:
            with pytest.raises(ProgramMissing):
                await registry.install_model("tiny", ModelProvider.OLLAMA)
