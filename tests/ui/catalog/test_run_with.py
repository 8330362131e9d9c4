"""Which runtime is meant for a model, what stands in its way, and what the button then does."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from tests.ui.catalog.rows import entry, host, inventory, operation, quantization
from tests.ui.runtime.plain_server import EXTERNAL, MISSING, RUNNING, STOPPED, PlainServer
from venom_desktop.core.catalog.base import CatalogEntry, Quantization, RemoteFile
from venom_desktop.core.errors import CloudOnly, ProfileForbidsRuntime, RuntimeUnavailable, SplitModel
from venom_desktop.core.host.sample import GpuSample
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus
from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.runtimes.base import RuntimeSnapshot, RuntimeState
from venom_desktop.core.runtimes.profiles import RuntimeProfile
from venom_desktop.ui.catalog.chosen import Chosen
from venom_desktop.ui.catalog.presenter import NextStep, Step, next_step
from venom_desktop.ui.catalog.primary import impossible, runtime_note
from venom_desktop.ui.catalog.run_with import Readiness, RunWith, full_name, keys_here, readiness_in

BOTH = ("llama_cpp", "ollama")
HUB = entry("org/Tiny-GGUF", runtimes=BOTH)
LIBRARY = entry("gemma3", provider=ModelProvider.OLLAMA, runtimes=("ollama",))
FOUR_BITS = quantization("Q4_K_M", 1)


def run_with(
    *,
    profile: RuntimeProfile = RuntimeProfile.LIGHT,
    listed: InventorySnapshot | None = None,
    running: tuple[ModelOperation, ...] = (),
    remembered: object = None,
) -> RunWith:
    return RunWith(
        BOTH,
        profile=lambda: profile,
        inventory=lambda: listed or inventory(),
        operations=lambda: running,
        remembered=lambda: remembered,
    )


@pytest.mark.parametrize(
    ("row", "runtime", "name"),
    [
        (HUB, "llama_cpp", "org/Tiny-GGUF:Q4_K_M"),
        (HUB, "ollama", "hf.co/org/Tiny-GGUF:Q4_K_M"),
        (LIBRARY, "ollama", "gemma3:Q4_K_M"),
    ],
)
def test_a_model_is_called_as_its_runtime_calls_it(row: CatalogEntry, runtime: str, name: str) -> None:
    assert full_name(row, FOUR_BITS, runtime) == name


def test_the_entrys_own_first_runtime_is_meant_until_another_was_chosen() -> None:
    assert run_with().offered(HUB) == BOTH
    assert run_with().meant(HUB) == "llama_cpp"
    assert run_with(remembered="ollama").meant(HUB) == "ollama"
    assert run_with(remembered="ollama").preferred == ("ollama",)
    assert run_with(remembered="llama_cpp").meant(LIBRARY) == "ollama"
    assert run_with(remembered={"no": "name"}).meant(HUB) == "llama_cpp"


@pytest.mark.parametrize(
    "home",
    [
        {"listed": inventory(("hf.co/org/Tiny-GGUF:Q8_0", "ollama"))},
        {"running": (replace(operation("hf.co/org/Tiny-GGUF:Q8_0"), runtime="ollama"),)},
    ],
    ids=["installed", "installing"],
)
def test_a_model_that_is_on_one_runtime_is_shown_there(home: Mapping[str, object]) -> None:
    decider = run_with(remembered="llama_cpp", **home)  # type: ignore[arg-type]

    assert decider.meant(HUB) == "ollama"
    assert decider.has(HUB, "ollama")
    assert not decider.has(HUB, "llama_cpp")


def test_on_both_runtimes_the_chosen_one_is_meant() -> None:
    listed = inventory(("hf.co/org/Tiny-GGUF:Q8_0", "ollama"), "org/Tiny-GGUF:Q8_0")

    assert run_with(listed=listed, remembered="ollama").meant(HUB) == "ollama"
    assert run_with(listed=listed, remembered="llama_cpp").meant(HUB) == "llama_cpp"


def test_a_finished_install_of_a_model_that_was_removed_since_is_no_home() -> None:
    done = operation("org/Tiny-GGUF:Q8_0", status=OperationStatus.COMPLETED)

    assert not run_with(running=(done,)).has(HUB, "llama_cpp")


def test_a_profile_without_local_runtimes_offers_none_and_says_which_one_it_is() -> None:
    decider = run_with(profile=RuntimeProfile.LLM_OFF)

    assert decider.offered(HUB) == ()
    assert decider.meant(HUB) is None
    refusal = decider.refusal(HUB)
    assert isinstance(refusal, ProfileForbidsRuntime)
    assert "llm_off" in str(refusal)
    assert run_with().refusal(HUB) is None
    assert decider.refusal(entry(runtimes=())) is None


@pytest.mark.parametrize(
    ("snapshot", "readiness"),
    [
        (RUNNING, Readiness.READY),
        (EXTERNAL, Readiness.READY),
        (STOPPED, Readiness.STOPPED),
        (replace(STOPPED, state=RuntimeState.EXITED), Readiness.STOPPED),
        (replace(STOPPED, state=RuntimeState.STARTING), Readiness.STARTING),
        (MISSING, Readiness.MISSING),
        (replace(MISSING, error=RuntimeUnavailable(runtime="Ollama")), Readiness.STOPPED),
    ],
)
def test_a_server_has_to_run_before_it_takes_a_model(snapshot: RuntimeSnapshot, readiness: Readiness) -> None:
    assert readiness_in({"ollama": PlainServer(snapshot)}, "ollama") is readiness


def test_an_engine_that_starts_with_its_model_is_always_ready() -> None:
    assert readiness_in({"llama_cpp": PlainServer(STOPPED)}, "llama_cpp") is Readiness.READY


def step_of(
    readiness: Readiness, *running: ModelOperation, listed: InventorySnapshot | None = None, possible: bool = True
) -> Step:
    step = next_step(
        LIBRARY,
        FOUR_BITS,
        reading=False,
        runtime="ollama",
        inventory=listed or inventory(),
        operations=running,
        readiness=readiness,
        possible=possible,
    )
    return step.step


PAUSED = replace(operation("gemma3:Q4_K_M", status=OperationStatus.PAUSED), runtime="ollama")
HERE = inventory(("gemma3:Q4_K_M", "ollama"))


def test_the_button_starts_or_gets_the_runtime_before_it_installs() -> None:
    assert step_of(Readiness.READY) is Step.INSTALL
    assert step_of(Readiness.STOPPED) is Step.START_RUNTIME
    assert step_of(Readiness.STARTING) is Step.RUNTIME_STARTS
    assert step_of(Readiness.MISSING) is Step.GET_RUNTIME
    assert step_of(Readiness.STOPPED, PAUSED) is Step.START_RUNTIME
    assert step_of(Readiness.STOPPED, replace(PAUSED, status=OperationStatus.IN_PROGRESS)) is Step.INSTALLING


def test_an_installed_model_is_activated_though_its_server_rests_and_not_without_the_program() -> None:
    assert step_of(Readiness.STOPPED, listed=HERE) is Step.ACTIVATE
    assert step_of(Readiness.MISSING, listed=HERE) is Step.GET_RUNTIME


def test_what_cannot_be_installed_can_still_be_activated_when_it_is_here() -> None:
    assert step_of(Readiness.READY, possible=False) is Step.IMPOSSIBLE
    assert step_of(Readiness.STOPPED, possible=False) is Step.IMPOSSIBLE
    assert step_of(Readiness.READY, possible=False, listed=HERE) is Step.ACTIVATE


def chosen(row: CatalogEntry, runtime: str | None = "ollama", **more: object) -> Chosen:
    known: dict[str, object] = {"entry": row, "reading": False, "runtime": runtime, "offered": BOTH}
    return Chosen(**{**known, **more})  # type: ignore[arg-type]


def test_a_cloud_model_and_a_split_one_are_refused_with_their_reason() -> None:
    files = tuple(RemoteFile(name=f"part-{number}", size_bytes=1) for number in range(2))
    split = Quantization(label="F16", files=files)
    cloud = replace(LIBRARY, only_cloud=True, quantizations=())

    assert isinstance(impossible(chosen(cloud)), CloudOnly)
    assert isinstance(impossible(chosen(HUB, quantization=split)), SplitModel)
    assert impossible(chosen(HUB, "llama_cpp", quantization=split)) is None
    assert impossible(chosen(HUB, quantization=FOUR_BITS)) is None


def test_a_graphics_card_that_lies_idle_is_said() -> None:
    card = GpuSample(index=0, name="RTX 4070", load_percent=None, memory_used_bytes=1, memory_total_bytes=12)
    machine = replace(host(), gpus=(card,))
    install = NextStep(step=Step.INSTALL)

    told = runtime_note(install, chosen(HUB, "llama_cpp", host=machine))
    assert told == "llama.cpp does not use your RTX 4070, and Ollama does."
    assert runtime_note(install, chosen(HUB, "ollama", host=machine)) == ""
    assert runtime_note(install, chosen(HUB, "llama_cpp", host=host())) == ""
    assert runtime_note(install, chosen(HUB, "llama_cpp", host=machine, offered=("llama_cpp",))) == ""


def test_what_is_installed_is_known_by_its_row_in_the_catalog() -> None:
    here = inventory(
        "org/name:Q4_K_M",
        ("hf.co/org/other:Q8_0", "ollama"),
        ("gemma3:4b", "ollama"),
        ("user/tuned:latest", "ollama"),
        ("org/folder", "vllm"),
    )

    assert keys_here(here) == {
        (ModelProvider.HUGGINGFACE, "org/name"),
        (ModelProvider.HUGGINGFACE, "org/other"),
        (ModelProvider.OLLAMA, "gemma3"),
        (ModelProvider.OLLAMA, "user/tuned"),
        (ModelProvider.HUGGINGFACE, "org/folder"),
    }
