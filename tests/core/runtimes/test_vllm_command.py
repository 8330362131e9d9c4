"""The command line of vLLM holds what was chosen and nothing else, and shows no secret."""

import shlex
from pathlib import Path

import pytest

from venom_desktop.core.errors import InvalidSetting
from venom_desktop.core.runtimes.base import LoadSettings
from venom_desktop.core.runtimes.vllm_command import Command, command_for
from venom_desktop.core.runtimes.vllm_settings import VllmOptions, VllmSettings, require_usable, resolved

PROGRAM = Path("/opt/v llm/bin/vllm")
MODEL = Path("/srv/models/org--tiny")
NOTHING = LoadSettings()


def command(
    chosen: VllmSettings | None = None, options: VllmOptions | None = None, load: LoadSettings = NOTHING
) -> Command:
    options = options or VllmOptions()
    settings = resolved(options, chosen or VllmSettings(), load)
    return command_for(PROGRAM, MODEL, name="org/tiny", options=options, settings=settings)


def test_nothing_chosen_leaves_the_choice_to_vllm() -> None:
    assert command().arguments == (
        str(PROGRAM),
        "serve",
        str(MODEL),
        "--host",
        "127.0.0.1",
        "--port",
        "8001",
        "--served-model-name=org/tiny",
        "--gpu-memory-utilization",
        "0.85",
    )


def test_everything_chosen_is_an_option() -> None:
    chosen = VllmSettings(
        gpu_memory_utilization=0.5,
        max_model_len=8192,
        max_num_seqs=4,
        served_name="tiny",
        chat_template="/srv/chat.jinja",
        enforce_eager=True,
        tensor_parallel=2,
        pipeline_parallel=3,
        ray=True,
        ray_address="10.0.0.1:6379",
        trust_remote_code=True,
    )
    made = command(chosen, VllmOptions(host="0.0.0.0", port=9000))
    assert made.arguments[3:] == (
        *("--host", "0.0.0.0", "--port", "9000", "--served-model-name=tiny", "--gpu-memory-utilization", "0.5"),
        *("--max-model-len", "8192", "--max-num-seqs", "4", "--chat-template", "/srv/chat.jinja"),
        *("--tensor-parallel-size", "2", "--pipeline-parallel-size", "3", "--distributed-executor-backend", "ray"),
        *("--enforce-eager", "--trust-remote-code"),
    )
    assert made.environment["RAY_ADDRESS"] == "10.0.0.1:6379"


def test_code_of_a_model_runs_only_where_it_was_allowed() -> None:
    assert "--trust-remote-code" not in command().arguments
    assert "--trust-remote-code" in command(VllmSettings(trust_remote_code=True)).arguments


def test_the_models_own_choice_wins_over_its_load_settings_and_those_over_the_option_of_all() -> None:
    options = VllmOptions(max_model_len=1024, max_num_seqs=1, gpu_memory_utilization=0.9)
    load = LoadSettings(context=2048, parallel=2)
    own = VllmSettings(max_model_len=4096, max_num_seqs=4, gpu_memory_utilization=0.7)
    found = [resolved(options, chosen, settings) for chosen, settings in ((own, load), (VllmSettings(), load))]
    found.append(resolved(options, VllmSettings(), NOTHING))
    assert [(one.max_model_len, one.max_num_seqs) for one in found] == [(4096, 4), (2048, 2), (1024, 1)]
    assert [one.gpu_memory_utilization for one in found] == [0.7, 0.9, 0.9]


def test_a_cluster_is_named_only_to_a_model_that_uses_one() -> None:
    options = VllmOptions(ray_address="10.0.0.1:6379")
    assert "RAY_ADDRESS" not in command(VllmSettings(), options).environment
    assert command(VllmSettings(ray=True), options).environment["RAY_ADDRESS"] == "10.0.0.1:6379"


def test_what_is_shown_can_be_run_and_holds_no_key() -> None:
    made = command(VllmSettings(ray=True, ray_address="a b")).with_key("secret-key")
    assert made.environment["VLLM_API_KEY"] == "secret-key"
    assert "secret-key" not in made.shown
    assert "secret-key" not in repr(made)
    assert "secret-key" not in " ".join(made.arguments)
    words = shlex.split(made.shown)
    assert words[:2] == ["VLLM_NO_USAGE_STATS=1", "RAY_ADDRESS=a b"]
    assert tuple(words[2:]) == made.arguments


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gpu_memory_utilization", 0),
        ("gpu_memory_utilization", 1.5),
        ("gpu_memory_utilization", True),
        ("max_model_len", 1),
        ("max_num_seqs", 0),
        ("served_name", "--host"),
        ("served_name", "two words"),
        ("chat_template", "relative.jinja"),
        ("chat_template", "/srv/two\nlines"),
        ("tensor_parallel", 0),
        ("pipeline_parallel", 1.0),
        ("ray_address", "--head"),
        ("trust_remote_code", "yes"),
        ("enforce_eager", 1),
    ],
)
def test_a_value_that_makes_no_sense_is_refused_by_its_name(name: str, value: object) -> None:
    with pytest.raises(InvalidSetting) as caught:
        require_usable(VllmSettings(**{name: value}))  # type: ignore[arg-type]  # that is the point
    assert str(caught.value).startswith(f"{name} cannot be ")
