"""The first run where Ollama is here already: its models can be used at once, and whatever happens is said."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from tests.ui.catalog.two_runtimes import Desk, open_desk
from tests.ui.runtime.plain_server import RUNNING, STOPPED
from tests.ui.workbench import plain, until
from venom_desktop.core.errors import ModelNotLoaded, RuntimeUnavailable
from venom_desktop.core.operations.operation import OperationType
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.ui.catalog.beginning import is_first_time

ONE = ("gemma3:4b",)
TWO = ("gemma3:4b", "qwen3:8b")


def card_of(desk: Desk) -> tuple[str, str]:
    card = desk.tab.first_run.server_card
    return plain(card.sentence), card.button.label


async def test_a_running_server_with_one_model_is_offered_and_one_click_uses_it(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_desk(tmp_path, snapshot=RUNNING, installed=ONE) as desk:
        page = desk.tab.first_run
        assert desk.tab.is_first_run
        assert page.server_card.isVisible()
        assert not page.file_card.isVisible()
        found = "Found Ollama 0.16.3 on port 11434 with 1 model. gemma3:4b can answer right away."
        assert card_of(desk) == (found, "Use Ollama")

        page.server_card.button.click()
        await until(lambda: desk.registry.asked)
        assert desk.registry.asked == [("activate", "gemma3:4b", "ollama")]
        assert card_of(desk)[1] == "Activating…"
        assert not page.server_card.button.isEnabled()

        desk.bench.scripts[OperationType.ACTIVATE].finish()
        await until(lambda: card_of(desk)[1] == "Try a prompt")
        prompts: list[int] = []
        desk.tab.prompt_wanted.connect(lambda: prompts.append(1))
        page.server_card.button.click()
        assert prompts == [1]


async def test_of_several_models_the_last_one_used_is_meant(themed: QApplication, tmp_path: Path) -> None:
    async with open_desk(tmp_path, snapshot=STOPPED, installed=TWO) as desk:
        await desk.bench.services.active.activate(ModelKey(name="qwen3:8b", runtime="ollama"))
        await desk.bench.services.active.deactivate()
        desk.server.show(RUNNING)
        assert card_of(desk)[0].endswith("qwen3:8b can answer right away.")

        desk.tab.first_run.server_card.button.click()
        await until(lambda: desk.registry.asked)

        assert desk.registry.asked == [("activate", "qwen3:8b", "ollama")]
        desk.bench.scripts[OperationType.ACTIVATE].finish()


async def test_several_models_of_which_none_was_used_lead_to_the_list_of_them(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_desk(tmp_path, snapshot=RUNNING, installed=TWO) as desk:
        wanted: list[int] = []
        desk.tab.installed_wanted.connect(lambda: wanted.append(1))
        assert card_of(desk) == (
            "Found Ollama 0.16.3 on port 11434 with 2 models. They can be used right away.",
            "Choose a model",
        )

        desk.tab.first_run.server_card.button.click()

        assert wanted == [1]
        assert desk.registry.asked == []


async def test_a_server_that_appears_later_is_offered_then_and_taken_back_when_it_goes(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_desk(tmp_path, snapshot=STOPPED) as desk:
        page = desk.tab.first_run
        assert page.file_card.isVisible()
        assert not page.server_card.isVisible()

        desk.server.show(RUNNING)
        assert not page.server_card.isVisible()
        await desk.put("gemma3:4b")
        await until(page.server_card.isVisible)
        assert desk.tab.is_first_run
        await desk.put("qwen3:8b")
        await until(lambda: "2 models" in card_of(desk)[0])

        desk.server.show(STOPPED)
        assert not page.server_card.isVisible()
        assert page.file_card.isVisible()


@pytest.mark.parametrize("fails", ["at once", "on the way"])
async def test_an_activation_that_fails_is_told_in_the_card_and_can_be_retried(
    themed: QApplication, tmp_path: Path, fails: str
) -> None:
    async with open_desk(tmp_path, snapshot=RUNNING, installed=ONE) as desk:
        card = desk.tab.first_run.server_card
        if fails == "at once":
            desk.registry.refusal = RuntimeUnavailable(runtime="Ollama")
        else:
            problem = ModelNotLoaded(runtime="Ollama", model_name="gemma3:4b", problem="it is too big.")
            desk.bench.scripts[OperationType.ACTIVATE].fail(problem)

        card.button.click()
        await until(lambda: card.button.label == "Retry")
        assert card.sentence.startswith("Ollama is not running." if fails == "at once" else "Ollama could not load")

        desk.registry.refusal = None
        card.button.click()
        desk.bench.scripts[OperationType.ACTIVATE].finish()
        await until(lambda: card.button.label == "Try a prompt")


async def test_models_of_others_are_no_beginning_of_ours_and_the_first_of_our_own_is(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_desk(tmp_path, snapshot=RUNNING, installed=TWO) as desk:
        inventory = desk.registry.real.inventory
        assert is_first_time(inventory.snapshot)
        assert not is_first_time(replace(inventory.snapshot, active=ModelKey(name="qwen3:8b", runtime="ollama")))

        await desk.put("org/tiny:Q4_K_M", "llama_cpp")
        await until(lambda: not desk.tab.is_first_run)
