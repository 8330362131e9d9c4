"""What the tray says of every situation."""

from dataclasses import replace

import pytest

from tests.ui.tray_facts import DEEPSEEK, GEMMA, LLAMA_CPP, MODELS, OLLAMA, PHI, QWEN, model, operation, told
from tests.ui.workbench import plain
from venom_desktop.core.operations.operation import OperationStatus, OperationType
from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.registry.model import ModelStatus
from venom_desktop.core.registry.switch_steps import STOP_AND_SWITCH
from venom_desktop.core.runtimes.active import ActiveModel
from venom_desktop.core.runtimes.base import RuntimeState
from venom_desktop.ui.tray_facts import TrayFacts
from venom_desktop.ui.tray_menu import (
    MOST_OPERATIONS,
    TrayRow,
    TrayState,
    Verb,
    shape,
    tooltip,
    tray_rows,
    tray_state,
)

pytestmark = pytest.mark.usefixtures("themed")


def texts(rows: tuple[TrayRow, ...]) -> list[str]:
    return [plain(row.text) or "-" for row in rows]


def below(facts: TrayFacts, name: str) -> tuple[TrayRow, ...]:
    return next(row.rows for row in tray_rows(facts) if row.name == name)


def test_the_menu_stands_as_drawn() -> None:
    assert texts(tray_rows(told(operations=(operation(),)))) == [
        "Ollama · gemma3:4b",
        "-",
        "Switch model",
        "Switch runtime",
        "Unload gemma3:4b",
        "-",
        "Installing qwen3:8b · 43 %",
        "Pause all downloads",
        "-",
        "Open Venom Desktop",
        "Quit",
    ]
    calm = texts(tray_rows(told()))
    assert calm[5:] == ["-", "Open Venom Desktop", "Quit"]


def test_a_question_stands_first_and_needs_the_user() -> None:
    asks = "1 answer is still running on Ollama. Switch when it is done, or stop it now?"
    kind = OperationType.ACTIVATE
    asking = operation("phi4-mini:3.8b", operation_type=kind, message=asks, question=STOP_AND_SWITCH, can_pause=False)
    many = told(operations=(asking, *(operation(f"model-{number}") for number in range(MOST_OPERATIONS))))
    row = tray_rows(many)[6]
    assert (plain(row.text), row.verb, row.icon) == (asks, Verb.SHOW_OPERATIONS, "warning")
    assert tray_state(many) is TrayState.NEEDS_YOU
    assert plain(tooltip(many)).splitlines()[1] == asks


def test_models_stand_in_the_order_of_their_use_with_a_mark_on_the_active_one() -> None:
    rows = below(told(), "models")
    assert texts(rows) == ["gemma3:4b", "qwen2.5-coder:7b", "deepseek-r1:14b", "phi4-mini:3.8b · llama.cpp"]
    assert [row.checked for row in rows] == [True, False, False, False]
    assert [row.key for row in rows] == [GEMMA.key, QWEN.key, DEEPSEEK.key, PHI.key]


def test_past_a_dozen_the_rest_is_in_the_window() -> None:
    many = tuple(model(f"model-{number}", hours_ago=number) for number in range(13))
    rows = below(told(inventory=InventorySnapshot(models=many)), "models")
    assert texts(rows) == [*(f"model-{number}" for number in range(12)), "-", "All installed models…"]
    assert rows[-1].verb is Verb.ALL_MODELS
    twelve = below(told(inventory=InventorySnapshot(models=many[:12])), "models")
    assert Verb.ALL_MODELS not in [row.verb for row in twelve]


def test_what_cannot_run_is_not_offered() -> None:
    broken = replace(QWEN, status=ModelStatus.FAILED)
    inventory = InventorySnapshot(models=(GEMMA, broken, PHI))
    assert texts(below(told(inventory=inventory, runtimes=(OLLAMA,)), "models")) == ["gemma3:4b"]
    assert texts(below(told(runtimes=(OLLAMA,)), "runtimes"))[2:] == ["Ollama · gemma3:4b"]


def test_a_profile_without_runtimes_says_so() -> None:
    nothing = told(runtimes=(), active=ActiveModel())
    for name in ("models", "runtimes"):
        (row,) = below(nothing, name)
        assert row.text == "No runtime is offered in this profile"
        assert not row.enabled


def test_a_runtime_stands_with_the_model_it_would_answer_with_and_what_happens_is_said() -> None:
    rows = below(told(), "runtimes")
    assert texts(rows) == [
        "Unloads gemma3:4b, then loads the other's last model",
        "-",
        "Ollama · gemma3:4b",
        "llama.cpp · phi4-mini:3.8b",
    ]
    assert not rows[0].enabled
    assert [row.checked for row in rows[2:]] == [True, False]
    assert rows[3].key == PHI.key


