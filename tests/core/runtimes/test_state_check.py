"""What was active and what runs are compared after a start: the difference is said, and nothing is mended."""

from dataclasses import replace

import pytest

from venom_desktop.core.errors import (
    ActiveElsewhere,
    ActiveForbidden,
    ActiveHomeless,
    ActiveNotAlone,
    ActiveNotInstalled,
    ActiveNotLoaded,
    ActiveReplaced,
    ActiveUnprovided,
    Cure,
    StateDiffers,
)
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.active import ActiveModel
from venom_desktop.core.runtimes.base import LoadedModel, RuntimeSnapshot, RuntimeState
from venom_desktop.core.runtimes.profiles import RuntimeProfile
from venom_desktop.core.runtimes.state_check import StateCheck, compare

KEY = ModelKey(name="gemma3:4b", runtime="ollama")


def holding(name: str, title: str, *models: str) -> RuntimeSnapshot:
    loaded = tuple(LoadedModel(name=model, memory_bytes=None, vram_bytes=None, context=None) for model in models)
    return RuntimeSnapshot(name=name, title=title, state=RuntimeState.RUNNING, loaded=loaded)


EMPTY = holding("ollama", "Ollama")
HOLDS = holding("ollama", "Ollama", "gemma3:4b")
ENGINE = RuntimeSnapshot(name="llama_cpp", title="llama.cpp", state=RuntimeState.STOPPED)


def difference(
    *snapshots: RuntimeSnapshot,
    key: ModelKey | None = KEY,
    profile: RuntimeProfile = RuntimeProfile.LIGHT,
    installed: bool | None = True,
    service_type: str = "local",
) -> StateDiffers | None:
    return compare(
        ActiveModel(key=key, service_type=service_type),
        {snapshot.name: snapshot for snapshot in snapshots},
        profile=profile,
        is_installed=lambda _: installed,
    )


def test_what_is_as_it_was_is_no_difference() -> None:
    assert difference(HOLDS, ENGINE) is None
    assert difference(EMPTY, ENGINE, key=None) is None


@pytest.mark.parametrize(
    ("snapshots", "kind", "words"),
    [
        ((EMPTY, ENGINE), ActiveNotLoaded, "gemma3:4b was active and is not in memory."),
        (
            (holding("ollama", "Ollama", "llama3:8b", "qwen3:4b"), ENGINE),
            ActiveReplaced,
            "gemma3:4b was active and is not in memory: Ollama holds llama3:8b, qwen3:4b now.",
        ),
        (
            (EMPTY, holding("llama_cpp", "llama.cpp", "org/tiny")),
            ActiveElsewhere,
            "gemma3:4b was active and is not in memory, while llama.cpp holds org/tiny.",
        ),
        (
            (HOLDS, holding("llama_cpp", "llama.cpp", "org/tiny")),
            ActiveNotAlone,
            "gemma3:4b is active, and llama.cpp holds org/tiny in memory beside it. Unload what you do not need.",
        ),
    ],
)
def test_what_is_in_memory_instead_is_named(
    snapshots: tuple[RuntimeSnapshot, ...], kind: type[StateDiffers], words: str
) -> None:
    found = difference(*snapshots)
    assert type(found) is kind
    assert str(found) == words
    assert found.cures == (() if kind is ActiveNotAlone else (Cure.ACTIVATE_AGAIN,))


@pytest.mark.parametrize("profile", [RuntimeProfile.LIGHT, RuntimeProfile.LLM_OFF])
def test_a_runtime_that_the_profile_forbids_comes_first(profile: RuntimeProfile) -> None:
    key = ModelKey(name="org/big", runtime="vllm")
    found = difference(holding("vllm", "vLLM", "org/big"), key=key, profile=profile, installed=False)
    assert isinstance(found, ActiveForbidden)
    assert f"the runtime profile {profile.value} does not allow" in str(found)
    assert found.cures == (Cure.ACTIVATE_MODEL, Cure.OPEN_SETTINGS)


def test_a_runtime_that_is_gone_a_model_that_is_gone_and_a_program_that_is_gone_are_told_apart() -> None:
    assert isinstance(difference(ENGINE), ActiveHomeless)
    assert isinstance(difference(ENGINE, key=ModelKey(name="m", runtime="remote-box")), ActiveHomeless)
    assert isinstance(difference(EMPTY, installed=False), ActiveNotInstalled)
    gone = replace(EMPTY, state=RuntimeState.UNAVAILABLE)
    assert isinstance(difference(gone), ActiveUnprovided)


def test_what_nobody_can_tell_is_not_told() -> None:
    assert isinstance(difference(EMPTY, installed=None), ActiveNotLoaded)
    assert difference(replace(EMPTY, state=RuntimeState.STARTING)) is None
    assert difference(key=ModelKey(name="gpt-5", runtime="openai"), service_type="openai") is None
    elsewhere = holding("remote-box", "Box")
    assert difference(elsewhere, key=ModelKey(name="m", runtime="remote-box")) is None


def test_a_difference_stands_until_it_is_gone_and_none_arises_later() -> None:
    now: list[StateDiffers | None] = [None]
    check = StateCheck(lambda: now[0])
    heard: list[StateDiffers | None] = []
    check.changed.subscribe(heard.append)
    check.begin()
    now[0] = difference(EMPTY)
    check.look_again()
    assert (heard, check.standing) == ([], None)
    check.begin()
    check.look_again()
    assert [type(one) for one in heard] == [ActiveNotLoaded]
    now[0] = difference(EMPTY, holding("llama_cpp", "llama.cpp", "org/tiny"))
    check.look_again()
    assert [type(one) for one in heard] == [ActiveNotLoaded, ActiveElsewhere]
    now[0] = None
    check.look_again()
    assert (heard[-1], check.standing) == (None, None)
