"""Each runtime profile for scripts: the Python door refuses what the profile does not allow, by its own error."""

from pathlib import Path

import pytest

from tests.fakes.gguf_files import write_tiny_llama
from venom_desktop import ModelRegistry
from venom_desktop.core.errors import InvalidSetting, ProfileForbidsRuntime, UnknownRuntime, VenomError

REPO = "tiny-lab/Tiny-Llama-GGUF"


@pytest.mark.parametrize(
    ("profile", "forbidden"),
    [("light", ["vllm"]), ("llm_off", ["ollama", "llama_cpp", "vllm"]), ("full", [])],
)
async def test_a_forbidden_runtime_takes_no_model_from_a_script(
    private_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str, forbidden: list[str]
) -> None:
    monkeypatch.setenv("VENOM_RUNTIME_PROFILE", profile)
    async with ModelRegistry(tmp_path / "models") as registry:
        for runtime in forbidden:
            with pytest.raises(ProfileForbidsRuntime, match=f"{profile} does not allow {runtime}"):
                await registry.install_model(REPO, "huggingface", runtime)
        file = write_tiny_llama(tmp_path / "tiny.gguf")
        if "llama_cpp" in forbidden:
            with pytest.raises(ProfileForbidsRuntime):
                await registry.import_file(file)
        else:
            key = await registry.import_file(file)
            assert await registry.activate_model(key.name, key.runtime)


async def test_a_runtime_that_nobody_knows_is_unknown_and_not_forbidden(private_home: Path, tmp_path: Path) -> None:
    async with ModelRegistry(tmp_path / "models") as registry:
        with pytest.raises(UnknownRuntime):
            await registry.install_model(REPO, "huggingface", "nothing")


def test_an_unknown_profile_is_told_with_the_three(
    private_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VENOM_RUNTIME_PROFILE", "turbo")
    refusals: list[VenomError] = []
    try:
        ModelRegistry(tmp_path / "models")
    except InvalidSetting as error:
        refusals.append(error)
    assert [str(one) for one in refusals] == ["VENOM_RUNTIME_PROFILE cannot be turbo. Use light, llm_off or full."]
