"""Working offline: nothing is asked of anybody else, whatever is pressed. No test can leave this machine unnoticed."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from venom_desktop.app.compose import Composition, build
from venom_desktop.app.paths import Paths
from venom_desktop.core.catalog.base import CatalogQuery
from venom_desktop.core.errors import StayingOffline, VenomError
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.runtimes.remote_base import RemoteDraft, RemoteKind
from venom_desktop.core.secrets.masking import Redactor

REPO = "lab/Model-GGUF"


@pytest.fixture
async def built(private_home: Path) -> AsyncIterator[Composition]:
    """A home whose sources are the real ones, far away."""
    paths = Paths.from_environment(os.environ)
    paths.make_private()
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "VENOM_OLLAMA_"))}
    built = build(paths, environ, redactor=Redactor())
    await built.services.settings.set("offline", True)
    await built.lifecycle.start()
    yield built
    await built.lifecycle.stop()


async def test_nothing_leaves_the_machine_whatever_is_asked(built: Composition, no_outside_network: list[str]) -> None:
    services = built.services
    hub, library = services.hugging_face, built.ollama.library
    far_away = RemoteDraft(title="Far", kind=RemoteKind.OPENAI, url="https://models.example.com")
    asked: dict[str, Callable[[], Awaitable[object]]] = {
        "details": lambda: hub.details(REPO, refresh=True),
        "tags": lambda: library.details("gemma3", refresh=True),
        "address of the hub": lambda: built.account.try_endpoint("https://huggingface.co"),
        "server elsewhere": lambda: services.remotes.try_out(far_away),
    }
    for what, ask in asked.items():
        with pytest.raises(StayingOffline):
            await ask()
        assert no_outside_network == [], what
    for catalog in services.catalogs.values():
        page = await catalog.list_models(CatalogQuery(), refresh=True)
        assert page.stale
        assert isinstance(page.error, StayingOffline)
    for model, provider, runtime in (
        (f"{REPO}:Q8_0", ModelProvider.HUGGINGFACE, "llama_cpp"),
        ("gemma3:4b", ModelProvider.OLLAMA, "ollama"),
    ):
        assert await _failure_of_install(built, model, provider, runtime) == "STAYING_OFFLINE"
    assert no_outside_network == []


async def _failure_of_install(built: Composition, model: str, provider: ModelProvider, runtime: str) -> str | None:
    registry = built.services.registry
    try:
        operation: ModelOperation = await registry.wait(await registry.install_model(model, provider, runtime))
    except VenomError as error:
        return error.reason_code
    assert operation.status is OperationStatus.FAILED
    return operation.reason_code
