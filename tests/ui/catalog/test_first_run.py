"""From nothing installed to an answering model in one click."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.fakes.hub import HubServer
from tests.ui.catalog.desk import TINY, Desk, run_desk, tiny_hub
from tests.ui.catalog.rows import GB, host, operation
from venom_desktop.core.catalog.recommended import Recommendation
from venom_desktop.core.host.sample import GpuSample, HostSample
from venom_desktop.core.operations.operation import OperationStatus
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.ui.catalog.first_run import FirstRunPage
from venom_desktop.ui.catalog.first_start import Phase, Start, Suggestion
from venom_desktop.ui.catalog.first_words import machine_sentence
from venom_desktop.ui.widgets import Button

FIRST = Recommendation(title="Tiny", model_name=f"{TINY}:Q8_0", size_bytes=500_000, memory_bytes=100_000_000)
HUGE = Recommendation(title="Huge", model_name="org/huge:Q8_0", size_bytes=None, memory_bytes=900_000 * GB)
GEMMA = Suggestion(model_name="org/gemma:Q4_K_M", title="Gemma 3 4B", size_bytes=3_300_000_000)


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_one_click_installs_activates_and_offers_a_prompt(themed: QApplication, hub: HubServer, tmp_path: Path) -> None:
    tiny_hub(hub, tmp_path)

    async def scenario(desk: Desk) -> None:
        card = desk.tab.first_run.card
        asked: list[int] = []
        desk.tab.prompt_wanted.connect(lambda: asked.append(1))
        assert desk.tab.is_first_run
        await desk.until(lambda: plain(card.button.label).startswith("Install · "))

        card.button.click()
        assert not card.button.isEnabled()
        await desk.until(lambda: card.button.label == "Try a prompt")

        assert desk.tab.is_first_run
        assert desk.services.active.snapshot.key == ModelKey(name=FIRST.model_name, runtime="llama_cpp")
        card.button.click()
        assert asked == [1]

    run_desk(themed, hub, tmp_path / "home", scenario, recommended=[HUGE, FIRST])


def test_a_failed_download_is_told_in_the_card_and_can_be_retried(
    themed: QApplication, hub: HubServer, tmp_path: Path
) -> None:
    tiny_hub(hub, tmp_path)

    async def scenario(desk: Desk) -> None:
        card = desk.tab.first_run.card
        await desk.until(card.button.isEnabled)
        hub.lie_about(TINY, "tiny-Q8_0.gguf", sha256="0" * 64)
        card.button.click()
        await desk.until(lambda: card.button.label == "Retry")
        assert "checksum" in card.sentence

        hub.replace_file(TINY, "tiny-Q8_0.gguf", (tmp_path / "tiny-Q8_0.gguf").read_bytes())
        card.button.click()
        await desk.until(lambda: card.button.label == "Try a prompt")

    run_desk(themed, hub, tmp_path / "home", scenario, recommended=[FIRST])


def test_browsing_leaves_the_page_and_installed_models_never_show_it(
    themed: QApplication, hub: HubServer, tmp_path: Path
) -> None:
    tiny_hub(hub, tmp_path)

    async def first(desk: Desk) -> None:
        desk.tab.first_run.browse.click()
        assert not desk.tab.is_first_run
        await desk.services.registry.wait(await desk.services.registry.install_model(FIRST.model_name))

    async def second(desk: Desk) -> None:
        assert not desk.tab.is_first_run

    run_desk(themed, hub, tmp_path / "home", first)
    run_desk(themed, hub, tmp_path / "home", second)


def test_a_model_installed_elsewhere_opens_the_catalog(themed: QApplication, hub: HubServer, tmp_path: Path) -> None:
    tiny_hub(hub, tmp_path)

    async def scenario(desk: Desk) -> None:
        assert desk.tab.is_first_run
        await desk.services.registry.install_model(f"{TINY}:Q4_K_M")
        await desk.until(lambda: not desk.tab.is_first_run)

    run_desk(themed, hub, tmp_path / "home", scenario)


def test_without_a_fitting_model_the_card_leads_to_the_catalog(
    themed: QApplication, hub: HubServer, tmp_path: Path
) -> None:
    async def scenario(desk: Desk) -> None:
        card = desk.tab.first_run.card
        await desk.until(lambda: card.button.label == "Browse the catalog")
        assert "fits into the memory that is free now" in card.sentence
        card.button.click()
        assert not desk.tab.is_first_run

    run_desk(themed, hub, tmp_path / "home", scenario, recommended=[HUGE])


def test_a_hub_without_the_suggested_models_is_not_taken_for_a_lack_of_memory(
    themed: QApplication, hub: HubServer, tmp_path: Path
) -> None:
    async def scenario(desk: Desk) -> None:
        card = desk.tab.first_run.card
        await desk.until(lambda: card.button.label == "Browse the catalog")
        assert card.sentence.startswith("None of the suggested models was found on this hub.")
        assert "memory" not in card.sentence
        card.button.click()
        assert not desk.tab.is_first_run

    run_desk(themed, hub, tmp_path / "home", scenario, recommended=[FIRST])


def test_without_a_shipped_list_nothing_is_claimed_about_the_machine(
    themed: QApplication, hub: HubServer, tmp_path: Path
) -> None:
    async def scenario(desk: Desk) -> None:
        card = desk.tab.first_run.card
        await desk.until(lambda: card.button.label == "Browse the catalog")
        assert card.sentence.startswith("There is no suggestion")

    run_desk(themed, hub, tmp_path / "home", scenario)


def test_a_silent_hub_is_named_and_asked_again_on_demand(themed: QApplication, hub: HubServer, tmp_path: Path) -> None:
    tiny_hub(hub, tmp_path)
    hub.go_down()

    async def scenario(desk: Desk) -> None:
        card = desk.tab.first_run.card
        await desk.until(lambda: card.button.label == "Try again")
        assert card.sentence.startswith("Hugging Face does not answer.")
        assert "came with the app" in card.sentence
        assert plain(card.second.label) == "Install anyway · ≈ 500 KB"

        card.second.click()
        await desk.until(lambda: card.button.label == "Retry")
        assert card.sentence.startswith("Hugging Face does not answer.")

        hub.come_back()
        card.button.click()
        await desk.until(lambda: card.button.label == "Try a prompt")

    run_desk(themed, hub, tmp_path / "home", scenario, recommended=[FIRST])


def test_trying_again_takes_the_suggestion_from_the_hub(themed: QApplication, hub: HubServer, tmp_path: Path) -> None:
    tiny_hub(hub, tmp_path)
    hub.go_down()

    async def scenario(desk: Desk) -> None:
        card = desk.tab.first_run.card
        await desk.until(lambda: card.button.label == "Try again")
        hub.come_back()
        card.button.click()
        await desk.until(lambda: plain(card.button.label).startswith("Install · "))
        assert card.second.isHidden()

    run_desk(themed, hub, tmp_path / "home", scenario, recommended=[FIRST])


def test_a_file_of_the_users_own_is_asked_for_and_nothing_else_is_promised(themed: QApplication, qtbot: QtBot) -> None:
    page = FirstRunPage()
    qtbot.addWidget(page)

    with qtbot.waitSignal(page.import_wanted):
        page.file_card.button.click()

    page.show_start(Start(phase=Phase.OFFERED, suggestion=GEMMA))
    assert [button.label for button in page.findChildren(Button) if not button.isEnabled()] == []


def test_the_sentence_tells_what_the_machine_has() -> None:
    sentence = plain(machine_sentence(host(total_bytes=32 * GB)))

    assert sentence == (
        "This computer has 8 cores, 32.0 GB of memory and no graphics card that models can use. "
        "Small models will answer well."
    )


def test_a_graphics_card_that_the_engine_cannot_use_is_named() -> None:
    base = host()
    card = GpuSample(index=0, name="RTX 4070", load_percent=1, memory_used_bytes=1, memory_total_bytes=12 * GB)
    sample = HostSample(
        taken_at=base.taken_at,
        cpu_percent=1,
        cpu_count=1,
        memory_total_bytes=4 * GB,
        memory_available_bytes=2 * GB,
        gpus=(card,),
    )

    sentence = plain(machine_sentence(sample))

    assert "does not use its RTX 4070, and Ollama does." in sentence
    assert sentence.startswith("This computer has 1 core and")
    assert sentence.endswith("Very small models will answer.")


@pytest.mark.parametrize(
    ("start", "button", "enabled"),
    [
        (Start(), "Install", False),
        (Start(phase=Phase.NOTHING_FITS), "Browse the catalog", True),
        (Start(phase=Phase.NOT_FOUND), "Browse the catalog", True),
        (Start(phase=Phase.NO_SUGGESTION), "Browse the catalog", True),
        (Start(phase=Phase.OFFLINE, suggestion=GEMMA), "Try again", True),
        (Start(phase=Phase.OFFERED, suggestion=GEMMA), "Install · 3.3 GB", True),
        (Start(phase=Phase.INSTALLING, suggestion=GEMMA), "Installing…", False),
        (Start(phase=Phase.PAUSED, suggestion=GEMMA), "Resume", True),
        (Start(phase=Phase.ACTIVATING, suggestion=GEMMA), "Activating…", False),
        (Start(phase=Phase.READY, suggestion=GEMMA), "Try a prompt", True),
    ],
)
def test_the_card_names_its_next_verb(
    themed: QApplication, qtbot: QtBot, start: Start, button: str, enabled: bool
) -> None:
    page = FirstRunPage()
    qtbot.addWidget(page)

    page.show_start(start)

    assert (plain(page.card.button.label), page.card.button.isEnabled()) == (button, enabled)


def test_progress_shows_percent_speed_and_time_left(themed: QApplication, qtbot: QtBot) -> None:
    page = FirstRunPage()
    qtbot.addWidget(page)
    running = operation(GEMMA.model_name, progress=43.0, bytes_per_s=38e6, eta_s=49.0)

    page.show_start(Start(phase=Phase.INSTALLING, suggestion=GEMMA, operation=running))

    assert plain(page.card.figures) == "43 % · 38 MB/s · 49 s left"
    paused = operation(GEMMA.model_name, status=OperationStatus.PAUSED, done_bytes=1 * GB, total_bytes=2 * GB)
    page.show_start(Start(phase=Phase.PAUSED, suggestion=GEMMA, operation=paused))
    assert plain(page.card.figures) == "Paused · 1.0 of 2.0 GB"


@pytest.mark.parametrize("phase", [Phase.OFFERED, Phase.NOT_FOUND])
def test_the_buttons_of_the_cards_stand_in_one_line(themed: QApplication, qtbot: QtBot, phase: Phase) -> None:
    page = FirstRunPage()
    qtbot.addWidget(page)
    page.resize(1280, 700)
    page.show_start(Start(phase=phase, suggestion=GEMMA))
    page.show()
    qtbot.waitExposed(page)

    large = [button for button in page.findChildren(Button) if button.property("large") and button.isVisible()]

    assert len(large) == 2
    assert len({button.mapTo(page, button.rect().bottomLeft()).y() for button in large}) == 1


def test_the_way_to_the_catalog_is_offered_once(themed: QApplication, qtbot: QtBot) -> None:
    page = FirstRunPage()
    qtbot.addWidget(page)
    page.show()

    for phase in (Phase.OFFERED, Phase.NOT_FOUND, Phase.OFFERED):
        page.show_start(Start(phase=phase, suggestion=GEMMA))
        ways = [button.label for button in page.findChildren(Button) if button.isVisible()]
        assert ways.count("Browse the catalog") == 1
