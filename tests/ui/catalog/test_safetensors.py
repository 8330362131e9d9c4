"""Safetensors for vLLM in the Catalog tab: in the full profile alone they are found, explained and installed."""

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from tests.fakes.hub import HubServer
from tests.fakes.safetensors_files import config, repository
from tests.ui.catalog.desk import TINY, Desk, run_desk, settled
from tests.ui.workbench import plain
from venom_desktop.core.catalog.base import CatalogEntry, FitGrade, FitPlace, FitVerdict, Quantization
from venom_desktop.core.registry.model import ModelKey, ModelProvider
from venom_desktop.ui.catalog.chosen import Chosen
from venom_desktop.ui.catalog.presenter import NextStep, Step
from venom_desktop.ui.catalog.primary import runtime_note
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


GB = 10**9
NO_CARD = FitVerdict(
    place=FitPlace.TOO_BIG,
    grade=FitGrade.EXACT,
    runtime="vllm",
    needed_bytes=10 * GB,
    error_bytes=2 * GB,
    weights_bytes=7 * GB,
    kv_cache_bytes=GB,
    overhead_bytes=2 * GB,
    context=8192,
    kv_type="f16",
    free_bytes=0,
    total_bytes=0,
)


def on_cards(free_bytes: int, total_bytes: int) -> FitVerdict:
    """With that much of its share free."""
    return replace(
        NO_CARD,
        free_bytes=free_bytes,
        total_bytes=total_bytes,
        gpu_free_bytes=free_bytes,
        gpu_total_bytes=total_bytes,
    )


@pytest.mark.parametrize(
    ("verdict", "text", "tip"),
    [
        (NO_CARD, "Needs a GPU", "vLLM keeps the whole model in graphics memory"),
        (on_cards(0, 0), "Too few GPUs", "spread over more graphics cards than this computer has"),
        (on_cards(20 * GB, 20 * GB), "Too big", "10.0 GB of the 20.0 GB that vLLM takes, ± 2.0, context 8 192"),
        (on_cards(9 * GB, 20 * GB), "Too big", "10.0 GB of the 20.0 GB that vLLM takes, 9.0 GB of them free, ± 2.0"),
    ],
)
def test_the_pill_says_what_was_weighed_against_what(verdict: FitVerdict, text: str, tip: str) -> None:
    look = fit_look(verdict)
    assert look.text == text
    assert tip in plain(look.tip)


@pytest.mark.parametrize(
    ("verdict", "words"),
    [
        (NO_CARD, "vLLM needs a graphics card, and none was found."),
        (on_cards(0, 0), "It is set to be spread over more graphics cards than were found."),
        (on_cards(9 * GB, 9 * GB), "one answer of 8 192 tokens need 10.0 GB, and vLLM takes 9.0 GB"),
        (on_cards(9 * GB, 9 * GB), "of graphics memory. Choose less context, or raise that share in Settings."),
        (on_cards(8 * GB, 8 * GB), "of graphics memory. Choose a smaller model."),
        (
            on_cards(9 * GB, 20 * GB),
            "vLLM takes 20.0 GB of graphics memory when it starts, and 9.0 GB of them are free.",
        ),
        (on_cards(20 * GB, 20 * GB), ""),
    ],
)
def test_the_panel_says_why_it_would_not_start(verdict: FitVerdict, words: str) -> None:
    entry = CatalogEntry(provider=ModelProvider.HUGGINGFACE, model_name=REPO, display_name="Tiny", runtimes=("vllm",))
    choice = Quantization(label="safetensors", files=())
    chosen = Chosen(
        entry=entry, runtime="vllm", quantization=choice, verdicts={choice.label: verdict}, steps=(8192,), context=8192
    )
    note = plain(runtime_note(NextStep(step=Step.INSTALL), chosen))
    assert words in note
    assert bool(note) == bool(words)
