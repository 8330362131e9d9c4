"""What the operations panel says of every state."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from tests.ui.workbench import plain
from venom_desktop.core.errors import Cure
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType
from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.registry.model import ModelKey, ModelMetadata, ModelProvider
from venom_desktop.core.registry.switch_steps import STOP_AND_SWITCH
from venom_desktop.ui.operations import words
from venom_desktop.ui.operations.presenter import Look, Verb, counts, leader, look, visible

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NOTHING = InventorySnapshot()
MODEL = ModelMetadata(
    name="org/tiny:Q4_K_M", provider=ModelProvider.HUGGINGFACE, display_name="Tiny", runtime="llama_cpp"
)


def operation(status: OperationStatus = OperationStatus.IN_PROGRESS, **fields: Any) -> ModelOperation:
    values: dict[str, Any] = {
        "operation_id": "one",
        "model_name": MODEL.name,
        "operation_type": OperationType.INSTALL,
        "runtime": "llama_cpp",
        "can_pause": True,
        "started_at": NOW,
        **fields,
    }
    return ModelOperation(status=status, **values)


def verbs(shown: Look) -> list[Verb | Cure]:
    return [action.what for action in shown.actions]


def test_a_download_shows_percent_speed_and_time(qapp: QApplication) -> None:
    running = operation(
        message="Downloading tiny.gguf",
        progress=43.0,
        done_bytes=2_200_000_000,
        total_bytes=5_200_000_000,
        bytes_per_s=38e6,
        eta_s=61,
    )
    shown = look(running, NOTHING, NOW)
    assert plain(shown.amounts) == "43 % · 38 MB/s · 1 min left"
    assert shown.detail == "Downloading tiny.gguf"
    assert shown.fraction == pytest.approx(0.43)
    assert verbs(shown) == [Verb.PAUSE, Verb.CANCEL]
    assert plain(words.bar_amounts(running, narrow=False)) == "2.2 of 5.2 GB · 38 MB/s · 1 min left"
    assert plain(words.bar_amounts(running, narrow=True)) == "1 min left"


def test_an_unknown_total_runs_free_and_says_what_came(qapp: QApplication) -> None:
    shown = look(operation(done_bytes=1_200_000_000), NOTHING, NOW)
    assert shown.has_bar
    assert shown.fraction is None
    assert plain(shown.amounts) == "1.2 GB so far"


def test_a_job_that_cannot_pause_offers_only_to_cancel(qapp: QApplication) -> None:
    assert verbs(look(operation(can_pause=False), NOTHING, NOW)) == [Verb.CANCEL]


def test_a_paused_download_says_who_paused_it(qapp: QApplication) -> None:
    paused = operation(OperationStatus.PAUSED, progress=71.0, done_bytes=3_500_000_000, total_bytes=4_900_000_000)
    shown = look(paused, NOTHING, NOW)
    assert shown.detail == "Paused by you"
    assert shown.paused
    assert plain(shown.amounts) == "71 % · 3.5 of 4.9 GB"
    assert verbs(shown) == [Verb.RESUME, Verb.CANCEL]
    assert "program ended" in look(replace(paused, paused_by_restart=True), NOTHING, NOW).detail


def test_the_bar_tells_no_phase_of_a_job_that_rests(qapp: QApplication) -> None:
    paused = operation(OperationStatus.PAUSED, message="Reading the file list")
    assert words.bar_amounts(paused, narrow=False) == "Paused"


def test_a_failure_says_its_sentence_with_its_cures_before_retry(qapp: QApplication) -> None:
    failed = operation(
        OperationStatus.FAILED,
        error="in English",
        reason_code="QUOTA_EXCEEDED",
        error_parameters={"needed": "15.2 GB", "left": "11.8 GB", "raise_to_gb": 66},
    )
    shown = look(failed, NOTHING, NOW)
    assert shown.detail == "Not enough space. The model needs 15.2 GB and 11.8 GB of the quota are left."
    assert not shown.has_bar
    assert shown.tip == "QUOTA_EXCEEDED"
    assert verbs(shown) == [Cure.FREE_SPACE, Cure.RAISE_LIMIT, Verb.RETRY, Verb.DISMISS]
    assert plain(shown.actions[1].text) == "Raise the limit to 66 GB"


def test_downloading_again_is_one_button_not_two(qapp: QApplication) -> None:
    failed = operation(
        OperationStatus.FAILED,
        error="in English",
        reason_code="CHECKSUM_MISMATCH",
        error_parameters={"file_name": "tiny.gguf"},
    )
    shown = look(failed, NOTHING, NOW)
    assert [action.text for action in shown.actions] == ["Download again", "Dismiss"]
    checked = look(
        replace(failed, operation_type=OperationType.VERIFY, reason_code="FILE_DAMAGED"),
        NOTHING,
        NOW,
    )
    assert verbs(checked) == [Cure.DOWNLOAD_AGAIN, Verb.RETRY, Verb.DISMISS]


def test_what_is_done_can_be_activated_unless_it_answers_already(qapp: QApplication) -> None:
    done = operation(OperationStatus.COMPLETED, completed_at=NOW - timedelta(seconds=12))
    inventory = InventorySnapshot(models=(MODEL,))
    shown = look(done, inventory, NOW)
    assert plain(shown.detail) == "Verified and ready · 12 s ago"
    assert verbs(shown) == [Verb.ACTIVATE, Verb.DISMISS]
    active = replace(inventory, active=ModelKey(name=MODEL.name, runtime="llama_cpp"))
    assert verbs(look(done, active, NOW)) == [Verb.DISMISS]
    assert verbs(look(done, NOTHING, NOW)) == [Verb.DISMISS]


@pytest.mark.parametrize("status", [OperationStatus.COMPLETED, OperationStatus.CANCELLED])
def test_what_ended_stays_thirty_seconds(status: OperationStatus) -> None:
    ended = operation(status, completed_at=NOW)
    assert visible([ended], NOW + timedelta(seconds=29)) == (ended,)
    assert visible([ended], NOW + timedelta(seconds=30)) == ()


def test_a_failure_stays_until_the_same_job_is_tried_again() -> None:
    failed = operation(OperationStatus.FAILED, operation_id="old", completed_at=NOW - timedelta(days=3))
    other = operation(operation_id="other", model_name="org/other:Q8_0")
    assert visible([other, failed], NOW) == (other, failed)
    again = operation(operation_id="new")
    assert visible([again, failed], NOW) == (again,)


def test_the_bar_shows_what_runs_before_what_waits() -> None:
    running, paused = operation(operation_id="1"), operation(OperationStatus.PAUSED, operation_id="2")
    failed = operation(OperationStatus.FAILED, operation_id="3")
    done = operation(OperationStatus.COMPLETED, operation_id="4")
    assert leader([done, failed, paused, running]) is running
    assert leader([done, paused, failed]) is failed
    assert leader([done, paused]) is paused
    assert leader([done]) is done
    assert leader([]) is None


def test_the_head_counts_what_is_listed(qapp: QApplication) -> None:
    listed = [operation(), operation(OperationStatus.PAUSED), operation(OperationStatus.FAILED)]
    assert counts(listed).text() == "1 running · 1 paused · 1 needs you"


@pytest.mark.parametrize("kind", list(OperationType))
@pytest.mark.parametrize("status", list(OperationStatus))
def test_every_kind_in_every_state_has_words(qapp: QApplication, kind: OperationType, status: OperationStatus) -> None:
    shown = look(operation(status, operation_type=kind, completed_at=NOW), NOTHING, NOW)
    assert MODEL.name in shown.title
    assert MODEL.name in words.going_on(operation(operation_type=kind))
    assert shown.detail
    assert all(action.text for action in shown.actions)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Downloading layer 2 of 5", "Downloading part 2 of 5"),
        ("Downloading layer 3", "Downloading part 3"),
        ("Downloading", "Downloading"),
        ("Downloading model.gguf", "Downloading model.gguf"),
        ("Waiting for Ollama", "Waiting for Ollama"),
        ("Waiting 4 s for the connection", "Waiting 4 s for the connection"),
        ("Verifying", "Verifying"),
        ("Handing the file over", "Handing the file over"),
        ("Creating the model", "Creating the model"),
        ("Waiting for 1 answer", "Waiting for 1 answer"),
        ("Waiting for 2 answers", "Waiting for 2 answers"),
        (
            "2 answers are still running on Ollama. Switch when they are done, or stop them now?",
            "2 answers are still running on Ollama. Switch when they are done, or stop them now?",
        ),
        ("Stopping llama.cpp", "Stopping llama.cpp"),
        ("Unloading gemma3:4b", "Unloading gemma3:4b"),
        ("Waiting for its memory", "Waiting for its memory"),
        ("Starting Ollama", "Starting Ollama"),
        ("Asking Ollama whether it is ready", "Asking Ollama whether it is ready"),
        ("Loading gemma3:4b", "Loading gemma3:4b"),
        ("Starting the engine", "Starting the engine"),
        ("Loading weights 3 of 1200", "Loading weights 3 of 1 200"),
        ("Recording graphs", "Recording graphs"),
        ("Starting to serve", "Starting to serve"),
        ("Waiting for the first token", "Waiting for the first token"),
        ("Saving", "Saving"),
        ("Putting gemma3:4b back", "Putting gemma3:4b back"),
        ("Something new", "Something new"),
    ],
)
def test_the_phases_of_a_pull_of_a_creation_and_of_a_switch_read_as_sentences(
    qapp: QApplication, message: str, expected: str
) -> None:
    assert plain(words.phase(operation(message=message))) == expected


def test_a_model_made_of_a_file_says_for_whom_and_tells_no_size_that_is_none(qapp: QApplication) -> None:
    making = operation(
        model_name="mine:latest",
        runtime="ollama",
        payload={"file": "/home/me/mine.gguf", "size_bytes": 4_000_000_000},
        progress=50.0,
        done_bytes=4_000_000_000,
        total_bytes=8_000_000_000,
        message="Handing the file over",
    )
    shown = look(making, NOTHING, NOW)
    assert (shown.title, words.going_on(making)) == ("Add mine:latest to Ollama", "Adding mine:latest to Ollama")
    assert plain(shown.amounts) == "50 %"
    assert plain(words.bar_amounts(making, narrow=False)) == "Handing the file over"
    assert words.outcome(making) == "Ready"


@pytest.mark.parametrize(
    ("kind", "message", "expected"),
    [
        (OperationType.UPDATE, "This is the newest version already", "This is the newest version already"),
        (
            OperationType.UPDATE,
            "Updated. The new version is used at the next load",
            "Updated. The new version is used at the next load",
        ),
        (
            OperationType.SETUP,
            "Installed 0.17.0, and 0.16.3 goes on running until it is restarted",
            "0.17.0 is installed, 0.16.3 goes on running until it is restarted",
        ),
        (OperationType.SETUP, "Installed 0.17.0", "Checked and installed"),
        (OperationType.INSTALL, "Verified and ready", "Verified and ready"),
    ],
)
def test_an_end_says_what_it_means(qapp: QApplication, kind: OperationType, message: str, expected: str) -> None:
    done = operation(OperationStatus.COMPLETED, operation_type=kind, message=message, completed_at=NOW)
    assert words.outcome(done) == expected


def test_a_switch_that_asks_offers_to_wait_and_to_stop_and_then_no_cancel(qapp: QApplication) -> None:
    switch: dict[str, Any] = {"operation_type": OperationType.ACTIVATE, "can_pause": False}
    asking = look(operation(**switch, question=STOP_AND_SWITCH), NOTHING, NOW)
    assert not asking.has_bar
    assert verbs(asking) == [
        Verb.KEEP_WAITING,
        Verb.STOP_AND_SWITCH,
        Verb.CANCEL,
    ]
    assert verbs(look(operation(**switch, can_cancel=False), NOTHING, NOW)) == []


def test_a_switch_that_failed_tells_why_and_what_answers_now(qapp: QApplication) -> None:
    why = {"runtime": "Ollama", "explanation": "It ran out of memory."}
    shown = look(
        operation(
            status=OperationStatus.FAILED,
            operation_type=OperationType.ACTIVATE,
            error="what the log says",
            reason_code="RUNTIME_FAILED",
            error_parameters={**why, "aftermath": {"reason_code": "EARLIER_MODEL_ANSWERS", "model_name": "gemma3:4b"}},
        ),
        NOTHING,
        NOW,
    )
    assert shown.detail == "Ollama stopped. It ran out of memory. gemma3:4b answers again."
