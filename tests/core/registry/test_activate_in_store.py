"""Activating models that stand in Ollama's own store, over its wire: which exist there is the store's to say."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.core.runtimes.ollama_bench import Bench, a_bench
from tests.fakes.ollama_faults import Hangs, failing
from tests.fakes.ollama_models import Facts
from tests.fakes.ollama_process import install_ollama
from tests.fakes.ollama_server import OllamaStandIn
from venom_desktop.core.database import Database
from venom_desktop.core.errors import RuntimeUnavailable, UnknownModel, VenomError
from venom_desktop.core.governance.gate import Gate
from venom_desktop.core.host.nvidia import Nvidia
from venom_desktop.core.operations.history import OperationHistory
from venom_desktop.core.operations.operation import OperationStatus
from venom_desktop.core.operations.service import OperationService
from venom_desktop.core.registry.activate import ActivateModel
from venom_desktop.core.registry.inventory import Inventory
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.registry.workplace import Workplace
from venom_desktop.core.runtimes.active import ActiveModelStore
from venom_desktop.core.runtimes.ask import Ask
from venom_desktop.core.runtimes.base import LoadSettings, RuntimeState
from venom_desktop.core.runtimes.memory_return import MemoryReturn

ONE, TWO = ModelKey(name="one:latest", runtime="ollama"), ModelKey(name="two:latest", runtime="ollama")


@dataclass
class Machine:
    activating: ActivateModel
    operations: OperationService
    manifest: Manifest
    inventory: Inventory
    active: ActiveModelStore
    bench: Bench

    @property
    def loaded(self) -> list[str]:
        return self.bench.loaded


@pytest.fixture
async def ollama(tmp_path: Path) -> AsyncIterator[OllamaStandIn]:
    async with OllamaStandIn(tmp_path / "models") as server:
        for name in ("one", "two"):
            server.add_model(name, seed=name)
        yield server


@pytest.fixture
async def machine(ollama: OllamaStandIn, tmp_path: Path) -> AsyncIterator[Machine]:
    async with a_bench(tmp_path, ollama.url, listing_s=0.5) as bench, a_machine(tmp_path, bench) as made:
        yield made


@asynccontextmanager
async def a_machine(folder: Path, bench: Bench) -> AsyncIterator[Machine]:
    database = Database(folder / "history.db")
    await database.open()
    manifest = Manifest(folder / "home")
    manifest.open()
    operations = OperationService(OperationHistory(database))
    await operations.open()
    active = ActiveModelStore(folder / "state")
    inventory = Inventory(manifest, stores=[bench.models])
    active.changed.subscribe(lambda snapshot: inventory.set_active(snapshot.key))
    activating = ActivateModel(
        Workplace(
            manifest=manifest,
            inventory=inventory,
            active=active,
            runtimes={"ollama": bench.runtime},
            ask=Ask(Gate(), lambda _: bench.runtime),
            load_settings=lambda _: LoadSettings(),
            require_runtime=lambda _: None,
            stores={"ollama": bench.models},
            memory=MemoryReturn(Nvidia()),
        ),
        operations=operations,
    )
    await bench.models.refresh()
    try:
        yield Machine(activating, operations, manifest, inventory, active, bench)
    finally:
        await operations.close()
        await manifest.close()
        await database.close()


async def test_a_model_that_stands_only_in_the_store_becomes_active_and_its_use_is_noted(machine: Machine) -> None:
    done = await machine.activating.activate("one")
    assert done.status is OperationStatus.COMPLETED
    assert machine.active.snapshot.key == ONE
    assert machine.loaded == ["one:latest"]
    assert machine.manifest[ONE].last_used_at is not None
    assert machine.inventory.find("one").last_used_at is not None


async def test_another_model_takes_the_place_of_the_first_without_a_restart(machine: Machine) -> None:
    await machine.activating.activate("one")
    pid = machine.bench.now.pid
    await machine.activating.activate("two")
    assert machine.loaded == ["two:latest"]
    assert machine.bench.now.pid == pid


async def test_a_model_that_another_program_has_removed_is_refused_before_anything_stops(
    machine: Machine, ollama: OllamaStandIn
) -> None:
    await machine.activating.activate("one")
    ollama.remove_model("two")
    with pytest.raises(UnknownModel):
        await machine.activating.start("two")
    assert machine.loaded == ["one:latest"]
    assert machine.active.snapshot.key == ONE


async def test_a_model_that_another_program_has_just_brought_can_be_activated(
    machine: Machine, ollama: OllamaStandIn
) -> None:
    ollama.add_model("three")
    await machine.bench.models.refresh()
    await machine.activating.activate("three")
    assert machine.loaded == ["three:latest"]


async def test_an_active_model_removed_by_another_program_is_reported_and_another_can_follow(
    machine: Machine, ollama: OllamaStandIn
) -> None:
    await machine.activating.activate("one")
    ollama.remove_model("one")
    await machine.bench.models.refresh()
    gone = machine.inventory.snapshot.active_gone
    assert gone is not None
    assert gone.parameters == {"model_name": "one:latest"}
    assert machine.active.snapshot.key == ONE
    await machine.activating.activate("two")
    assert machine.active.snapshot.key == TWO
    assert machine.inventory.snapshot.active_gone is None


async def test_a_load_that_fails_puts_the_model_before_back(machine: Machine, ollama: OllamaStandIn) -> None:
    await machine.activating.activate("one")
    ollama.fault(failing(500, "llama runner process has terminated: out of memory"), "/api/generate", times=1)
    with pytest.raises(VenomError):
        await machine.activating.activate("two")
    assert machine.active.snapshot.key == ONE


async def test_a_server_that_is_stopped_in_a_load_is_not_started_again_for_the_model_before(tmp_path: Path) -> None:
    program = install_ollama(tmp_path)
    async with a_bench(tmp_path, program=program) as bench, a_machine(tmp_path, bench) as machine:
        await bench.runtime.start()
        for name in ("one", "two"):
            await bench.call("add_model", name=name, seed=name)
        await machine.activating.activate("one")
        # So that the next one to be asked for is the load.
        await bench.client.unload("one:latest")
        await bench.call("fault", effect="Hangs", pattern="/api/generate")
        operation_id = await machine.activating.start("two")
        async with asyncio.timeout(60):
            while [one.name for one in await bench.client.loaded()] != [TWO.name]:
                pass
        await bench.runtime.stop()
        assert (await machine.operations.wait(operation_id)).reason_code == "LOAD_CANCELLED"
        assert bench.now.state is RuntimeState.STOPPED
        assert machine.active.snapshot.key == ONE


async def test_a_model_refused_before_the_memory_was_touched_leaves_what_others_loaded(
    machine: Machine, ollama: OllamaStandIn
) -> None:
    await machine.bench.client.load("one:latest", options={}, keep_alive=-1)
    operation_id = await machine.activating.start("two")
    ollama.remove_model("two")
    assert (await machine.operations.wait(operation_id)).reason_code == "UNKNOWN_MODEL"
    await machine.bench.runtime.refresh()
    assert machine.loaded == ["one:latest"]


async def test_a_cancelled_load_leaves_nothing_active(machine: Machine, ollama: OllamaStandIn) -> None:
    ollama.fault(Hangs(), "/api/generate", times=1)
    operation_id = await machine.activating.start("one")
    await ollama.wait_for("/api/generate")
    machine.operations.cancel(operation_id)
    assert (await machine.operations.wait(operation_id)).status is OperationStatus.CANCELLED
    assert machine.active.snapshot.key is None


async def test_a_server_that_cannot_be_reached_fails_the_load_and_not_the_list(
    machine: Machine, ollama: OllamaStandIn
) -> None:
    await asyncio.to_thread(ollama.go_down)
    with pytest.raises(RuntimeUnavailable):
        await machine.activating.activate("one")
    assert machine.active.snapshot.key is None
    assert {row.name for row in machine.inventory.snapshot.models} == {"one:latest", "two:latest"}
    assert not machine.inventory.snapshot.stores["ollama"].reachable


async def test_a_model_that_only_embeds_is_asked_nothing(machine: Machine, ollama: OllamaStandIn) -> None:
    ollama.add_model("embed", facts=Facts(capabilities=("embedding",)), seed="embed")
    await machine.bench.models.refresh()
    await machine.activating.activate("embed")
    assert ollama.requests_for("/api/chat") == []


async def test_after_deactivating_nothing_answers_and_the_server_runs(machine: Machine) -> None:
    await machine.activating.activate("one")
    await machine.activating.deactivate()
    assert machine.loaded == []
    assert machine.active.snapshot.key is None
    assert await machine.bench.runtime.health()
