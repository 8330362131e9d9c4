"""Whether there is something newer: asked when the user asks, told as it comes, forgotten when it no longer holds."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.core.registry.shelf import DONE, MANIFEST, Shop, digest, layer, open_shop, remote
from venom_desktop.core.errors import InvalidInput, SourceUnreachable
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType
from venom_desktop.core.registry.model import ModelCapabilities, ModelKey, ModelProvider
from venom_desktop.core.registry.updates import Updates, UpdateStatus

LLAMA = ModelKey(name="llama3:latest", runtime="ollama")


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(tmp_path) as shop:
        shop.shelf.put("llama3:latest", number=1)
        await shop.shelf.refresh()
        shop.registries.models["llama3:latest"] = remote("llama3:latest", 100, 20, number=2)
        yield shop


async def _update(shop: Shop) -> ModelOperation:
    return await shop.operations.wait(await shop.stored.pulling.update("llama3"))


async def test_nobody_is_asked_before_the_user_asks(shop: Shop) -> None:
    assert shop.registries.asked == []
    assert dict(shop.stored.updates.snapshot) == {}


async def test_another_digest_is_an_update_and_the_same_is_none(shop: Shop) -> None:
    shop.shelf.put("gemma3:4b", number=5)
    await shop.shelf.refresh()
    shop.registries.models["gemma3:4b"] = remote("gemma3:4b", 10, number=5)
    found = await shop.stored.updates.check()
    assert found[LLAMA].status is UpdateStatus.AVAILABLE
    assert found[LLAMA].size_bytes == 120
    assert found[ModelKey(name="gemma3:4b", runtime="ollama")].status is UpdateStatus.CURRENT


async def test_a_registry_that_calls_the_same_content_otherwise_is_believed(shop: Shop) -> None:
    row = replace(shop.inventory.find("llama3"), source_revision=digest(2))
    await shop.manifest.put(row)
    assert (await shop.stored.updates.check())[LLAMA].status is UpdateStatus.CURRENT


async def test_a_registry_that_does_not_answer_leaves_it_unknown_and_says_why(shop: Shop) -> None:
    shop.registries.failure = SourceUnreachable(source="The registry")
    state = (await shop.stored.updates.check())[LLAMA]
    assert state.status is UpdateStatus.UNKNOWN
    assert isinstance(state.error, SourceUnreachable)
    assert state.checked_at.tzinfo is not None


async def test_at_most_four_are_asked_at_a_time_and_each_answer_is_told(shop: Shop) -> None:
    for number in range(20):
        shop.shelf.put(f"model:{number}", number=number + 10)
    await shop.shelf.refresh()
    heard: list[Updates] = []
    shop.stored.updates.changed.subscribe(heard.append)
    first, _ = await asyncio.gather(shop.stored.updates.check(), shop.stored.updates.check())
    assert len(first) == 21
    assert shop.registries.most_at_once == 4
    assert [len(updates) for updates in heard][:21] == list(range(1, 22))


async def test_models_made_here_are_nobodys_to_ask_about(shop: Shop) -> None:
    shop.shelf.put("mine:latest", provider=ModelProvider.LOCAL)
    await shop.shelf.refresh()
    assert list(await shop.stored.updates.check()) == [LLAMA]
    with pytest.raises(InvalidInput):
        await shop.stored.pulling.update("mine")


async def test_what_was_said_about_a_model_goes_with_it(shop: Shop) -> None:
    await shop.stored.updates.check()
    heard: list[Updates] = []
    shop.stored.updates.changed.subscribe(heard.append)
    shop.shelf.put("llama3:latest", number=2)
    await shop.shelf.refresh()
    assert [dict(updates) for updates in heard] == [{}]


async def test_an_update_pulls_again_and_keeps_what_was_set_by_hand(shop: Shop) -> None:
    overrides = ModelCapabilities(supports_vision=True)
    await shop.manifest.put(replace(shop.inventory.find("llama3"), overrides=overrides))
    await shop.stored.updates.check()

    async def newer() -> None:
        shop.shelf.put("llama3:latest", number=2)

    shop.shelf.scripts.append([MANIFEST, layer(1, 100, 100), newer, DONE])
    done = await _update(shop)
    assert (done.operation_type, done.status, done.can_pause) == (
        OperationType.UPDATE,
        OperationStatus.COMPLETED,
        True,
    )
    assert "next load" in done.message
    row = shop.inventory.find("llama3")
    assert (row.revision, row.overrides) == (digest(2), overrides)
    assert dict(shop.stored.updates.snapshot) == {}


async def test_an_update_of_what_is_current_says_so(shop: Shop) -> None:
    assert "newest" in (await _update(shop)).message


async def test_a_failed_update_leaves_the_model_as_it_was(shop: Shop) -> None:
    shop.shelf.scripts.append([MANIFEST, SourceUnreachable(source="The registry")])
    assert (await _update(shop)).reason_code == "SOURCE_UNREACHABLE"
    assert shop.inventory.find("llama3").revision == digest(1)


async def test_only_models_of_a_store_are_updated(shop: Shop) -> None:
    await shop.manifest.put(replace(shop.inventory.find("llama3"), name="ours", runtime="llama_cpp"))
    with pytest.raises(InvalidInput):
        await shop.stored.pulling.update("ours")
