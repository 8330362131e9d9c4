"""What the card of a runtime says in each of its states; `server_words` has those of a server of its own."""

import math
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from venom_desktop.core.errors import Cure, LoadCancelled, RuntimeTooOld, ServerPortTaken
from venom_desktop.core.runtimes.base import Control, RuntimeState
from venom_desktop.ui.i18n import facts, number, plural, tokens, tr, with_unit
from venom_desktop.ui.messages import Message, cure_words, message_of, message_of_operation
from venom_desktop.ui.runtime import server_words, vllm_words
from venom_desktop.ui.runtime.card_facts import CardFacts, CardLook, Fact, Remedy, Verb
from venom_desktop.ui.runtime.process_words import (
    answering_words,
    answers_here,
    exit_words,
    is_told_here,
    last_used_words,
    process_words,
)
from venom_desktop.ui.runtime.prompt_words import short_name
from venom_desktop.ui.runtime_state import state_look
from venom_desktop.ui.theme_tokens import ColorRole
from venom_desktop.ui.widgets import PillLook

_OWN_CURES = frozenset({Cure.START_RUNTIME, Cure.OPEN_LOG})
"""The card has its own buttons for these."""
MOST_REMEDIES = 2


def card_look(known: CardFacts, *, now: datetime | None = None) -> CardLook:
    failure = _failure(known)
    look = CardLook(
        title=known.snapshot.title,
        version=known.snapshot.version or "",
        pill=PillLook(**state_look(known.snapshot.state)._asdict()),
        facts=(),
        verbs=_verbs(known.snapshot.state),
        current=answers_here(known),
        failure=failure,
        remedies=_remedies(known, failure),
        last_lines=known.last_lines,
    )
    if known.server is not None:
        return _after_crash(server_words.server_look(look, known, known.server, now=now), known)
    return _after_crash(_engine_look(look, known, now), known)


def verb_words(verb: Verb, look: CardLook) -> tuple[str, str]:
    """The words and the icon on the button of a verb."""
    match verb:
        case Verb.INSTALL if look.leads_out:
            return tr("Get {runtime}", runtime=look.title), "external"
        case Verb.INSTALL:
            return tr("Install {runtime}", runtime=look.title), "download"
        case Verb.UPDATE:
            return tr("Update to {version}", version=look.newer), "update"
        case Verb.START:
            return tr("Start"), "play"
        case Verb.RESTART:
            return tr("Restart…") if look.asks else tr("Restart"), "refresh"
        case Verb.STOP:
            return tr("Stop…") if look.asks else tr("Stop"), "stop"
        case Verb.CANCEL:
            return tr("Cancel"), "close"
        case Verb.RESUME:
            return tr("Resume"), "play"
        case Verb.STAY_DOWN:
            return tr("Do not restart"), "close"


def _after_crash(look: CardLook, known: CardFacts) -> CardLook:
    """What is planned comes first, with a way to prevent it; a server that runs again has nothing planned."""
    if known.returns_in_s is not None:
        seconds = with_unit(number(math.ceil(known.returns_in_s)), "s")
        planned = Fact(text=tr("Restarts in {seconds}", seconds=seconds), tone="part")
        return replace(look, facts=(planned, *look.facts), verbs=(*look.verbs, Verb.STAY_DOWN))
    if known.gave_up:
        kept = Fact(text=tr("Crashed too often to be restarted again"), tone="warn")
        return replace(look, facts=(kept, *look.facts))
    return look


def _engine_look(look: CardLook, known: CardFacts, now: datetime | None) -> CardLook:
    snapshot = known.snapshot
    look = replace(
        look,
        facts=tuple(Fact(text=text, tone=tone) for text, tone in _lines(known, now) if text),
        no_start="" if known.last_model else tr("No model was activated here yet: choose one in the Installed tab"),
        asks=snapshot.control is Control.EXTERNAL and snapshot.state is RuntimeState.RUNNING,
    )
    return vllm_words.vllm_look(look, known, now=now)


