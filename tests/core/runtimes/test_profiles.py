"""A profile says which local runtimes there are; an unknown one names the three."""

import pytest

from venom_desktop.core.errors import InvalidSetting, ProfileForbidsRuntime
from venom_desktop.core.runtimes.profiles import RuntimeProfile, parse_profile, profile_from


@pytest.mark.parametrize(
    ("profile", "allowed"),
    [
        (RuntimeProfile.LIGHT, {"ollama", "llama_cpp"}),
        (RuntimeProfile.LLM_OFF, set()),
        (RuntimeProfile.FULL, {"ollama", "llama_cpp", "vllm"}),
    ],
)
def test_a_profile_allows_its_local_runtimes_and_every_cloud(profile: RuntimeProfile, allowed: set[str]) -> None:
    offered = {"ollama", "llama_cpp", "vllm", "openai", "google", "remote-rack"}
    assert {name for name in offered if profile.allows(name)} == allowed | {"openai", "google", "remote-rack"}


def test_a_forbidden_runtime_is_refused_by_name() -> None:
    with pytest.raises(ProfileForbidsRuntime, match="light does not allow vllm"):
        RuntimeProfile.LIGHT.require("vllm")


def test_an_unknown_profile_is_an_error_that_names_the_three() -> None:
    with pytest.raises(InvalidSetting, match=r"cannot be turbo\. Use light, llm_off or full\."):
        parse_profile("turbo")


def test_the_environment_wins_over_the_choice_in_settings() -> None:
    assert profile_from({"VENOM_RUNTIME_PROFILE": " Full "}, otherwise=RuntimeProfile.LLM_OFF) is RuntimeProfile.FULL
    assert profile_from({}, otherwise=RuntimeProfile.LLM_OFF) is RuntimeProfile.LLM_OFF
    assert profile_from({"VENOM_RUNTIME_PROFILE": ""}) is RuntimeProfile.LIGHT
    with pytest.raises(InvalidSetting):
        profile_from({"VENOM_RUNTIME_PROFILE": "none"})
