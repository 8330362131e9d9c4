"""vLLM at a desk: where its program is, and a model that it can serve."""

from pathlib import Path

from tests.fakes.vllm import write_model
from tests.ui.runtime.desk import Desk
from venom_desktop.core.registry.model import ModelKey, ModelMetadata, ModelProvider
from venom_desktop.core.runtimes.control.ports import free_port

VLLM = "vllm"
KEY = ModelKey(name="acme/small", runtime=VLLM)


def vllm_environ(folder: Path) -> dict[str, str]:
    """Where vLLM is, and at which port."""
    return {
        "PATH": str(folder / "bin"),
        "VLLM_PORT": str(free_port()),
        "OLLAMA_PORT": str(free_port()),
        "VENOM_RUNTIME_PROFILE": "full",
    }


async def installed(desk: Desk, folder: Path) -> None:
    """A model that the stand-in can serve, in the list."""
    write_model(folder / "models" / "acme--small", context=40960)
    model = ModelMetadata(
        name=KEY.name,
        provider=ModelProvider.HUGGINGFACE,
        display_name="small",
        runtime=VLLM,
        local_path=folder / "models" / "acme--small",
        size_bytes=1000,
    )
    await desk.services.registry.manifest.put(model)
    await desk.until(lambda: VLLM in desk.tab.cards)


async def activated(desk: Desk) -> None:
    await desk.services.registry.start_activation(KEY.name, VLLM)
