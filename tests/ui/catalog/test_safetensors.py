"""Safetensors for vLLM in the Catalog tab: in the full profile alone they are found, explained and installed."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from tests.fakes.hub import HubServer
from tests.fakes.safetensors_files import config, repository
from tests.ui.catalog.desk import TINY, Desk, run_desk, settled
from venom_desktop.core.catalog.base import FitGrade, FitPlace, FitVerdict
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.ui.widgets import fit_look

FULL = {"VENOM_RUNTIME_PROFILE": "full"}
REPO = "org/tiny-qwen"


@pytest.fixture
def both(filled: HubServer) -> HubServer:
    filled.add_repo(REPO, repository(), downloads=3_000_000)
    return filled


async def _chosen(desk: Desk, name: str = REPO) -> None:
    desk.tab.list.filters.runtime.choose("vllm")
    await desk.until(lambda: name in desk.names)
    desk.tab.list.table.select_row(desk.names.index(name))
    await desk.until(lambda: "·" in desk.button)


def test_choosing_vllm_lists_what_it_runs_and_one_press_installs_it(
    themed: QApplication, both: HubServer, tmp_path: Path
) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)
        assert REPO not in desk.names
        assert not desk.tab.list.filters.runtime.isHidden()
        await _chosen(desk)

        assert desk.names == [REPO]
        assert desk.button.startswith("Install safetensors · ")
        assert desk.tab.details.runtime.value == "vllm"
        assert "supports Qwen2ForCausalLM" in desk.tab.details.runtime_note

        desk.tab.details.primary.click()
        await desk.until(lambda: desk.button == "Installed · Activate")
        assert desk.services.registry.manifest[REPO].key == ModelKey(name=REPO, runtime="vllm")

        desk.tab.list.filters.clear()
        await desk.until(lambda: TINY in desk.names)
        assert REPO not in desk.names

    run_desk(themed, both, tmp_path / "home", scenario, environ=FULL)


def test_an_unknown_architecture_and_own_code_are_said_beside_the_button(
    themed: QApplication, both: HubServer, tmp_path: Path
) -> None:
    new = config("BrandNewForCausalLM", auto_map={"AutoModelForCausalLM": "modeling_new.New"})
    both.add_repo("org/New", repository(config__json=new))

    async def scenario(desk: Desk) -> None:
        await settled(desk)
        await _chosen(desk, "org/New")

        note = desk.tab.details.runtime_note
        assert "vLLM may not know the architecture BrandNewForCausalLM" in note
        assert "code of its own" in note
        assert desk.tab.details.primary.isEnabled()

    run_desk(themed, both, tmp_path / "home", scenario, environ=FULL)


def test_the_light_profile_shows_no_vllm(themed: QApplication, both: HubServer, tmp_path: Path) -> None:
    async def scenario(desk: Desk) -> None:
        await settled(desk)
        assert desk.tab.list.filters.runtime.isHidden()
        titles = [action.text() for action in desk.tab.list.filters.more.menu_now().actions()]
        assert "Run with" not in titles
        assert REPO not in desk.names

        desk.tab.list.search.setText(REPO)
        await desk.until(lambda: desk.names == [REPO])
        desk.tab.list.table.select_row(0)
        await desk.until(lambda: not desk.tab.details.banner.isHidden())
        assert not desk.tab.details.runtime.isVisible()
        assert not desk.tab.details.primary.isEnabled()
        assert "vLLM" not in desk.tab.details.primary.toolTip()

    run_desk(themed, both, tmp_path / "home", scenario)


def test_without_a_card_the_pill_says_what_is_missing() -> None:
    verdict = FitVerdict(
        place=FitPlace.TOO_BIG,
        grade=FitGrade.ESTIMATED,
        runtime="vllm",
        needed_bytes=1,
        error_bytes=0,
        weights_bytes=1,
        kv_cache_bytes=0,
        overhead_bytes=0,
        context=1,
        kv_type="f16",
        free_bytes=0,
        total_bytes=0,
    )
    look = fit_look(verdict)
    assert look.text == "Needs a GPU"
    assert "graphics memory" in look.tip
