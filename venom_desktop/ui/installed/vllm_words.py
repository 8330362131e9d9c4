"""The words of vLLM's settings: what was chosen for a model, and what a change of it saves."""

from collections.abc import Callable
from typing import assert_never

from venom_desktop.core.runtimes.base import LoadSettings
from venom_desktop.core.runtimes.vllm_lower import Change, Lowered
from venom_desktop.core.runtimes.vllm_settings import VllmOptions, VllmSettings
from venom_desktop.ui.i18n import facts, gigabytes, number, plural, tokens, tr, with_unit


def percent(share: float) -> str:
    """ "85 %"; more digits only where there are some."""
    value = round(share * 100, 2)
    return with_unit(number(value, 0 if value.is_integer() else 1), "%")


def change_words(change: Change) -> str:
    """ "Context 32 768 → 16 384 needs 3.1 GB less"."""
    match change.what:
        case Lowered.CONTEXT:
            named = tr("Context {change}", change=_step(change, lambda value: tokens(round(value))))
        case Lowered.SHARE:
            named = tr("Share of the graphics memory {change}", change=_step(change, percent))
        case Lowered.AT_ONCE:
            named = tr("Answers at once {change}", change=_step(change, number))
        case other:
            assert_never(other)
    if change.saves_bytes is None:
        return named
    return tr("{change} needs {amount} less", change=named, amount=gigabytes(change.saves_bytes))


def chosen_words(settings: VllmSettings, load: LoadSettings, runtime: str) -> str:
    """What somebody chose for a model, in one line."""
    context = settings.max_model_len or load.context
    at_once = settings.max_num_seqs or load.parallel
    cards = (settings.tensor_parallel or 1) * (settings.pipeline_parallel or 1)
    chosen = facts(
        tr("context {tokens}", tokens=tokens(context)) if context else None,
        plural("{count} answer at once", "{count} answers at once", at_once) if at_once else None,
        tr("graphics memory {share}", share=percent(settings.gpu_memory_utilization))
        if settings.gpu_memory_utilization
        else None,
        plural("{count} GPU", "{count} GPUs", cards) if cards > 1 else None,
        tr("Ray cluster") if settings.ray else None,
        tr("runs the model's own code") if settings.trust_remote_code else None,
    )
    return chosen or tr("{runtime} chooses them", runtime=runtime)


def automatic_words(of_all: str | None) -> str:
    """Of a field where nothing is chosen; `of_all` is what Settings say for every model."""
    return tr("Automatic") if of_all is None else tr("As in Settings: {value}", value=of_all)


def context_of_all(options: VllmOptions) -> str | None:
    return None if options.max_model_len is None else tokens(options.max_model_len)


def _step(change: Change, words: Callable[[float], str]) -> str:
    after = words(change.after)
    return after if change.before is None else f"{words(change.before)} → {after}"
