"""What a card says in each state of its runtime."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from venom_desktop.core.errors import LoadCancelled, RuntimeFailed, SwitchInProgress
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.base import Control, LoadedModel, LoadSettings, RuntimeSnapshot, RuntimeState
from venom_desktop.core.runtimes.load_progress import LoadProgress, LoadStep
from venom_desktop.ui.i18n import tr, with_unit
from venom_desktop.ui.runtime.card_facts import CardFacts, Verb
from venom_desktop.ui.runtime.card_words import card_look, verb_words

NOW = datetime(2026, 10, 3, 12, 0, tzinfo=UTC)
KEY = ModelKey(name="org/Tiny-GGUF:Q4_K_M", runtime="llama_cpp")
STOPPED = RuntimeSnapshot(name="llama_cpp", title="llama.cpp", state=RuntimeState.STOPPED)
RUNNING = replace(
    STOPPED,
    state=RuntimeState.RUNNING,
    version="1.2",
    control=Control.CHILD,
    port=40001,
    pid=3187,
    loaded=(LoadedModel(name=KEY.name, memory_bytes=1, vram_bytes=None, context=8192),),
)
EXITED = replace(
    STOPPED,
    state=RuntimeState.EXITED,
    error=RuntimeFailed(runtime="llama.cpp", explanation="There was not enough memory."),
    exit_code=1,
    changed_at=NOW - timedelta(minutes=4),
)
FAILED = ModelOperation(
    operation_id="1",
    model_name=KEY.name,
    operation_type=OperationType.ACTIVATE,
    status=OperationStatus.FAILED,
    reason_code=RuntimeFailed.reason_code,
    error_parameters={"runtime": "llama.cpp", "explanation": "The file is damaged."},
    started_at=NOW,
)


def lines(known: CardFacts) -> list[str]:
    return [fact.text.replace("\u00a0", " ") for fact in card_look(known, now=NOW).facts]


def test_a_running_card_says_who_answers_and_where() -> None:
    known = CardFacts(snapshot=RUNNING, active=KEY, last_model=KEY.name, settings=LoadSettings(threads=8))
    look = card_look(known, now=NOW)
    assert look.current
    assert look.facts[0].tone == "accent_text"
    assert (look.pill.text, look.version, look.verbs) == ("Running", "1.2", (Verb.RESTART, Verb.STOP))
    assert lines(known) == [
        "Active · Tiny-GGUF:Q4_K_M answers here",
        "Child process · port 40001 · PID 3187",
        "Context 8 192 · 8 threads",
    ]
    assert lines(replace(known, snapshot=replace(RUNNING, answering=2)))[0].endswith("· 2 answers running")


def test_a_loaded_model_that_is_not_active_does_not_answer() -> None:
    look = card_look(CardFacts(snapshot=RUNNING), now=NOW)
    assert not look.current
    assert look.facts[0].text == "Tiny-GGUF:Q4_K_M is loaded"


def test_a_stopped_card_offers_the_last_model() -> None:
    known = CardFacts(snapshot=STOPPED, last_model=KEY.name, settings=LoadSettings(context=4096))
    assert lines(known) == ["Last used: Tiny-GGUF:Q4_K_M", "Context 4 096"]
    assert card_look(known).verbs == (Verb.START,)
    assert card_look(known).no_start == ""
    assert card_look(CardFacts(snapshot=STOPPED)).no_start.startswith("No model was activated here yet")


def test_an_exit_is_explained_with_its_age_and_code() -> None:
    known = CardFacts(snapshot=EXITED, last_model=KEY.name)
    look = card_look(known, now=NOW)
    assert look.failure is not None
    assert look.failure.sentence == "llama.cpp stopped. There was not enough memory."
    assert lines(known) == ["4 min ago · exit code 1", "Last used: Tiny-GGUF:Q4_K_M"]
    assert lines(replace(known, snapshot=replace(EXITED, exit_code=-9)))[0] == "4 min ago · signal 9"
    assert (look.pill.text, look.verbs) == ("Exited", (Verb.START,))


def test_an_activation_that_failed_is_explained_until_the_next_day() -> None:
    changed = replace(STOPPED, changed_at=NOW)
    failure = card_look(CardFacts(snapshot=changed, activation=FAILED)).failure
    assert failure is not None
    assert failure.sentence == "llama.cpp stopped. The file is damaged."
    assert card_look(CardFacts(snapshot=STOPPED, activation=FAILED)).failure is None
    stopped = replace(FAILED, reason_code=LoadCancelled.reason_code)
    assert card_look(CardFacts(snapshot=changed, activation=stopped)).failure is None
    running = replace(RUNNING, changed_at=NOW)
    assert card_look(CardFacts(snapshot=running, activation=FAILED)).failure is None


def test_a_start_names_the_model_that_is_loaded() -> None:
    starting = replace(STOPPED, state=RuntimeState.STARTING)
    loading = replace(FAILED, status=OperationStatus.IN_PROGRESS)
    known = CardFacts(snapshot=starting, activation=loading)
    assert lines(known)[0] == "Loading Tiny-GGUF:Q4_K_M"
    assert card_look(known).verbs == (Verb.CANCEL,)


@pytest.mark.parametrize("state", list(RuntimeState))
def test_every_state_has_a_word_and_a_shape(state: RuntimeState) -> None:
    look = card_look(CardFacts(snapshot=replace(STOPPED, state=state, error=EXITED.error)))
    assert look.pill.text
    assert look.pill.glyph
    assert len(look.facts) <= 3


def test_a_verb_that_could_not_begin_says_why() -> None:
    look = card_look(CardFacts(snapshot=RUNNING, active=KEY, refused=SwitchInProgress()))
    assert look.failure is not None
    assert look.failure.sentence.startswith("A model is being switched already.")


def test_a_planned_restart_counts_down_and_can_be_prevented() -> None:
    look = card_look(CardFacts(snapshot=EXITED, last_model=KEY.name, returns_in_s=3.2), now=NOW)
    assert look.facts[0].text == tr("Restarts in {seconds}", seconds=with_unit("4", "s"))
    assert look.verbs == (Verb.START, Verb.STAY_DOWN)
    assert verb_words(Verb.STAY_DOWN, look)[0] == "Do not restart"
    assert Verb.STAY_DOWN not in card_look(CardFacts(snapshot=EXITED), now=NOW).verbs


def test_a_runtime_that_is_left_alone_says_so() -> None:
    look = card_look(CardFacts(snapshot=EXITED, gave_up=True), now=NOW)
    assert (look.facts[0].text, look.facts[0].tone) == ("Crashed too often to be restarted again", "warn")


def test_a_card_that_loads_tells_how_far_it_is() -> None:
    progress = LoadProgress(step=LoadStep.WEIGHTS, done=3, total=8)
    loading = replace(STOPPED, state=RuntimeState.STARTING, progress=progress)
    assert lines(CardFacts(snapshot=loading, last_model=KEY.name))[:2] == ["Loading a model", "Loading weights 3 of 8"]
    bare = replace(loading, progress=LoadProgress(step=LoadStep.COMPILING))
    assert lines(CardFacts(snapshot=bare, last_model=KEY.name))[:2] == ["Loading a model", "Compiling the model"]
