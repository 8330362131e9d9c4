"""What the card of a server says in each of its states."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.ui.runtime.plain_server import EXTERNAL, MISSING, OLLAMA, RUNNING, STOPPED, in_memory
from venom_desktop.core.errors import Cure, ProgramMissing, RuntimeFailed, RuntimeTooOld, SourceUnreachable
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.base import RuntimeState
from venom_desktop.ui.runtime.card_facts import CardFacts, CardLook, ServerFacts, Verb
from venom_desktop.ui.runtime.card_words import card_look, verb_words
from venom_desktop.ui.runtime.server_words import is_outdated

NOW = datetime(2026, 10, 3, 12, 0, tzinfo=UTC)
GEMMA = ModelKey(name="gemma3:4b", runtime=OLLAMA)
CAN_INSTALL = ServerFacts(can_install=True)
SETUP = ModelOperation(
    operation_id="1",
    model_name="Ollama",
    operation_type=OperationType.SETUP,
    status=OperationStatus.IN_PROGRESS,
    runtime=OLLAMA,
    message="Unpacking",
    started_at=NOW,
)


def look_of(known: CardFacts) -> CardLook:
    return card_look(known, now=NOW)


def lines(known: CardFacts) -> list[str]:
    return [fact.text.replace("\u00a0", " ") for fact in look_of(known).facts]


def test_a_running_server_says_how_many_models_it_holds_and_who_answers() -> None:
    two = replace(RUNNING, loaded=(in_memory(GEMMA.name), in_memory("b:1")))
    known = CardFacts(snapshot=two, server=ServerFacts(keeper="ollama.service (user)"))
    assert lines(known)[:2] == ["2 models are loaded", "ollama.service (user) · port 11434 · PID 3187"]
    active = look_of(replace(known, active=GEMMA))
    assert active.facts[0].text == "Active · gemma3:4b answers here · 1 more loaded"
    assert active.current
    assert lines(replace(known, snapshot=RUNNING))[0] == "No model is loaded"


def test_settings_that_the_running_server_lacks_are_counted() -> None:
    known = CardFacts(snapshot=RUNNING, server=ServerFacts(waiting=2, variables=12, profile="Balanced"))
    assert lines(known)[-1] == "2 of 12 tuning settings need a restart"
    assert lines(replace(known, snapshot=STOPPED))[-1] == "Tuned: Balanced"


@pytest.mark.parametrize(
    ("version", "outdated"),
    [("0.15.9", True), ("0.16.0", False), ("0.16.3", False), ("1.0.0", False), ("0.9", True), ("0.0.0", False)],
)
def test_a_version_below_the_supported_line_is_said_and_not_refused(version: str, outdated: bool) -> None:
    look = look_of(CardFacts(snapshot=replace(RUNNING, version=version), server=ServerFacts()))
    assert is_outdated(version) is outdated
    assert any(fact.tone == "warn" for fact in look.facts) is outdated
    assert look.verbs == (Verb.RESTART, Verb.STOP)


def test_a_version_that_nobody_can_read_is_not_judged() -> None:
    assert not is_outdated(None)
    assert not is_outdated("main-dirty")


def test_a_server_of_another_program_says_so_and_asks() -> None:
    look = look_of(CardFacts(snapshot=EXTERNAL, server=ServerFacts()))
    assert look.asks
    assert look.facts[1].text.startswith("Started by another program")
    assert [verb_words(verb, look)[0] for verb in look.verbs] == ["Restart…", "Stop…"]


def test_what_is_missing_is_offered_the_way_it_can_be_had_here() -> None:
    here = look_of(CardFacts(snapshot=MISSING, server=CAN_INSTALL))
    assert (here.pill.text, here.failure, here.remedies) == ("Not installed", None, ())
    assert verb_words(Verb.INSTALL, here)[0] == "Install Ollama"
    elsewhere = look_of(CardFacts(snapshot=MISSING, server=ServerFacts(installer_page=True)))
    assert verb_words(Verb.INSTALL, elsewhere) == ("Get Ollama", "external")
    nowhere = look_of(CardFacts(snapshot=MISSING, server=ServerFacts()))
    assert nowhere.verbs == ()
    assert "Settings" in nowhere.sentence


def test_a_setup_that_failed_is_explained_and_can_be_tried_again() -> None:
    failed = replace(
        SETUP,
        status=OperationStatus.FAILED,
        reason_code=SourceUnreachable.reason_code,
        error_parameters={"source": "Ollama's release page"},
    )
    look = look_of(CardFacts(snapshot=MISSING, server=replace(CAN_INSTALL, work=failed)))
    assert look.failure is not None
    assert look.failure.sentence.startswith("Ollama's release page does not answer.")
    assert look.verbs == (Verb.INSTALL,)


def test_a_setup_under_way_shows_its_phase_and_a_bar_without_an_end_while_none_is_known() -> None:
    look = look_of(CardFacts(snapshot=MISSING, server=replace(CAN_INSTALL, work=SETUP)))
    assert (look.pill.text, look.has_bar, look.fraction) == ("Installing", True, None)
    known = look_of(CardFacts(snapshot=MISSING, server=replace(CAN_INSTALL, work=replace(SETUP, progress=43.0))))
    assert known.fraction == 0.43
    update = look_of(CardFacts(snapshot=RUNNING, server=replace(CAN_INSTALL, work=SETUP)))
    assert update.pill.text == "Updating"


def test_a_stop_of_the_process_is_explained_with_start_and_the_log_at_hand() -> None:
    error = RuntimeFailed(runtime="Ollama", explanation="There was not enough memory.")
    exited = replace(STOPPED, state=RuntimeState.EXITED, error=error, exit_code=1, changed_at=NOW)
    look = look_of(CardFacts(snapshot=exited, server=ServerFacts()))
    assert look.failure is not None
    assert look.failure.sentence == "Ollama stopped. There was not enough memory."
    assert (look.verbs, look.remedies, look.no_start) == ((Verb.START,), (), "")


def test_a_model_that_wants_a_newer_server_leads_to_its_update() -> None:
    error = RuntimeTooOld(runtime="Ollama", version="0.15.2", model_name="a:1")
    look = look_of(CardFacts(snapshot=RUNNING, server=CAN_INSTALL, refused=error))
    assert [(remedy.cure, remedy.words) for remedy in look.remedies] == [(Cure.INSTALL_RUNTIME, "Update Ollama")]


@pytest.mark.parametrize("state", list(RuntimeState))
@pytest.mark.parametrize("error", [None, ProgramMissing(runtime="Ollama")])
def test_every_state_of_a_server_has_a_word_a_shape_and_at_most_three_facts(
    state: RuntimeState, error: ProgramMissing | None
) -> None:
    snapshot = replace(RUNNING, state=state, error=error)
    look = look_of(CardFacts(snapshot=snapshot, server=ServerFacts(keeper="ollama.service (system)")))
    assert look.pill.text
    assert look.pill.glyph
    assert len(look.facts) <= 3
