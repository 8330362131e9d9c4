"""What the card of a runtime says in each of its states."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from venom_desktop.core.errors import LoadCancelled
from venom_desktop.core.operations.operation import ModelOperation
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.base import Control, LoadSettings, RuntimeSnapshot, RuntimeState
from venom_desktop.ui.i18n import ago, facts, number, plural, tokens, tr
from venom_desktop.ui.messages import Message, message_of, message_of_operation
from venom_desktop.ui.runtime.prompt_words import short_name
from venom_desktop.ui.runtime_state import state_look
from venom_desktop.ui.theme_tokens import ColorRole
from venom_desktop.ui.widgets import PillLook


class Verb(StrEnum):
    START = "start"
    RESTART = "restart"
    STOP = "stop"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    text: str
    tone: ColorRole = "text2"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardLook:
    """`failure` takes the place of the first fact; `no_start` says why Start cannot be pressed."""

    title: str
    version: str
    pill: PillLook
    facts: tuple[Fact, ...]
    verbs: tuple[Verb, ...]
    current: bool = False
    failure: Message | None = None
    no_start: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """All that a card is made of. `activation` is the newest one on this runtime."""

    snapshot: RuntimeSnapshot
    active: ModelKey | None = None
    last_model: str | None = None
    settings: LoadSettings = field(default_factory=LoadSettings)
    activation: ModelOperation | None = None
    refused: Exception | None = None
    """Why the last verb could not even begin."""


def card_look(known: CardFacts, *, now: datetime | None = None) -> CardLook:
    snapshot = known.snapshot
    return CardLook(
        title=snapshot.title,
        version=snapshot.version or "",
        pill=PillLook(**state_look(snapshot.state)._asdict()),
        facts=tuple(Fact(text=text, tone=tone) for text, tone in _lines(known, now) if text),
        verbs=_verbs(snapshot.state),
        current=_answers_here(known),
        failure=_failure(known),
        no_start="" if known.last_model else tr("No model was activated here yet: choose one in the Installed tab"),
    )


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
    snapshot = known.snapshot
    last = tr("Last used: {model}", model=short_name(known.last_model)) if known.last_model else ""
    match snapshot.state:
        case RuntimeState.RUNNING:
            tone: ColorRole = "accent_text" if _answers_here(known) else "text2"
            return (_loaded_words(known), tone), (_process_words(snapshot), "text2"), (_load_words(known), "text2")
        case RuntimeState.STARTING:
            return (_loading_words(known), "part"), (tr("Child process"), "text2"), (_load_words(known), "text2")
        case RuntimeState.STOPPING:
            return ((tr("Ending the process and freeing its memory"), "text2"),)
        case RuntimeState.STOPPED:
            nothing = tr("No model was activated here yet")
            return (last or nothing, "text2"), (_load_words(known), "text2")
        case RuntimeState.EXITED:
            return (_exit_words(snapshot, now), "text2"), (last, "text2")
        case RuntimeState.UNAVAILABLE:
            return ()
        case other:
            assert_never(other)


def _answers_here(known: CardFacts) -> bool:
    snapshot, active = known.snapshot, known.active
    if active is None or active.runtime != snapshot.name or snapshot.state is not RuntimeState.RUNNING:
        return False
    return any(loaded.name == active.name for loaded in snapshot.loaded)


def _loaded_words(known: CardFacts) -> str:
    if not known.snapshot.loaded:
        return tr("Nothing is loaded")
    name = short_name(known.snapshot.loaded[0].name)
    if not _answers_here(known):
        return tr("{model} is loaded", model=name)
    count = known.snapshot.answering
    busy = plural("{count} answer running", "{count} answers running", count) if count else None
    return facts(tr("Active · {model} answers here", model=name), busy)


def _loading_words(known: CardFacts) -> str:
    activation = known.activation
    if activation is None or activation.status.is_final:
        return tr("Loading a model")
    return tr("Loading {model}", model=short_name(activation.model_name))


def _process_words(snapshot: RuntimeSnapshot) -> str:
    port = None if snapshot.port is None else tr("port {port}", port=str(snapshot.port))
    pid = None if snapshot.pid is None else tr("PID {pid}", pid=str(snapshot.pid))
    return facts(_control_words(snapshot.control), port, pid)


def _control_words(control: Control | None) -> str | None:
    match control:
        case None:
            return None
        case Control.CHILD:
            return tr("Child process")
        case Control.SYSTEMD:
            return tr("systemd")
        case Control.EXTERNAL:
            return tr("Started by someone else")
        case other:
            assert_never(other)


def _load_words(known: CardFacts) -> str:
    loaded = known.snapshot.loaded
    context = loaded[0].context if loaded else known.settings.context
    threads = known.settings.threads
    return facts(
        None if context is None else tr("Context {tokens}", tokens=tokens(context)),
        None if threads is None else plural("{count} thread", "{count} threads", threads),
    )


def _exit_words(snapshot: RuntimeSnapshot, now: datetime | None) -> str:
    code = snapshot.exit_code
    end = None
    if code is not None:
        end = tr("signal {number}", number=number(-code)) if code < 0 else tr("exit code {number}", number=number(code))
    return facts(ago(snapshot.changed_at, now) if snapshot.changed_at else None, end)


def _failure(known: CardFacts) -> Message | None:
    """What the runtime says of itself, or why nothing was loaded the last time that it was tried."""
    if known.refused is not None:
        return message_of(known.refused)
    match known.snapshot.state:
        case RuntimeState.EXITED | RuntimeState.UNAVAILABLE:
            return message_of(known.snapshot.error) if known.snapshot.error else None
        case RuntimeState.STOPPED if known.activation is not None and known.snapshot.changed_at is not None:
            # Without a change since the program began, the failure is one of an earlier day.
            cancelled = known.activation.reason_code == LoadCancelled.reason_code
            return None if cancelled else message_of_operation(known.activation)
        case _:
            return None
