"""Which quantization and which context stand first, and what the primary button offers."""

import pytest

from tests.ui.catalog.rows import GB, entry, host, inventory, operation, quantization
from venom_desktop.core.catalog.base import CatalogEntry, FitVerdict
from venom_desktop.core.catalog.entry_fit import estimated_fit
from venom_desktop.core.catalog.fit import DeviceMemory, LoadSettings
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType
from venom_desktop.ui.catalog.presenter import (
    NextStep,
    Step,
    context_steps,
    memory_use,
    next_step,
    preselected,
    short_list,
    usual_step,
)

NAME = "org/Tiny-4B-GGUF:Q4_K_M"


def verdicts(row: CatalogEntry, *, free_bytes: int) -> dict[str, FitVerdict | None]:
    machine = host(free_bytes=free_bytes)
    return {
        one.label: estimated_fit(row, one, settings=LoadSettings(), host=machine) for one in row.quantizations or ()
    }


def test_the_recommended_quantization_that_fits_is_chosen_first() -> None:
    row = entry(billions=8)

    chosen = preselected(row.quantizations or (), verdicts(row, free_bytes=32 * GB))

    assert chosen is not None
    assert chosen.label == "Q4_K_M"


def test_a_smaller_quantization_is_chosen_when_the_recommended_one_is_too_big() -> None:
    row = entry(billions=8)

    chosen = preselected(row.quantizations or (), verdicts(row, free_bytes=6 * GB))

    assert chosen is not None
    assert chosen.label == "Q2_K"


def test_the_smallest_one_is_chosen_when_none_fits() -> None:
    row = entry(billions=70)

    chosen = preselected(row.quantizations or (), verdicts(row, free_bytes=2 * GB))

    assert chosen is not None
    assert chosen.label == "Q2_K"


def test_nothing_is_chosen_where_nothing_is_offered() -> None:
    assert preselected((), {}) is None


@pytest.mark.parametrize(
    ("most", "steps"),
    [
        (131_072, (4096, 8192, 16384, 32768, 65536, 131072)),
        (40_960, (4096, 8192, 16384, 32768, 40960)),
        (4096, (4096,)),
        (2048, (2048,)),
        (None, (4096, 8192, 16384, 32768, 65536, 131072)),
    ],
)
def test_the_slider_doubles_up_to_the_models_own_limit(most: int | None, steps: tuple[int, ...]) -> None:
    assert context_steps(most) == steps


def test_the_slider_begins_at_what_the_engine_would_take() -> None:
    steps = context_steps(131_072)

    assert steps[usual_step(steps)] == 8192
    assert usual_step((2048,)) == 0


def step_of(
    *operations: ModelOperation, installed: tuple[str, ...] = (), active: str | None = None, reading: bool = False
) -> NextStep:
    row = entry()
    return next_step(
        row,
        (row.quantizations or ())[1],
        reading=reading,
        runtime="llama_cpp",
        inventory=inventory(*installed, active=active),
        operations=operations,
    )


def test_the_button_installs_what_is_not_here() -> None:
    step = step_of()

    assert (step.step, step.model_name, step.size_bytes) == (Step.INSTALL, NAME, 2_450_000_000)


@pytest.mark.parametrize(
    ("running", "step"),
    [
        (operation(NAME), Step.INSTALLING),
        (operation(NAME, status=OperationStatus.PENDING), Step.INSTALLING),
        (operation(NAME, status=OperationStatus.PAUSED), Step.PAUSED),
        (operation(NAME, status=OperationStatus.FAILED), Step.INSTALL),
        (operation(NAME, status=OperationStatus.CANCELLED), Step.INSTALL),
        (operation("org/Other-GGUF:Q4_K_M"), Step.INSTALL),
        (operation(NAME, OperationType.REMOVE), Step.INSTALL),
    ],
)
def test_the_button_follows_the_operation_on_this_very_model(running: ModelOperation, step: Step) -> None:
    assert step_of(running).step is step


def test_an_installed_model_is_activated_and_an_active_one_is_left_alone() -> None:
    assert step_of(installed=(NAME,)).step is Step.ACTIVATE
    assert step_of(operation(NAME, OperationType.ACTIVATE), installed=(NAME,)).step is Step.ACTIVATING
    assert step_of(installed=(NAME,), active=NAME).step is Step.ACTIVE


def test_without_a_quantization_the_button_waits_or_gives_up() -> None:
    row = entry(quantizations=None)

    def step(*, reading: bool) -> Step:
        answer = next_step(row, None, reading=reading, runtime="llama_cpp", inventory=inventory(), operations=())
        return answer.step

    assert step(reading=True) is Step.READING
    assert step(reading=False) is Step.IMPOSSIBLE


def test_a_long_list_is_shortened_to_the_usual_ones_with_the_chosen_one_among_them() -> None:
    labels = ("IQ1_S", "Q2_K", "IQ3_XXS", "Q3_K_M", "IQ4_XS", "Q4_K_S", "Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0", "F16")
    offered = [quantization(label, place * GB) for place, label in enumerate(labels)]

    shown = [one.label for one in short_list(offered, "IQ1_S")]

    assert shown == ["IQ1_S", "Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0"]


def test_a_short_list_is_shown_whole() -> None:
    offered = [quantization(label, GB) for label in ("A", "B", "C", "D", "E", "F")]

    assert list(short_list(offered, "A")) == offered


def test_memory_is_the_machines_own_without_a_graphics_card() -> None:
    machine = host(free_bytes=12 * GB, total_bytes=16 * GB)
    verdict = estimated_fit(entry(), settings=LoadSettings(), host=machine)
    assert verdict is not None

    use = memory_use(verdict, machine)

    assert (use.graphics, use.others, use.total) == (False, 4 * GB, 16 * GB)
    assert use.used == 4 * GB + verdict.needed_bytes


def test_memory_is_the_graphics_cards_where_the_runtime_can_use_one() -> None:
    gpu = DeviceMemory(free_bytes=10 * GB, total_bytes=12 * GB)
    verdict = estimated_fit(entry(), settings=LoadSettings(), host=host(), gpu=gpu)
    assert verdict is not None

    use = memory_use(verdict, host())

    assert (use.graphics, use.others, use.total) == (True, 2 * GB, 12 * GB)
