"""Servers elsewhere in the Runtime tab: a compact card each, which comes, goes and says what is wrong."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from tests.core.runtimes.remote_bench import draft
from tests.fakes.openai_server import SPEECH, OpenAiStandIn
from tests.support.accessible import unnamed
from tests.ui.runtime.desk import Desk, run_desk
from venom_desktop.core.errors import Cure
from venom_desktop.ui.runtime.remote_cards import RemoteCard

LAB = "remote-lab-box"


@pytest.fixture
def server() -> Iterator[OpenAiStandIn]:
    with OpenAiStandIn("tiny", "org/large") as made:
        yield made


def card_of(desk: Desk) -> RemoteCard:
    return desk.tab.remotes.cards[LAB]


def word(desk: Desk) -> str:
    return card_of(desk).pill.look.text


def entries(card: RemoteCard) -> list[str]:
    card.menu.aboutToShow.emit()
    return [action.text() for action in card.menu.actions() if action.text()]


def choose(card: RemoteCard, label: str) -> None:
    card.menu.aboutToShow.emit()
    next(action for action in card.menu.actions() if action.text() == label).trigger()


async def with_lab(desk: Desk, server: OpenAiStandIn) -> None:
    await desk.services.remotes.add(draft(server.url))
    await desk.until(lambda: LAB in desk.tab.remotes.cards)


def test_a_card_comes_with_its_server_and_goes_with_it(
    themed: QApplication, private_home: Path, server: OpenAiStandIn
) -> None:
    async def scenario(desk: Desk) -> None:
        assert desk.tab.remotes.isHidden()
        await with_lab(desk, server)
        await desk.until(lambda: word(desk) == "Reachable")
        await desk.until(lambda: card_of(desk).detail.text() == f"127.0.0.1:{server.port} · 2 models")
        assert desk.tab.remotes.isVisible()
        assert LAB not in desk.tab.cards
        assert unnamed(desk.tab) == []
        await desk.services.remotes.edit(LAB, draft(server.url, title="Rack"))
        await desk.until(lambda: card_of(desk).title.text() == "Rack")
        await desk.services.remotes.remove(LAB)
        await desk.until(lambda: not desk.tab.remotes.cards)
        assert desk.tab.remotes.isHidden()

    run_desk(themed, private_home, scenario, whole=True)


def test_its_model_is_activated_and_answers_the_prompt(
    themed: QApplication, private_home: Path, server: OpenAiStandIn
) -> None:
    async def scenario(desk: Desk) -> None:
        await with_lab(desk, server)
        await desk.services.registry.activate_model("tiny", LAB)
        await desk.until(lambda: card_of(desk).detail.text() == "Active · tiny answers here")
        assert [row.runtime_title for row in desk.tab.loaded.rows.rows] == ["Lab box"]
        await desk.ask("Good day?")
        await desk.ended()
        assert desk.answer == "".join(SPEECH)
        await desk.services.registry.deactivate()
        await desk.until(lambda: "Activate tiny" in entries(card_of(desk)))
        choose(card_of(desk), "Activate tiny")
        await desk.until(lambda: card_of(desk).detail.text() == "Active · tiny answers here")

    run_desk(themed, private_home, scenario, whole=True)


def test_a_server_that_goes_says_so_with_the_way_to_mend_it(
    themed: QApplication, private_home: Path, server: OpenAiStandIn
) -> None:
    async def scenario(desk: Desk) -> None:
        await with_lab(desk, server)
        await desk.until(lambda: word(desk) == "Reachable")
        server.go_down()
        choose(card_of(desk), "Ask it again")
        await desk.until(lambda: word(desk) == "Not reachable")
        assert "does not answer at" in card_of(desk).detail.text()
        choose(card_of(desk), "Remote servers…")
        assert desk.cures == [Cure.OPEN_REMOTES]
        server.come_back()
        choose(card_of(desk), "Ask it again")
        await desk.until(lambda: word(desk) == "Reachable")

    run_desk(themed, private_home, scenario, whole=True)


def test_a_server_elsewhere_offers_neither_start_nor_pin(
    themed: QApplication, private_home: Path, server: OpenAiStandIn
) -> None:
    async def scenario(desk: Desk) -> None:
        await with_lab(desk, server)
        await desk.services.registry.activate_model("tiny", LAB)
        await desk.until(lambda: desk.tab.loaded.rows.rows)
        [row] = desk.tab.loaded.rows.rows
        assert not row.keeps
        assert not any("Start" in entry or "Stop" in entry for entry in entries(card_of(desk)))

    run_desk(themed, private_home, scenario, whole=True)
