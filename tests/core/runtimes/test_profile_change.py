"""Another profile: it asks before it ends what it forbids, stops that first, and only then it counts."""

from dataclasses import dataclass, field, replace

import pytest

from venom_desktop.core.errors import ProfileEndsRuntimes, RuntimeFailed, SettingLocked, VenomError
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.base import Control, RuntimeSnapshot, RuntimeState
from venom_desktop.core.runtimes.profile_change import ChangeProfile
from venom_desktop.core.runtimes.profiles import RuntimeProfile

OFF, LIGHT, FULL = RuntimeProfile.LLM_OFF, RuntimeProfile.LIGHT, RuntimeProfile.FULL
VLLM = RuntimeSnapshot(name="vllm", title="vLLM", state=RuntimeState.RUNNING, control=Control.CHILD)
OLLAMA = RuntimeSnapshot(name="ollama", title="Ollama", state=RuntimeState.RUNNING, control=Control.EXTERNAL)


@dataclass
class StandIn:
    snapshot: RuntimeSnapshot
    done: list[str]
    refuses: VenomError | None = None

    async def stop(self) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.done.append(f"stop {self.snapshot.name}")


@dataclass
class Bench:
    """`done` is what was carried out, in order."""

    active: ModelKey | None = None
    done: list[str] = field(default_factory=list)
    locked: bool = False
    vllm: StandIn = field(init=False)
    ollama: StandIn = field(init=False)

    def __post_init__(self) -> None:
        self.vllm, self.ollama = StandIn(VLLM, self.done), StandIn(OLLAMA, self.done)
        self.change = ChangeProfile(
            {"vllm": self.vllm, "ollama": self.ollama},  # type: ignore[dict-item]
            current=lambda: LIGHT,
            active=lambda: self.active,
            deactivate=self._deactivate,
            require_free=self._require_free,
            save=self._save,
        ).change

    async def _deactivate(self) -> None:
        self.done.append("deactivate")

    async def _save(self, profile: str) -> None:
        self.done.append(f"save {profile}")

    def _require_free(self) -> None:
        if self.locked:
            raise SettingLocked(name="runtime_profile", variable="VENOM_RUNTIME_PROFILE")


async def test_what_ends_nothing_is_not_asked() -> None:
    bench = Bench(active=ModelKey(name="gemma3:4b", runtime="ollama"))
    await bench.change(FULL)
    assert bench.done == ["save full"]


async def test_a_forbidden_runtime_that_is_active_is_asked_for_and_then_stopped() -> None:
    bench = Bench(active=ModelKey(name="org/big", runtime="vllm"))
    with pytest.raises(ProfileEndsRuntimes) as asked:
        await bench.change(LIGHT)
    assert bench.done == []
    assert (asked.value.http_status, asked.value.needs_confirmation) == (409, True)
    assert str(asked.value) == (
        "The runtime profile light takes away the active model org/big and stops vLLM. Change it all the same?"
    )
    await bench.change(LIGHT, confirm=True)
    assert bench.done == ["deactivate", "stop vllm", "save light"]


async def test_one_that_runs_without_being_active_is_asked_for_too() -> None:
    bench = Bench(active=ModelKey(name="gemma3:4b", runtime="ollama"))
    with pytest.raises(ProfileEndsRuntimes, match="light stops vLLM"):
        await bench.change(LIGHT)
    bench.vllm.snapshot = replace(VLLM, state=RuntimeState.STARTING)
    with pytest.raises(ProfileEndsRuntimes):
        await bench.change(LIGHT)
    bench.vllm.snapshot = replace(VLLM, state=RuntimeState.STOPPED)
    await bench.change(LIGHT)
    assert bench.done == ["save light"]


async def test_a_server_of_another_program_goes_on_and_gives_its_model_back() -> None:
    bench = Bench(active=ModelKey(name="gemma3:4b", runtime="ollama"))
    bench.vllm.snapshot = replace(VLLM, state=RuntimeState.STOPPED)
    await bench.change(OFF, confirm=True)
    assert bench.done == ["deactivate", "save llm_off"]


async def test_a_runtime_that_cannot_be_stopped_leaves_the_profile_as_it_was() -> None:
    bench = Bench()
    bench.vllm.refuses = RuntimeFailed(runtime="vLLM", explanation="It hangs.")
    with pytest.raises(RuntimeFailed):
        await bench.change(LIGHT, confirm=True)
    assert bench.done == []


async def test_what_the_environment_decides_stops_nothing() -> None:
    bench = Bench(locked=True)
    with pytest.raises(SettingLocked):
        await bench.change(LIGHT, confirm=True)
    assert bench.done == []
