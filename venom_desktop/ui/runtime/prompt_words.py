"""Who answers in the prompt panel, whether it can now, and the words for it and for the speed of an answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never

from venom_desktop.core.governance.base import Target
from venom_desktop.core.registry.model import ModelCapabilities
from venom_desktop.core.registry.names import is_remote
from venom_desktop.core.runtimes.active import ActiveModel
from venom_desktop.core.runtimes.ask import target_of
from venom_desktop.core.runtimes.base import Runtime, RuntimeState, ServerRuntime
from venom_desktop.ui.i18n import duration, facts, plural, tokens_per_second, tr
from venom_desktop.ui.runtime.prompt_session import UNKNOWN, Figures


class Readiness(StrEnum):
    READY = "ready"
    LOADING = "loading"
    STOPPED = "stopped"
    NOTHING_ACTIVE = "nothing_active"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answerer:
    """`runtime` is the title of who answers, or loads to do so; `last_model` can be offered when nothing is active."""

    readiness: Readiness = Readiness.NOTHING_ACTIVE
    target: Target | None = None
    runtime: str = ""
    last_model: str | None = None
    capabilities: ModelCapabilities = UNKNOWN
    """What the model can do, as far as it is known."""
    elsewhere: bool = False
    """It is to answer on a server that nobody starts from here."""

    @property
    def model(self) -> str:
        return short_name(self.target.model) if self.target else ""


def answerer_of(
    active: ActiveModel,
    runtimes: Mapping[str, Runtime],
    *,
    last_model: str | None,
    loading: str | None,
    capabilities: ModelCapabilities = UNKNOWN,
) -> Answerer:
    """What the active model is and whether its runtime would take a question now.

    `loading` is the runtime that a model is being activated on, though it may run already.
    """
    key = active.key
    runtime = runtimes.get(key.runtime) if key else None
    target = Target(runtime=key.runtime, model=key.name) if key and runtime else None
    if target is not None and runtime is not None and _can_answer(runtime, target):
        readiness = Readiness.READY
    elif loading is not None and loading in runtimes:
        readiness, runtime = Readiness.LOADING, runtimes[loading]
    elif runtime is not None and runtime.snapshot.state is RuntimeState.STARTING:
        readiness = Readiness.LOADING
    else:
        readiness = Readiness.STOPPED if target else Readiness.NOTHING_ACTIVE
    return Answerer(
        readiness=readiness,
        target=target,
        runtime="" if runtime is None else runtime.snapshot.title,
        last_model=last_model,
        capabilities=capabilities,
        elsewhere=target is not None and is_remote(target.runtime),
    )


def _can_answer(runtime: Runtime, target: Target) -> bool:
    """A server that loads on demand answers with a model whose time in memory is over, too."""
    if is_remote(target.runtime):
        # One that nobody asked yet may well answer.
        return runtime.snapshot.state is not RuntimeState.UNAVAILABLE
    if isinstance(runtime, ServerRuntime):
        return runtime.snapshot.state is RuntimeState.RUNNING
    return target_of(runtime) == target


def short_name(model_name: str) -> str:
    """A model without its publisher: "Qwen3-8B-GGUF:Q4_K_M"."""
    return model_name.rpartition("/")[2]


def obstacle(answerer: Answerer) -> str:
    """Why nothing can be asked now; "" when it can."""
    match answerer.readiness:
        case Readiness.READY:
            return ""
        case Readiness.LOADING:
            return tr("{runtime} is loading a model.", runtime=answerer.runtime)
        case Readiness.STOPPED if answerer.elsewhere:
            return tr("{runtime} does not answer.", runtime=answerer.runtime)
        case Readiness.STOPPED:
            return tr("{runtime} is not running.", runtime=answerer.runtime)
        case Readiness.NOTHING_ACTIVE:
            return tr("No model is active.")
        case other:
            assert_never(other)


def figures_words(figures: Figures) -> tuple[str, str]:
    """ "47.2 tok/s" and "first token 182 ms · 96 tokens"; counted pieces are marked as about right."""
    about = "" if figures.exact else "≈\u00a0"
    speed = "" if figures.tokens_per_s is None else f"{about}{tokens_per_second(figures.tokens_per_s)}"
    first = None if figures.first_token_s is None else tr("first token {time}", time=duration(figures.first_token_s))
    count = figures.tokens
    amount = None if count is None else f"{about}{plural('{count} token', '{count} tokens', count)}"
    return speed, facts(first, amount)
