"""Load settings of single models survive a restart; a damaged file costs no start."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from venom_desktop.core.errors import InvalidSetting
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.base import LoadSettings
from venom_desktop.core.runtimes.model_settings import ModelSettingsStore
from venom_desktop.core.runtimes.vllm_settings import VllmSettings

KEY = ModelKey(name="org/model:Q4_K_M", runtime="llama_cpp")
SETTINGS = LoadSettings(context=4096, threads=4, gpu_layers=-1, parallel=2, kv_type="q8_0")


async def test_settings_are_kept_per_name_and_runtime(tmp_path: Path) -> None:
    store = ModelSettingsStore(tmp_path / "model_settings.json")
    heard: list[ModelKey] = []
    store.changed.subscribe(heard.append)
    await store.save(KEY, SETTINGS)
    again = ModelSettingsStore(tmp_path / "model_settings.json")
    assert again.get(KEY) == SETTINGS
    assert again.get(ModelKey(name=KEY.name, runtime="ollama")) == LoadSettings()
    assert heard == [KEY]


async def test_two_models_saved_at_once_are_both_kept(tmp_path: Path) -> None:
    store = ModelSettingsStore(tmp_path / "model_settings.json")
    other = ModelKey(name="org/other:Q8_0", runtime="llama_cpp")
    await asyncio.gather(store.save(KEY, SETTINGS), store.save(other, LoadSettings(threads=2)))
    again = ModelSettingsStore(tmp_path / "model_settings.json")
    assert (again.get(KEY), again.get(other)) == (SETTINGS, LoadSettings(threads=2))


async def test_forgotten_settings_are_gone(tmp_path: Path) -> None:
    store = ModelSettingsStore(tmp_path / "model_settings.json")
    await store.save(KEY, SETTINGS)
    await store.forget(KEY)
    assert ModelSettingsStore(tmp_path / "model_settings.json").get(KEY) == LoadSettings()


@pytest.mark.parametrize(
    ("name", "value"),
    [("context", 0), ("context", "many"), ("threads", -1), ("gpu_layers", -2), ("parallel", 0), ("kv_type", "f8")],
)
async def test_a_value_out_of_range_is_refused_and_changes_nothing(tmp_path: Path, name: str, value: Any) -> None:
    store = ModelSettingsStore(tmp_path / "model_settings.json")
    await store.save(KEY, SETTINGS)
    with pytest.raises(InvalidSetting, match=f"{name} cannot be {value}"):
        await store.save(KEY, LoadSettings(**{name: value}))
    assert store.get(KEY) == SETTINGS


async def test_values_and_fields_of_other_versions_do_no_harm_and_stay(tmp_path: Path) -> None:
    path = tmp_path / "model_settings.json"
    row = {"name": KEY.name, "runtime": KEY.runtime, "context": "huge", "threads": 3, "batch": 512}
    path.write_text(json.dumps({"models": [row, 7, {"name": 1}]}))
    store = ModelSettingsStore(path)
    assert store.get(KEY) == LoadSettings(threads=3)
    await store.save(KEY, LoadSettings(context=512))
    assert json.loads(path.read_text())["models"][0]["batch"] == 512


@pytest.mark.expects_warnings
@pytest.mark.parametrize("content", ["", "{", "[]", '{"models": 5}'])
async def test_a_damaged_file_is_put_aside_for_the_version_before_it(tmp_path: Path, content: str) -> None:
    path = tmp_path / "model_settings.json"
    store = ModelSettingsStore(path)
    await store.save(KEY, SETTINGS)
    await store.save(KEY, SETTINGS)
    path.write_text(content)
    assert ModelSettingsStore(path).get(KEY) == SETTINGS
    assert path.with_name(f"{path.name}.damaged").read_text() == content


VLLM_KEY = ModelKey(name="org/model", runtime="vllm")


async def test_what_only_vllm_knows_is_kept_beside_the_load_settings(tmp_path: Path) -> None:
    path = tmp_path / "model_settings.json"
    store = ModelSettingsStore(path)
    await store.save_vllm(VLLM_KEY, VllmSettings(max_model_len=8192, trust_remote_code=True))
    await store.save(VLLM_KEY, SETTINGS)
    again = ModelSettingsStore(path)
    assert again.get(VLLM_KEY) == SETTINGS
    assert again.get_vllm(VLLM_KEY) == VllmSettings(max_model_len=8192, trust_remote_code=True)
    await again.save_vllm(VLLM_KEY, VllmSettings())
    assert ModelSettingsStore(path).get(VLLM_KEY) == SETTINGS


async def test_code_is_trusted_for_one_model_alone(tmp_path: Path) -> None:
    store = ModelSettingsStore(tmp_path / "model_settings.json")
    await store.save_vllm(VLLM_KEY, VllmSettings(trust_remote_code=True))
    assert not store.get_vllm(ModelKey(name="org/other", runtime="vllm")).trust_remote_code


async def test_a_stored_value_that_vllm_cannot_take_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "model_settings.json"
    told = {"max_model_len": "long", "enforce_eager": True, "of_a_later_version": 1}
    path.write_text(json.dumps({"models": [{"name": "org/model", "runtime": "vllm", "vllm": told}]}))
    assert ModelSettingsStore(path).get_vllm(VLLM_KEY) == VllmSettings(enforce_eager=True)


async def test_a_wrong_value_for_vllm_leaves_what_was_stored(tmp_path: Path) -> None:
    store = ModelSettingsStore(tmp_path / "model_settings.json")
    await store.save_vllm(VLLM_KEY, VllmSettings(max_num_seqs=4))
    with pytest.raises(InvalidSetting, match="max_num_seqs cannot be 0"):
        await store.save_vllm(VLLM_KEY, VllmSettings(max_num_seqs=0))
    assert store.get_vllm(VLLM_KEY).max_num_seqs == 4
