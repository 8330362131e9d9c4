"""Every end that vLLM explains in its log is told in one sentence, with the figures that decided it and what to do."""

from pathlib import Path

import pytest

from tests.fakes import vllm_log as log
from venom_desktop.core.errors import (
    Cure,
    IncompleteModel,
    NoGraphicsCard,
    OutOfGraphicsMemory,
    RuntimeDied,
    UnfitModel,
    UnfitSettings,
    VenomError,
)
from venom_desktop.core.runtimes.control.base import Exit
from venom_desktop.core.runtimes.vllm_failures import explain

BEFORE = (log.VERSION_LINE.format(model="/srv/m"), log.CONFIG_LINE.format(model="/srv/m"), log.shard(3, 3), log.LOADED)
MEMORY = "vLLM ran out of graphics memory: "


def told(*lines: str) -> VenomError | None:
    return explain(Exit(code=1, lines=(*BEFORE, *log.ended_with(*lines))))


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (
            log.FULL_CARD,
            "it wanted 21.6 GB, 5.6 GB were free. Lower its share from 0.85 to 0.22, or end what else holds graphics "
            "memory.",
        ),
        (
            log.SMALL_CACHE,
            "it wanted 10.2 GB for the context, 5.6 GB were free. Lower the context to 71 872 tokens, or raise its "
            "share of the graphics memory by 4.6 GB.",
        ),
        (
            log.NO_CACHE,
            "the weights left nothing for the context. Raise its share of the graphics memory, or choose a smaller "
            "model or quantization.",
        ),
        (
            log.OLD_CACHE,
            "it wanted a context of 131 072 tokens, 22 176 fit. Lower the context to 22 176 tokens, or raise its share "
            "of the graphics memory.",
        ),
        (
            log.ALLOCATION,
            "it wanted 2.1 GB more, 1.3 GB were free. Lower the context or the answers at once, end what else holds "
            "it, or choose a smaller model.",
        ),
        (
            log.WARM_UP,
            "the model does not fit. Lower the context or the answers at once, end what else holds it, or choose a "
            "smaller model.",
        ),
    ],
    ids=["full card", "small cache", "no cache", "old cache", "allocation", "warm-up"],
)
def test_too_little_graphics_memory_is_told_in_gb_with_what_to_lower(line: str, sentence: str) -> None:
    error = told(line)
    assert isinstance(error, OutOfGraphicsMemory)
    assert str(error).replace("\u00a0", " ") == MEMORY + sentence
    assert error.cures[0] is Cure.LOWER_MEMORY


def test_a_notice_of_a_crash_has_the_figures_and_the_advice() -> None:
    error = told(log.SMALL_CACHE)
    assert error is not None
    notice = RuntimeDied(name="vllm", runtime="vLLM", explanation=error.parameters["explanation"])
    assert "it wanted 10.2\u00a0GB" in str(notice)
    assert "Lower the context to 71\u00a0872 tokens" in str(notice)


def test_what_would_fit_is_told_as_figures_too() -> None:
    cache, card = told(log.SMALL_CACHE), told(log.FULL_CARD)
    assert cache is not None
    assert card is not None
    assert (cache.parameters["context"], cache.parameters["share"]) == (71872, None)
    assert (card.parameters["context"], card.parameters["share"]) == (None, 0.22)


def test_a_cache_without_an_estimate_gives_one_by_proportion() -> None:
    """Versions before 0.9 say what is needed and free, and not what fits."""
    line = log.SMALL_CACHE.replace(
        "Based on the available memory, the estimated maximum model length is 71872. ", ""
    ).replace("GiB", "GB")
    error = told(line)
    assert error is not None
    assert error.parameters["context"] == 71872
    assert "to about 71\u00a0872 tokens" in str(error)


@pytest.mark.parametrize(
    ("line", "kind", "sentence"),
    [
        (log.NO_CARD, NoGraphicsCard, "vLLM found no graphics card that it can use. Check its driver, or"),
        (log.NO_DEVICE, NoGraphicsCard, "vLLM found no graphics card that it can use."),
        (log.ARCHITECTURE, UnfitModel, "does not know the architecture MambaFutureForCausalLM. A newer one may."),
        (log.LEFT_ARCHITECTURE, UnfitModel, "It ran MotifForCausalLM until version 0.10.2."),
        (log.TRANSFORMERS, UnfitModel, "does not know the architecture tomorrow."),
        (log.REMOTE_CODE, UnfitSettings, "The model brings code of its own. Allow that code in its settings if"),
        (log.CHAT_TEMPLATE, UnfitSettings, "The chat template /srv/templates/none.jinja cannot be read."),
        (log.HEADS, UnfitSettings, "Its 14 attention heads cannot be split over 4 GPUs. Use 1, 2, 7 or 14."),
        (log.FEW_CARDS, UnfitSettings, "It was to use 8 GPUs and 2 are there."),
        (log.NO_GROUP, UnfitSettings, "The Ray cluster does not have 8 GPUs free."),
        (log.NO_RAY, UnfitSettings, "No Ray cluster answers at its address."),
        (log.NO_RAY_MODULE, UnfitSettings, "Ray is not installed in its environment."),
        (log.LONG_CONTEXT, UnfitSettings, "The model holds 8 192 tokens and 32 768 were asked for. Lower the context."),
        (log.BAD_PATH, IncompleteModel, "There is no folder /srv/models/none. Install the model again."),
        (log.NO_CONFIG, IncompleteModel, "Its config.json is missing. Install the model again."),
        (log.NO_WEIGHTS, IncompleteModel, "Its weights are missing. Install the model again."),
        (log.DAMAGED, IncompleteModel, "A file of its weights is damaged. Install the model again."),
        (
            "vllm: error: unrecognized arguments: --enforce-eager",
            UnfitSettings,
            "This version refused an option (unrecognized arguments: --enforce-eager).",
        ),
    ],
)
def test_an_end_is_told_by_its_reason_with_a_cure(line: str, kind: type[VenomError], sentence: str) -> None:
    error = told(line)
    assert type(error) is kind
    assert sentence in str(error).replace("\u00a0", " ")
    assert error.cures


def test_a_folder_that_is_there_without_its_config_is_told_so(tmp_path: Path) -> None:
    error = told(log.BAD_PATH.replace("/srv/models/none", str(tmp_path)))
    assert error is not None
    assert "Its config.json is missing" in str(error)


def test_the_reason_counts_and_not_what_is_said_around_it() -> None:
    """The engine's settings are logged too, and the server's last words name no reason."""
    assert explain(Exit(code=1, lines=(*BEFORE, *log.ended_with("ValueError: something else")))) is None
    assert explain(Exit(code=1, lines=(f"{log.API}{log.PORT_TAKEN}",))) is None


def test_the_kernels_out_of_memory_killer_is_not_taken_for_the_card() -> None:
    assert explain(Exit(signal=9, out_of_memory=True, lines=(log.WARM_UP,))) is None