def _verbs(state: RuntimeState) -> tuple[Verb, ...]:
    match state:
        case RuntimeState.RUNNING:
            return (Verb.RESTART, Verb.STOP)
        case RuntimeState.STARTING:
            return (Verb.CANCEL,)
        case RuntimeState.STOPPED | RuntimeState.EXITED:
            return (Verb.START,)
        case RuntimeState.STOPPING | RuntimeState.UNAVAILABLE:
            return ()
        case other:
            assert_never(other)


def _lines(known: CardFacts, now: datetime | None) -> tuple[tuple[str, ColorRole], ...]:
    """Of a runtime with one model per process."""
    snapshot = known.snapshot
    last = last_used_words(known)
    match snapshot.state:
        case RuntimeState.RUNNING:
            tone: ColorRole = "accent_text" if answers_here(known) else "text2"
            return (
                (_loaded_words(known), tone),
                (process_words(snapshot, known.keeper), "text2"),
                (_load_words(known), "text2"),
            )
        case RuntimeState.STARTING:
            return (
                (_loading_words(known), "part"),
                (known.keeper or tr("Child process"), "text2"),
                (_load_words(known), "text2"),
            )
        case RuntimeState.STOPPING:
            return ((tr("Ending the process and freeing its memory"), "text2"),)
        case RuntimeState.STOPPED:
            nothing = tr("No model was activated here yet")
            return (last or nothing, "text2"), (known.keeper, "text2"), (_load_words(known), "text2")
        case RuntimeState.EXITED:
            return (exit_words(snapshot, now), "text2"), (last, "text2")
        case RuntimeState.UNAVAILABLE:
            return ()
        case other:
            assert_never(other)


def _loaded_words(known: CardFacts) -> str:
    if not known.snapshot.loaded:
        return tr("Nothing is loaded")
    if answers_here(known):
        return answering_words(known)
    return tr("{model} is loaded", model=short_name(known.snapshot.loaded[0].name))


def _loading_words(known: CardFacts) -> str:
    activation = known.activation
    if activation is None or activation.status.is_final:
        return tr("Loading a model")
    return tr("Loading {model}", model=short_name(activation.model_name))


def _load_words(known: CardFacts) -> str:
    loaded = known.snapshot.loaded
    context = loaded[0].context if loaded else known.settings.context
    threads = known.settings.threads
    return facts(
        None if context is None else tr("Context {tokens}", tokens=tokens(context)),
        None if threads is None else plural("{count} thread", "{count} threads", threads),
    )


def _failure(known: CardFacts) -> Message | None:
    """What the runtime says of itself, or why nothing was loaded the last time that it was tried."""
    if known.refused is not None:
        return message_of(known.refused)
    error, activation = known.snapshot.error, known.activation
    match known.snapshot.state:
        case RuntimeState.EXITED | RuntimeState.UNAVAILABLE | RuntimeState.STOPPED if error is not None:
            return message_of(error)
        case RuntimeState.STOPPED | RuntimeState.RUNNING if activation is not None and is_told_here(known):
            # Without a change since the program began, the failure is one of an earlier day.
            cancelled = activation.reason_code == LoadCancelled.reason_code
            return None if cancelled else message_of_operation(activation)
        case _:
            return None


def _remedies(known: CardFacts, failure: Message | None) -> tuple[Remedy, ...]:
    cures = [cure for cure in (failure.cures if failure else ()) if cure not in _OWN_CURES]
    error = known.refused or known.snapshot.error
    return tuple(Remedy(cure=cure, words=_words_of(cure, known, error)) for cure in cures[:MOST_REMEDIES])


def _words_of(cure: Cure, known: CardFacts, error: Exception | None) -> str:
    title = known.snapshot.title
    match cure:
        case Cure.USE_SERVER:
            return tr("Use that server")
        case Cure.USE_FREE_PORT:
            port = error.parameters.get("free_port") if isinstance(error, ServerPortTaken) else None
            return tr("Use another port") if port is None else tr("Use port {port}", port=str(port))
        case Cure.INSTALL_RUNTIME if isinstance(error, RuntimeTooOld):
            return tr("Update {runtime}", runtime=title)
        case Cure.INSTALL_RUNTIME:
            return tr("Install {runtime}", runtime=title)
        case _:
            return cure_words(cure)