def test_a_runtime_whose_last_model_is_gone_offers_the_one_used_last_and_one_without_models_nothing() -> None:
    without_gemma = InventorySnapshot(models=(DEEPSEEK, QWEN))
    rows = below(told(inventory=without_gemma), "runtimes")
    assert texts(rows)[2:] == ["Ollama · qwen2.5-coder:7b", "llama.cpp · no model installed"]
    assert [row.enabled for row in rows[2:]] == [True, False]


def test_with_nothing_active_there_is_nothing_to_unload() -> None:
    idle = told(active=ActiveModel())
    assert texts(tray_rows(idle))[0] == "No model running"
    assert Verb.UNLOAD not in [row.verb for row in tray_rows(idle)]
    assert texts(below(idle, "runtimes"))[0] == "Loads the runtime's last model"
    assert tooltip(idle) == "Venom Desktop: No model running"


@pytest.mark.parametrize(
    ("state", "row", "tip"),
    [
        (RuntimeState.RUNNING, "Ollama · gemma3:4b", "Venom Desktop: Ollama · gemma3:4b, ready"),
        (RuntimeState.STOPPED, "Ollama · gemma3:4b · Stopped", "Venom Desktop: Ollama · gemma3:4b, stopped"),
        (RuntimeState.STARTING, "Ollama · gemma3:4b · Starting", "Venom Desktop: Ollama · gemma3:4b, starting"),
        (RuntimeState.EXITED, "Ollama · gemma3:4b · Exited", "Venom Desktop: Ollama · gemma3:4b, exited"),
    ],
)
def test_the_state_is_told_in_words(state: RuntimeState, row: str, tip: str) -> None:
    facts = told(runtimes=(replace(OLLAMA, state=state), LLAMA_CPP))
    assert texts(tray_rows(facts))[0] == row
    assert tooltip(facts) == tip


def test_every_kind_of_work_is_told() -> None:
    switch = operation(
        "gemma3:4b", operation_type=OperationType.ACTIVATE, message="Waiting for the first token", progress=None
    )
    unknown = operation("big", progress=None, done_bytes=1_200_000_000, operation_id="big")
    paused = operation("paused", OperationStatus.PAUSED)
    rows = texts(tray_rows(told(operations=(paused, unknown, switch))))
    assert rows[6:10] == [
        "Switching to gemma3:4b · Waiting for the first token",
        "Installing big · 1.2 GB so far",
        "Install paused · Paused · 43 %",
        "Pause all downloads",
    ]


def test_downloads_that_all_rest_can_be_resumed_and_others_cannot_be_paused() -> None:
    paused = operation(status=OperationStatus.PAUSED)
    assert "Resume all downloads" in texts(tray_rows(told(operations=(paused,))))
    switch = operation(operation_type=OperationType.ACTIVATE, can_pause=False)
    rows = texts(tray_rows(told(operations=(switch,))))
    assert "Pause all downloads" not in rows
    assert "Resume all downloads" not in rows


def test_many_operations_do_not_fill_the_screen() -> None:
    many = tuple(operation(f"model-{number}") for number in range(9))
    rows = texts(tray_rows(told(operations=many)))
    assert rows[6] == "Installing model-8 · 43 %"
    assert rows[12] == "3 more…"


def test_the_icon_is_busy_while_something_runs_and_a_failure_needs_the_user() -> None:
    failed = operation("broken", OperationStatus.FAILED)
    assert tray_state(told()) is TrayState.IDLE
    assert tray_state(told(operations=(operation(status=OperationStatus.PAUSED),))) is TrayState.IDLE
    assert tray_state(told(operations=(operation(),))) is TrayState.BUSY
    assert tray_state(told(runtimes=(replace(OLLAMA, state=RuntimeState.STARTING),))) is TrayState.BUSY
    assert tray_state(told(operations=(operation(), failed))) is TrayState.NEEDS_YOU
    assert tray_state(told(alerts=1)) is TrayState.NEEDS_YOU
    done = operation("done", OperationStatus.COMPLETED)
    assert tray_state(told(operations=(done,))) is TrayState.IDLE
    rows = tray_rows(told(operations=(failed,)))
    assert "1 operation needs you" in texts(rows)
    assert tooltip(told(operations=(failed,))).splitlines()[1] == "1 operation needs you"


def test_only_another_structure_has_another_shape() -> None:
    calm = shape(tray_rows(told()))
    assert shape(tray_rows(told(runtimes=(replace(OLLAMA, state=RuntimeState.STARTING), LLAMA_CPP)))) == calm
    moving = shape(tray_rows(told(operations=(operation(),))))
    assert shape(tray_rows(told(operations=(operation(progress=44.0),)))) == moving != calm
    assert shape(tray_rows(told(active=ActiveModel(key=QWEN.key)))) == calm
    fewer = told(inventory=InventorySnapshot(models=MODELS[:3]))
    assert shape(tray_rows(fewer)) != calm


def test_a_name_stays_itself() -> None:
    named = replace(GEMMA, display_name="Rock & {roll}")
    rows = below(told(inventory=InventorySnapshot(models=(named,))), "models")
    assert texts(rows) == ["Rock & {roll}"]
