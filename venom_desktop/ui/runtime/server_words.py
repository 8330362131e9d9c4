"""What the card of a server says: it runs with no model, one or several, and may not be installed yet."""

import re
from dataclasses import replace
from datetime import datetime
from typing import assert_never

from venom_desktop.core.errors import Cure, ProgramMissing
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus
from venom_desktop.core.runtimes.base import Control, RuntimeState
from venom_desktop.ui.i18n import facts, plural, tr
from venom_desktop.ui.messages import message_of_operation
from venom_desktop.ui.operations.words import amounts, phase
from venom_desktop.ui.runtime.card_facts import CardFacts, CardLook, Fact, ServerFacts, Verb
from venom_desktop.ui.runtime.process_words import (
    answering_words,
    answers_here,
    exit_words,
    last_used_words,
    process_words,
)
from venom_desktop.ui.runtime.prompt_words import short_name
from venom_desktop.ui.widgets import PillLook

OLDEST_SUPPORTED = (0, 16)


def server_look(look: CardLook, known: CardFacts, server: ServerFacts, *, now: datetime | None = None) -> CardLook:
    """The look of a server's card, laid over what every card has."""
    if server.work is not None and not server.work.status.is_final:
        return _installing_look(look, known, server.work)
    if isinstance(known.snapshot.error, ProgramMissing) and known.snapshot.state is RuntimeState.UNAVAILABLE:
        return _missing_look(look, known, server)
    if not server.can_move:
        look = replace(look, remedies=tuple(one for one in look.remedies if one.cure is not Cure.USE_FREE_PORT))
    external = known.snapshot.control is Control.EXTERNAL
    verbs = look.verbs
    if server.newer and known.snapshot.state in {RuntimeState.RUNNING, RuntimeState.STOPPED, RuntimeState.EXITED}:
        verbs = (*verbs, Verb.UPDATE)
    # Two cures leave no room for Start, and neither of them needs it.
    if len(look.remedies) > 1:
        verbs = tuple(verb for verb in verbs if verb is not Verb.START)
    return replace(
        look,
        facts=tuple(fact for fact in _lines(known, server, now) if fact.text),
        verbs=verbs,
        asks=external and known.snapshot.state is RuntimeState.RUNNING,
        newer=server.newer,
    )


def is_outdated(version: str | None) -> bool:
    """True for a version below the supported line; one that reads otherwise is nobody's to judge."""
    found = re.match(r"v?(\d+)\.(\d+)", version or "")
    return found is not None and (int(found[1]), int(found[2])) < OLDEST_SUPPORTED and version != "0.0.0"


def _missing_look(look: CardLook, known: CardFacts, server: ServerFacts) -> CardLook:
    title = known.snapshot.title
    if server.work is not None and server.work.status is OperationStatus.FAILED:
        look = replace(look, failure=message_of_operation(server.work), remedies=(), sentence="")
    elif known.refused is None:
        look = replace(look, failure=None, remedies=(), sentence=_missing_words(title, server))
    offers = server.can_install or server.installer_page
    return replace(
        look,
        pill=PillLook(text=tr("Not installed"), glyph="download", state="off"),
        version="",
        verbs=(Verb.INSTALL,) if offers else (),
        remedies=tuple(one for one in look.remedies if one.cure is not Cure.INSTALL_RUNTIME),
        leads_out=server.installer_page,
    )


def _missing_words(title: str, server: ServerFacts) -> str:
    if server.installer_page:
        return tr("{runtime} is not on this computer. Its publisher's page has the installer.", runtime=title)
    if server.can_install:
        return tr("{runtime} is not on this computer. It can be installed here, for you alone.", runtime=title)
    return tr("{runtime} is not on this computer. Name its program in Settings.", runtime=title)


def _installing_look(look: CardLook, known: CardFacts, work: ModelOperation) -> CardLook:
    update = known.snapshot.version is not None and not isinstance(known.snapshot.error, ProgramMissing)
    paused = work.status is OperationStatus.PAUSED
    word = tr("Updating") if update else tr("Installing")
    return replace(
        look,
        pill=PillLook(text=tr("Paused"), glyph="pause")
        if paused
        else PillLook(text=word, glyph="refresh", state="part"),
        facts=(Fact(text=tr("Fetching it was paused") if paused else phase(work)), Fact(text=amounts(work))),
        verbs=(Verb.RESUME, Verb.CANCEL) if paused else (Verb.CANCEL,),
        failure=None,
        remedies=(),
        has_bar=True,
        fraction=None if work.progress is None else work.progress / 100,
        paused=paused,
    )


def _lines(known: CardFacts, server: ServerFacts, now: datetime | None) -> tuple[Fact, ...]:
    snapshot = known.snapshot
    last = Fact(text=last_used_words(known))
    match snapshot.state:
        case RuntimeState.RUNNING:
            process = Fact(text=process_words(snapshot, server.keeper))
            return _loaded_line(known), process, _third_line(known, server)
        case RuntimeState.STARTING:
            return Fact(text=tr("Waiting until the server answers"), tone="part"), Fact(text=server.keeper), last
        case RuntimeState.STOPPING:
            return (Fact(text=tr("Ending the server and freeing its memory")),)
        case RuntimeState.STOPPED:
            refused = known.refused is not None or snapshot.error is not None
            rest = Fact(text="" if refused else tr("Start it to load models and to list what it has"))
            return last if last.text else rest, Fact(text=server.keeper), _third_line(known, server)
        case RuntimeState.EXITED:
            return Fact(text=exit_words(snapshot, now)), last
        case RuntimeState.UNAVAILABLE:
            return ()
        case other:
            assert_never(other)


def _loaded_line(known: CardFacts) -> Fact:
    loaded = known.snapshot.loaded
    others = len(loaded) - 1
    if answers_here(known):
        more = plural("{count} more loaded", "{count} more loaded", others) if others else None
        return Fact(text=facts(answering_words(known), more), tone="accent_text")
    match len(loaded):
        case 0:
            return Fact(text=tr("No model is loaded"))
        case 1:
            return Fact(text=tr("{model} is loaded", model=short_name(loaded[0].name)))
        case count:
            return Fact(text=plural("{count} model is loaded", "{count} models are loaded", count))


def _third_line(known: CardFacts, server: ServerFacts) -> Fact:
    """What asks for attention first, else what came of a look for updates, else how it is tuned."""
    if is_outdated(known.snapshot.version):
        return Fact(text=tr("Older than 0.16: some functions may be missing"), tone="warn")
    if server.waiting and known.snapshot.state is RuntimeState.RUNNING:
        count, total = server.waiting, server.variables
        one = "{count} of {total} tuning settings needs a restart"
        return Fact(text=plural(one, "{count} of {total} tuning settings need a restart", count, total=total))
    if server.replaced_by and known.snapshot.state is RuntimeState.RUNNING:
        return Fact(text=tr("{version} is installed and runs after a restart", version=server.replaced_by))
    if server.newer:
        return Fact(text=tr("Version {version} is out", version=server.newer))
    if server.answer:
        return Fact(text=server.answer)
    return Fact(text=tr("Tuned: {profile}", profile=server.profile) if server.profile else "")
