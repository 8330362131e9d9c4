"""What to lower after vLLM ran out of graphics memory, and what each change would save."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from venom_desktop.core.errors import VenomError
from venom_desktop.core.runtimes.vllm_settings import VllmSettings

LEAST_CONTEXT: Final = 2048
"""Nobody is offered less by halving."""


class Lowered(StrEnum):
    CONTEXT = "context"
    SHARE = "share"
    AT_ONCE = "at_once"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`before` and `after` in tokens, as a share of 1, or in answers; `before` None: it was left to vLLM.

    `saves_bytes` is what the next start needs less, None where nobody knows.
    """

    what: Lowered
    before: float | None
    after: float
    saves_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """`settings` has the changes in it; without a change there is nothing that would surely help."""

    settings: VllmSettings
    changes: tuple[Change, ...]


def proposal_for(error: VenomError, settings: VllmSettings, *, most_context: int | None = None) -> Proposal:
    """`settings` are resolved; `most_context` is what the model holds, which vLLM takes where none is set."""
    told = error.parameters
    if told.get("context"):
        return _lower_context(settings, int(told["context"]), told.get("length"), told.get("wanted_bytes"))
    if told.get("share"):
        return _lower_share(settings, float(told["share"]), told.get("wanted_bytes"))
    if told.get("wanted_bytes") is None:
        # The weights alone do not fit, or it did not say what was too much.
        return Proposal(settings=settings, changes=())
    return _halve(settings, settings.max_model_len or most_context)


def _lower_context(settings: VllmSettings, after: int, length: int | None, wanted_bytes: int | None) -> Proposal:
    """The cache of one answer grows in proportion to its context, or more slowly."""
    before = settings.max_model_len or length
    if before is not None and after >= before:
        # It was lowered since.
        return Proposal(settings=settings, changes=())
    saves = None if not length or wanted_bytes is None else round(wanted_bytes * (1 - after / length))
    change = Change(what=Lowered.CONTEXT, before=before, after=after, saves_bytes=saves)
    return Proposal(settings=replace(settings, max_model_len=after), changes=(change,))


def _lower_share(settings: VllmSettings, after: float, wanted_bytes: int | None) -> Proposal:
    before = settings.gpu_memory_utilization
    if before is not None and after >= before:
        return Proposal(settings=settings, changes=())
    saves = None if not before or wanted_bytes is None else round(wanted_bytes * (1 - after / before))
    change = Change(what=Lowered.SHARE, before=before, after=after, saves_bytes=saves)
    return Proposal(settings=replace(settings, gpu_memory_utilization=after), changes=(change,))


def _halve(settings: VllmSettings, context: int | None) -> Proposal:
    """It broke while it ran its largest case: half of what decides how large that is."""
    changes = []
    if context is not None and context // 2 >= LEAST_CONTEXT:
        changes.append(Change(what=Lowered.CONTEXT, before=context, after=context // 2))
        settings = replace(settings, max_model_len=context // 2)
    if settings.max_num_seqs is not None and settings.max_num_seqs > 1:
        half = settings.max_num_seqs // 2
        changes.append(Change(what=Lowered.AT_ONCE, before=settings.max_num_seqs, after=half))
        settings = replace(settings, max_num_seqs=half)
    return Proposal(settings=settings, changes=tuple(changes))
