"""What is proposed after vLLM ran out of graphics memory, from the words of its own log."""

from venom_desktop.core.errors import OutOfGraphicsMemory, VenomError
from venom_desktop.core.runtimes.base import LoadSettings
from venom_desktop.core.runtimes.control.base import Exit
from venom_desktop.core.runtimes.vllm_failures import explain
from venom_desktop.core.runtimes.vllm_lower import Change, Lowered, proposal_for
from venom_desktop.core.runtimes.vllm_settings import VllmOptions, VllmSettings, resolved

SMALL_CACHE = (
    "ValueError: To serve at least one request with the models's max seq len (32768), (6.20 GiB KV cache is needed, "
    "which is larger than the available KV cache memory (3.30 GiB). Based on the available memory, the estimated "
    "maximum model length is 12288. Try increasing `gpu_memory_utilization` or decreasing `max_model_len` when "
    "initializing the engine."
)
FULL_CARD = (
    "ValueError: Free memory on device cuda:0 (5.60/12.00 GiB) on startup is less than desired GPU memory utilization "
    "(0.85, 10.20 GiB). Decrease GPU memory utilization or reduce GPU memory used by other processes."
)
ALLOCATION = (
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 12.00 GiB "
    "of which 512.00 MiB is free."
)
NO_CACHE = "ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization`."
OPTIONS = VllmOptions()


def told(line: str) -> VenomError:
    error = explain(Exit(code=1, lines=(line,)))
    assert isinstance(error, OutOfGraphicsMemory)
    return error


def now(**chosen: int | float) -> VllmSettings:
    return resolved(OPTIONS, VllmSettings(**chosen), LoadSettings())  # type: ignore[arg-type]


def test_a_context_too_long_is_lowered_to_what_fits_and_says_what_that_saves() -> None:
    proposal = proposal_for(told(SMALL_CACHE), now(max_model_len=32768))
    assert proposal.settings.max_model_len == 12288
    saved = round(6.2 * 2**30 * 5 / 8)
    assert proposal.changes == (Change(what=Lowered.CONTEXT, before=32768, after=12288, saves_bytes=saved),)


def test_a_context_that_nobody_chose_is_the_one_that_it_asked_for() -> None:
    proposal = proposal_for(told(SMALL_CACHE), now())
    assert proposal.changes[0].before == 32768


def test_what_was_lowered_since_is_not_raised() -> None:
    assert proposal_for(told(SMALL_CACHE), now(max_model_len=8192)).changes == ()
    assert proposal_for(told(FULL_CARD), now(gpu_memory_utilization=0.3)).changes == ()


def test_a_share_that_is_not_free_is_lowered_to_what_is() -> None:
    proposal = proposal_for(told(FULL_CARD), now())
    assert proposal.settings.gpu_memory_utilization == 0.46
    saved = round(10.2 * 2**30 * (1 - 0.46 / 0.85))
    change = proposal.changes[0]
    assert (change.what, change.before, change.after, change.saves_bytes) == (Lowered.SHARE, 0.85, 0.46, saved)


def test_an_allocation_that_failed_halves_what_decides_the_largest_case() -> None:
    proposal = proposal_for(told(ALLOCATION), now(max_num_seqs=9), most_context=40960)
    assert proposal.settings.max_model_len == 20480
    assert [(one.what, one.before, one.after) for one in proposal.changes] == [
        (Lowered.CONTEXT, 40960, 20480),
        (Lowered.AT_ONCE, 9, 4),
    ]


def test_a_short_context_is_not_halved_and_weights_that_do_not_fit_are_not_helped_by_it() -> None:
    assert proposal_for(told(ALLOCATION), now(max_model_len=2048)).changes == ()
    assert proposal_for(told(NO_CACHE), now(max_model_len=32768)).changes == ()
