"""Activation over the real engine: one model answers, and a failure puts the one before back."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.gguf_files import write_tiny_llama
from venom_desktop.core.database import Database
from venom_desktop.core.errors import (
    FileMissing,
    ProfileForbidsRuntime,
    RuntimeFailed,
    StorageFailed,
    SwitchInProgress,
    UnknownModel,
)
from venom_desktop.core.governance.base import Outcome, Purpose
from venom_desktop.core.governance.gate import Gate
from venom_desktop.core.host.nvidia import Nvidia
from venom_desktop.core.http import make_client
from venom_desktop.core.operations.history import OperationHistory
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus
from venom_desktop.core.operations.service import OperationService
from venom_desktop.core.registry.activate import ActivateModel
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import ModelKey, ModelMetadata, ModelProvider
from venom_desktop.core.registry.workplace import Workplace
from venom_desktop.core.runtimes.active import ActiveModel, ActiveModelStore
from venom_desktop.core.runtimes.ask import Ask
from venom_desktop.core.runtimes.base import LoadSettings, RuntimeState
from venom_desktop.core.runtimes.llama_cpp import LlamaCpp
from venom_desktop.core.runtimes.memory_return import MemoryReturn
from venom_desktop.core.runtimes.profiles import RuntimeProfile
from venom_desktop.core.tasks import TaskScope


@dataclass
class Machine:
    activating: ActivateModel
    operations: OperationService
    manifest: Manifest
    active: ActiveModelStore
    engine: LlamaCpp
    gate: Gate
    profile: RuntimeProfile = RuntimeProfile.LIGHT

    async def add(self, name: str, path: Path) -> ModelKey:
        model = ModelMetadata(
            name=name,
            provider=ModelProvider.LOCAL,
            display_name=name,
            runtime="llama_cpp",
            local_path=path,
            used_in_place=True,
        )
        await self.manifest.put(model)
        return model.key

    @property
    def loaded(self) -> list[str]:
        return [loaded.name for loaded in self.engine.snapshot.loaded]


@pytest.fixture(name="machine")
async def _machine(tmp_path: Path) -> AsyncIterator[Machine]:
    database = Database(tmp_path / "history.db")
    await database.open()
    manifest = Manifest(tmp_path / "models")
    manifest.open()
    operations = OperationService(OperationHistory(database))
    await operations.open()
    active = ActiveModelStore(tmp_path / "state")
    gate = Gate()
    async with make_client(read_timeout_s=None) as http:
        engine = LlamaCpp(http=http, runtime_folder=tmp_path / "run", log_folder=tmp_path / "log")
        activating = ActivateModel(
            Workplace(
                manifest=manifest,
                inventory=Inventory(manifest),
                active=active,
                runtimes={"llama_cpp": engine},
                ask=Ask(gate, lambda _: engine),
                load_settings=lambda _: LoadSettings(context=512),
                require_runtime=lambda runtime: machine.profile.require(runtime),
                memory=MemoryReturn(Nvidia()),
            ),
            operations=operations,
        )
        machine = Machine(activating, operations, manifest, active, engine, gate)
        try:
            yield machine
        finally:
            await operations.close()
            await engine.close()
            await manifest.close()
            await database.close()


async def test_an_activated_model_answered_one_token_before_it_is_called_active(
    machine: Machine, tiny_llama: Path
) -> None:
    key = await machine.add("tiny", tiny_llama)
    seen: list[RuntimeState] = []
    machine.active.changed.subscribe(lambda _: seen.append(machine.engine.snapshot.state))
    operation = await machine.activating.activate("tiny")
    assert operation.status is OperationStatus.COMPLETED
    assert machine.active.snapshot.key == key
    assert seen == [RuntimeState.RUNNING]
    (probe,) = machine.gate.recent
    assert (probe.request.purpose, probe.outcome) == (Purpose.PROBE, Outcome.COMPLETED)
    assert machine.manifest[key].last_used_at is not None


async def test_another_model_takes_the_place_of_the_first(machine: Machine, tiny_llama: Path, tmp_path: Path) -> None:
    await machine.add("first", tiny_llama)
    await machine.add("second", write_tiny_llama(tmp_path / "second.gguf", seed=7))
    await machine.activating.activate("first")
    await machine.activating.activate("second")
    assert machine.loaded == ["second"]
    assert dict(machine.active.snapshot.last_models) == {"llama_cpp": "second"}


async def test_a_failed_switch_puts_the_model_before_back_and_says_why(
    machine: Machine, tiny_llama: Path, tmp_path: Path
) -> None:
    good = await machine.add("good", tiny_llama)
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(tiny_llama.read_bytes()[:2000])
    await machine.add("broken", broken)
    await machine.activating.activate("good")
    with pytest.raises(RuntimeFailed):
        await machine.activating.activate("broken")
    assert machine.active.snapshot.key == good
    assert machine.loaded == ["good"]
    assert machine.operations.operations[0].status is OperationStatus.FAILED
    assert machine.operations.operations[0].error


async def test_a_switch_that_cannot_be_written_down_leaves_state_and_memory_at_the_model_before(
    machine: Machine, tiny_llama: Path, tmp_path: Path
) -> None:
    good = await machine.add("good", tiny_llama)
    await machine.add("other", write_tiny_llama(tmp_path / "other.gguf", seed=7))
    await machine.activating.activate("good")
    manifest = tmp_path / "models" / "manifest.json"
    manifest.unlink()
    (manifest / "in the way").mkdir(parents=True)
    with pytest.raises(StorageFailed):
        await machine.activating.activate("other")
    assert machine.active.snapshot.key == good
    assert machine.loaded == ["good"]


async def test_a_failed_switch_loads_nothing_that_was_not_in_memory(
    machine: Machine, tiny_llama: Path, tmp_path: Path
) -> None:
    good = await machine.add("good", tiny_llama)
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(tiny_llama.read_bytes()[:2000])
    await machine.add("broken", broken)
    await machine.activating.activate("good")
    await machine.engine.stop()
    with pytest.raises(RuntimeFailed):
        await machine.activating.activate("broken")
    assert machine.active.snapshot.key == good
    assert machine.loaded == []


async def test_a_cancelled_switch_puts_the_model_before_back(
    machine: Machine, tiny_llama: Path, tmp_path: Path
) -> None:
    good = await machine.add("good", tiny_llama)
    await machine.add("other", write_tiny_llama(tmp_path / "other.gguf", seed=7))
    await machine.activating.activate("good")
    loading = asyncio.Event()

    def look(operation: ModelOperation) -> None:
        if operation.model_name == "other" and operation.message:
            loading.set()

    machine.operations.changed.subscribe(look)
    operation_id = await machine.activating.start("other")
    await loading.wait()
    machine.operations.cancel(operation_id)
    assert (await machine.operations.wait(operation_id)).status is OperationStatus.CANCELLED
    assert machine.active.snapshot.key == good
    assert machine.loaded == ["good"]


async def test_nothing_is_stopped_for_a_model_that_cannot_be_activated(
    machine: Machine, tiny_llama: Path, tmp_path: Path
) -> None:
    await machine.add("good", tiny_llama)
    await machine.add("gone", tmp_path / "nowhere.gguf")
    await machine.activating.activate("good")
    with pytest.raises(FileMissing):
        await machine.activating.start("gone")
    with pytest.raises(UnknownModel):
        await machine.activating.start("nobody")
    machine.profile = RuntimeProfile.LLM_OFF
    with pytest.raises(ProfileForbidsRuntime):
        await machine.activating.start("good")
    assert machine.loaded == ["good"]


async def test_of_two_switches_at_once_one_wins_and_the_other_is_told(
    machine: Machine, tiny_llama: Path, tmp_path: Path
) -> None:
    await machine.add("first", tiny_llama)
    await machine.add("second", write_tiny_llama(tmp_path / "second.gguf", seed=7))
    outcomes = await asyncio.gather(
        machine.activating.activate("first"), machine.activating.activate("second"), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, SwitchInProgress)]
    assert len(refused) == 1
    assert len(machine.loaded) == 1
    assert machine.active.snapshot.key is not None
    assert machine.loaded == [machine.active.snapshot.key.name]


async def test_whoever_hears_of_the_new_state_can_switch_on_at_once(
    machine: Machine, tiny_llama: Path, tmp_path: Path
) -> None:
    first = await machine.add("first", tiny_llama)
    second = await machine.add("second", write_tiny_llama(tmp_path / "second.gguf", seed=7))
    clicks: list[Callable[[], Coroutine[Any, Any, object]]] = [
        lambda: machine.activating.activate("second"),
        machine.activating.deactivate,
        lambda: machine.activating.activate("first"),
    ]
    heard: list[ModelKey | None] = []
    refused: list[Exception] = []
    async with TaskScope("clicks") as scope:

        def click(state: ActiveModel) -> None:
            heard.append(state.key)
            if clicks:
                scope.start(str(len(clicks)), clicks.pop(0)(), refused.append)

        machine.active.changed.subscribe(click)
        await machine.activating.activate("first")
        await scope.drain()
    assert refused == []
    assert heard == [first, second, None, first]
    assert machine.loaded == ["first"]


async def test_deactivating_frees_the_memory_and_remembers_the_model(machine: Machine, tiny_llama: Path) -> None:
    await machine.add("tiny", tiny_llama)
    await machine.activating.activate("tiny")
    await machine.activating.deactivate()
    assert machine.active.snapshot.key is None
    assert machine.loaded == []
    assert dict(machine.active.snapshot.last_models) == {"llama_cpp": "tiny"}


async def test_the_state_is_on_disk_for_the_next_start_and_for_shells(
    machine: Machine, tiny_llama: Path, tmp_path: Path
) -> None:
    key = await machine.add("tiny", tiny_llama)
    await machine.activating.activate("tiny")
    assert ActiveModelStore(tmp_path / "state").snapshot.key == key
    lines = (tmp_path / "state" / "runtime.env").read_text().splitlines()
    assert lines == ["LLM_SERVICE_TYPE=local", "LLM_MODEL_NAME=tiny", "ACTIVE_LLM_SERVER=llama_cpp"]
