"""Values are checked once, at the edge, and a wrong one is answered with a sentence."""

import ast
import math
from pathlib import Path

import pytest

import venom_desktop
from venom_desktop.core.errors import InvalidInput, InvalidSetting
from venom_desktop.core.settings.schema import SETTINGS, Profile, Settings, Theme, from_json, from_text, to_json

PACKAGE = Path(venom_desktop.__file__).parent


def test_defaults_are_valid_settings() -> None:
    for key, setting in SETTINGS.items():
        assert from_json(key, setting.default) == setting.default == getattr(Settings(), key)


@pytest.mark.parametrize(
    ("key", "given", "value"),
    [
        ("max_storage_gb", 80, 80.0),
        ("models_dir", "/srv/models", Path("/srv/models")),
        ("models_dir", None, None),
        ("llama_server_path", Path("/opt/llama-server"), Path("/opt/llama-server")),
        ("theme", "dark", Theme.DARK),
        ("theme", Theme.LIGHT, Theme.LIGHT),
        ("hf_endpoint", " https://mirror.example/hub/ ", "https://mirror.example/hub"),
        ("api_enabled", True, True),
    ],
)
def test_a_good_value_arrives_in_its_own_type(key: str, given: object, value: object) -> None:
    assert from_json(key, given) == value
    assert from_json(key, to_json(value)) == value


@pytest.mark.parametrize(
    ("key", "given"),
    [
        ("max_storage_gb", 0),
        ("max_storage_gb", -1),
        ("max_storage_gb", math.nan),
        ("max_storage_gb", math.inf),
        ("max_storage_gb", "50"),
        ("max_storage_gb", True),
        ("max_storage_gb", 10**400),
        ("models_dir", "/half\ud800character"),
        ("models_dir", "~nobody-of-this-name/models"),
        ("models_dir", "relative/folder"),
        ("models_dir", "/with\0nul"),
        ("hf_endpoint", "ftp://huggingface.co"),
        ("hf_endpoint", "huggingface.co"),
        ("hf_endpoint", "https://user:key@huggingface.co"),
        ("hf_endpoint", "https://huggingface.co/?token=x"),
        ("hf_endpoint", "https://huggingface.co:99999"),
        ("hf_endpoint", "https://hugging face.co"),
        ("runtime_profile", "heavy"),
        ("theme", 1),
        ("api_port", 0),
        ("api_port", 65536),
        ("api_port", 80.5),
        ("api_enabled", 1),
        ("api_enabled", None),
        ("theme", ["dark"]),
        ("theme", object()),
    ],
)
def test_a_wrong_value_is_refused_with_its_name_and_what_is_expected(key: str, given: object) -> None:
    with pytest.raises(InvalidSetting) as caught:
        from_json(key, given)
    assert str(caught.value).startswith(f"{key} cannot be ")
    assert str(caught.value).endswith(SETTINGS[key].about.expected)


def test_an_unknown_profile_in_the_environment_names_the_three_and_the_variable() -> None:
    with pytest.raises(InvalidSetting, match=r"VENOM_RUNTIME_PROFILE cannot be heavy\. Use light, llm_off or full."):
        from_text("runtime_profile", "heavy")
    assert from_text("runtime_profile", "llm_off") is Profile.LLM_OFF


def test_the_environment_spells_numbers_as_text() -> None:
    assert from_text("max_storage_gb", "12.5") == 12.5


def test_an_unknown_setting_is_an_invalid_input() -> None:
    with pytest.raises(InvalidInput, match="No setting is called 'colour'"):
        from_json("colour", "red")


def test_every_setting_is_read_by_something_that_it_changes() -> None:
    files = [file for file in PACKAGE.rglob("*.py") if not file.is_relative_to(PACKAGE / "core/settings")]
    in_the_address = {"ollama_host", "ollama_port"}
    read = in_the_address | {
        node.attr
        for file in files
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
    }
    assert SETTINGS.keys() <= read
    assert "ollama_endpoint" in read


def test_a_long_wrong_value_does_not_make_a_long_sentence() -> None:
    with pytest.raises(InvalidSetting) as caught:
        from_json("theme", "x" * 100_000)
    assert len(str(caught.value)) < 200


def test_variables_of_a_server_are_kept_as_sorted_pairs_and_written_as_an_object() -> None:
    pairs = from_json("ollama_variables", {"OLLAMA_MAX_QUEUE": "9", "OLLAMA_KEEP_ALIVE": "5m"})
    assert pairs == (("OLLAMA_KEEP_ALIVE", "5m"), ("OLLAMA_MAX_QUEUE", "9"))
    assert to_json(pairs) == {"OLLAMA_KEEP_ALIVE": "5m", "OLLAMA_MAX_QUEUE": "9"}


@pytest.mark.parametrize(
    "value", [{"LD_PRELOAD": "x"}, {"OLLAMA_": "x"}, {"OLLAMA_A": 1}, {"OLLAMA_A": "a\0b"}, ["OLLAMA_A"], "OLLAMA_A=1"]
)
def test_other_variables_than_the_servers_own_are_refused(value: object) -> None:
    with pytest.raises(InvalidSetting, match="OLLAMA_"):
        from_json("ollama_variables", value)


def test_the_port_of_ollama_fills_in_where_its_host_names_none() -> None:
    assert Settings().ollama_endpoint == "http://127.0.0.1:11434"
    assert Settings(ollama_host="0.0.0.0", ollama_port=5000).ollama_endpoint == "http://127.0.0.1:5000"
    assert from_json("ollama_port", None) is None


@pytest.mark.parametrize("unit", ["../evil.service", "a b", "", "-x"])
def test_a_unit_name_that_is_none_is_refused(unit: str) -> None:
    with pytest.raises(InvalidSetting, match="unit"):
        from_json("ollama_systemd_unit", unit)


def test_a_unit_name_gets_its_ending() -> None:
    assert from_json("ollama_systemd_unit", "ollama") == "ollama.service"
