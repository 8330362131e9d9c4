"""The facts that every card tells alike: who keeps the process and where, who answers, how it ended."""

from datetime import datetime
from typing import assert_never

from venom_desktop.core.runtimes.base import Control, RuntimeSnapshot, RuntimeState
from venom_desktop.core.runtimes.control.unit import Unit
from venom_desktop.core.settings.schema import UnitScope
from venom_desktop.ui.i18n import ago, facts, number, plural, tr
from venom_desktop.ui.messages import error_of_operation
from venom_desktop.ui.runtime.card_facts import CardFacts
from venom_desktop.ui.runtime.prompt_words import short_name


def process_words(snapshot: RuntimeSnapshot, keeper: str = "") -> str:
    """ "systemd (user) · port 11434 · PID 3187"; `keeper` takes the place of what the snapshot says."""
    port = None if snapshot.port is None else tr("port {port}", port=str(snapshot.port))
    pid = None if snapshot.pid is None else tr("PID {pid}", pid=str(snapshot.pid))
    return facts(keeper or control_words(snapshot.control), port, pid)


def control_words(control: Control | None) -> str | None:
    match control:
        case None:
            return None
        case Control.CHILD:
            return tr("Child process")
        case Control.SYSTEMD:
            return tr("systemd")
        case Control.EXTERNAL:
            return tr("Started by another program")
        case other:
            assert_never(other)


def unit_words(unit: Unit) -> str:
    """ "ollama.service (user)"."""
    scope = tr("user") if unit.scope is UnitScope.USER else tr("system")
    return f"{unit.name} ({scope})"


def last_used_words(known: CardFacts) -> str:
    return tr("Last used: {model}", model=short_name(known.last_model)) if known.last_model else ""


def answers_here(known: CardFacts) -> bool:
    """True when the active model is in this runtime's memory."""
    snapshot, active = known.snapshot, known.active
    if active is None or active.runtime != snapshot.name or snapshot.state is not RuntimeState.RUNNING:
        return False
    return any(loaded.name == active.name for loaded in snapshot.loaded)


def answering_words(known: CardFacts) -> str:
    """Of the runtime that answers."""
    name = short_name(known.active.name) if known.active else ""
    count = known.snapshot.answering
    busy = plural("{count} answer running", "{count} answers running", count) if count else None
    return facts(tr("Active · {model} answers here", model=name), busy)


def exit_words(snapshot: RuntimeSnapshot, now: datetime | None) -> str:
    """ "4 min ago · exit code 1"."""
    code = snapshot.exit_code
    end = None
    if code is not None:
        end = tr("signal {number}", number=number(-code)) if code < 0 else tr("exit code {number}", number=number(code))
    return facts(ago(snapshot.changed_at, now) if snapshot.changed_at else None, end)


def failure_of(known: CardFacts) -> Exception | None:
    """What a card tells as its failure: why the last verb was refused, how the runtime ended, or what a load said."""
    error, activation = known.refused or known.snapshot.error, known.activation
    if error is None and activation is not None and is_told_here(known):
        return error_of_operation(activation)
    return error


def is_told_here(known: CardFacts) -> bool:
    """A runtime of one model stops when its load fails; a server runs on, and the operations panel tells it."""
    return known.server is None and known.snapshot.state is RuntimeState.STOPPED and bool(known.snapshot.changed_at)
