"""What vLLM's card says that no other does: it is not here, it loads in steps, it ran out of graphics memory."""

from dataclasses import replace
from datetime import datetime

from venom_desktop.core.errors import Cure, OutOfGraphicsMemory, VllmMissing
from venom_desktop.core.runtimes.base import RuntimeState
from venom_desktop.core.runtimes.load_progress import LoadProgress
from venom_desktop.ui.i18n import facts, gigabytes, number, tokens, tr
from venom_desktop.ui.messages import Message
from venom_desktop.ui.runtime.card_facts import CardFacts, CardLook, Fact, Verb
from venom_desktop.ui.runtime.process_words import exit_words, failure_of, last_used_words
from venom_desktop.ui.runtime_state import state_look
from venom_desktop.ui.widgets import PillLook


def vllm_look(look: CardLook, known: CardFacts, *, now: datetime | None = None) -> CardLook:
    """The look of an engine's card, laid over what every engine has."""
    snapshot = known.snapshot
    if snapshot.state is RuntimeState.UNAVAILABLE and isinstance(snapshot.error, VllmMissing):
        return _missing_look(look, known)
    if snapshot.state is RuntimeState.STARTING and snapshot.progress is not None:
        return _loading_look(look, snapshot.progress)
    error = failure_of(known)
    if isinstance(error, OutOfGraphicsMemory):
        return _full_memory_look(look, known, error, now)
    return look


def progress_words(progress: LoadProgress) -> str:
    """ "Loading weights 3 of 8"."""
    if progress.done is None or progress.total is None:
        return tr(progress.words)
    return tr(progress.words, done=number(progress.done), total=number(progress.total))


def _missing_look(look: CardLook, known: CardFacts) -> CardLook:
    words = tr(
        "{runtime} lives in a Python environment of its own. Install it there, then name its vllm program in Settings.",
        runtime=known.snapshot.title,
    )
    return replace(
        look,
        pill=PillLook(text=tr("Not installed"), glyph="download", state="off"),
        version="",
        failure=look.failure if known.refused is not None else None,
        sentence="" if known.refused is not None else words,
        verbs=(Verb.INSTALL,) if known.has_guide else (),
        leads_out=True,
    )


def _loading_look(look: CardLook, progress: LoadProgress) -> CardLook:
    """What is loaded, how far it came, and who keeps it."""
    first, *rest = look.facts
    fraction = None if progress.done is None or not progress.total else progress.done / progress.total
    return replace(look, facts=(first, Fact(text=progress_words(progress)), *rest[:1]), has_bar=True, fraction=fraction)


def _full_memory_look(look: CardLook, known: CardFacts, error: OutOfGraphicsMemory, now: datetime | None) -> CardLook:
    """In two lines, with the whole sentence where it is pointed at. To start it as it was would fail again."""
    if look.failure is None:
        return look
    short = Message(
        sentence=tr("Ran out of graphics memory"),
        reason_code="\n".join((look.failure.sentence, look.failure.reason_code)),
        cures=look.failure.cures,
    )
    lines = (_wanted_words(error), exit_words(known.snapshot, now), last_used_words(known))
    can_mend = any(remedy.cure is Cure.LOWER_MEMORY for remedy in look.remedies)
    return replace(
        look,
        pill=PillLook(**state_look(RuntimeState.EXITED)._asdict()),
        failure=short,
        facts=tuple(Fact(text=line) for line in lines if line)[:2],
        verbs=() if can_mend else look.verbs,
    )


def _wanted_words(error: OutOfGraphicsMemory) -> str:
    told = error.parameters
    wanted, free = told.get("wanted_bytes"), told.get("free_bytes")
    if wanted is not None and free is not None:
        return tr("Wanted {wanted}, {free} were free", wanted=gigabytes(wanted), free=gigabytes(free))
    length, fits = told.get("length"), told.get("context")
    if length and fits:
        return facts(tr("Wanted a context of {tokens}", tokens=tokens(length)), tr("{tokens} fit", tokens=tokens(fits)))
    return tr("The weights left nothing for the context") if fits is None and not told.get("share") else ""
