"""What Ollama tells of a model, read from answers of several kinds of model."""

from datetime import UTC, datetime

import pytest

from venom_desktop.core.errors import SourceChanged
from venom_desktop.core.runtimes.model_store import PullPhase, PullStep
from venom_desktop.core.runtimes.ollama_wire import details_of, loaded_of, models_of, step_of, system_role_of

NOW = datetime(2026, 11, 22, tzinfo=UTC)
CHATML = "{{ range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n"
LLAMA2 = "[INST] <<SYS>>{{ .System }}<</SYS>> {{ .Prompt }} [/INST]"
GEMMA = (
    '{{ range $i, $_ := .Messages }}{{ if or (eq .Role "user") (eq .Role "system") }}<start_of_turn>user\n'
    "{{ .Content }}<end_of_turn>{{ end }}{{ end }}"
)
USER_ONLY = '{{ range .Messages }}{{ if eq .Role "user" }}[INST] {{ .Content }}[/INST]{{ end }}{{ end }}'
DIGEST = "a" * 64


@pytest.mark.parametrize(
    ("template", "modelfile", "expected"),
    [
        ("", "", None),
        (" \n", "", None),
        ("{{ .Prompt }}", "", False),
        ("{{ .Prompt }}", "FROM x\nRENDERER qwen3-coder\nPARSER qwen3-coder\n", None),
        (LLAMA2, "", True),
        (CHATML, "", True),
        (GEMMA, "", True),
        (USER_ONLY, "", False),
        ("{{- if .System }}{{- .System -}}{{ end }}{{ .Prompt }}", "", True),
        ("System: {{ .Prompt }}", "", False),
    ],
)
def test_a_template_tells_whether_it_writes_the_system_message(
    template: str, modelfile: str, expected: bool | None
) -> None:
    assert system_role_of(template, modelfile) is expected


def test_a_model_is_described() -> None:
    details = details_of(
        {
            "license": "\n  Apache License\nVersion 2.0\n",
            "template": LLAMA2,
            "details": {"family": "qwen3", "quantization_level": "Q4_K_M"},
            "model_info": {
                "general.architecture": "qwen3",
                "general.parameter_count": 8190735360,
                "qwen3.context_length": 40960,
            },
            "capabilities": ["completion", "tools", "thinking"],
            "requires": "0.14.0",
        }
    )
    can = details.capabilities
    assert (can.supports_function_calling, can.supports_thinking, can.supports_vision) == (True, True, False)
    assert (can.supports_embedding, can.max_context_length, can.quantization) == (False, 40960, "Q4_K_M")
    assert can.allowed_roles == ("system", "user", "assistant", "tool")
    assert (details.license, details.architecture, details.requires) == ("Apache License", "qwen3", "0.14.0")
    assert details.parameter_count == 8190735360


def test_the_header_is_told_unless_a_part_of_it_is_kept_back() -> None:
    info = {"general.architecture": "qwen3", "qwen3.block_count": 36, "tokenizer.ggml.tokens": None}
    whole = details_of({"model_info": info}).header
    assert whole is not None
    assert (whole.architecture, whole.number("block_count")) == ("qwen3", 36)
    assert details_of({"model_info": {**info, "qwen3.attention.head_count_kv": None}}).header is None
    assert details_of({"model_info": None}).header is None


def test_what_an_older_server_does_not_tell_is_unknown() -> None:
    details = details_of({"details": {"quantization_level": "unknown"}, "model_info": None})
    can = details.capabilities
    assert (can.supports_function_calling, can.supports_system_role, can.allowed_roles) == (None, None, None)
    assert (can.max_context_length, can.quantization, can.prompt_template) == (None, None, None)
    assert (details.license, details.architecture, details.parameter_count) == (None, None, None)
    with pytest.raises(SourceChanged):
        details_of(["tiny"])


def test_a_model_of_a_cloud_is_known_as_one() -> None:
    row = {"name": "gpt-oss:120b-cloud", "remote_host": "https://ollama.com:443", "digest": f"sha256:{DIGEST}"}
    (model,) = models_of({"models": [row]})
    assert (model.remote_host, model.digest) == ("https://ollama.com:443", DIGEST)
    assert models_of({"models": None}) == ()


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("2026-11-22T00:05:00.123456789Z", datetime(2026, 11, 22, 0, 5, 0, 123456, tzinfo=UTC)),
        ("2026-11-22T01:05:00+01:00", datetime(2026, 11, 22, 0, 5, tzinfo=UTC)),
        ("2319-03-04T16:48:05.617945404Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("soon", None),
        (None, None),
    ],
)
def test_a_model_that_stays_has_no_expiry(told: str | None, expected: datetime | None) -> None:
    (loaded,) = loaded_of({"models": [{"name": "tiny:latest", "expires_at": told, "context_length": 0}]}, now=NOW)
    assert (loaded.expires_at, loaded.context) == (expected, None)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"status": "pulling manifest"}, PullStep(phase=PullPhase.MANIFEST)),
        (
            {"status": "pulling aaaaaaaaaaaa", "digest": f"sha256:{DIGEST}", "total": 10},
            PullStep(phase=PullPhase.DOWNLOADING, layer=f"sha256:{DIGEST}", done_bytes=0, total_bytes=10),
        ),
        (
            {"status": "pulling model", "digest": "sha256:model", "total": 10, "completed": 3},
            PullStep(phase=PullPhase.DOWNLOADING, done_bytes=3, total_bytes=10),
        ),
        (
            {"status": "pulling aaaaaaaaaaaa", "digest": "../../etc", "total": -1, "completed": "7"},
            PullStep(phase=PullPhase.DOWNLOADING),
        ),
        ({"status": "verifying sha256 digest"}, PullStep(phase=PullPhase.VERIFYING)),
        ({"status": "parsing GGUF"}, PullStep(phase=PullPhase.VERIFYING)),
        ({"status": "using existing layer sha256:a"}, PullStep(phase=PullPhase.WRITING)),
        ({"status": "removing unused layers"}, PullStep(phase=PullPhase.WRITING)),
        ({"status": "couldn't remove unused layers: busy"}, PullStep(phase=PullPhase.WRITING)),
        ({"status": "success"}, PullStep(phase=PullPhase.DONE)),
        ({"status": "thinking about it"}, None),
        ({"status": 7}, None),
        ({}, None),
    ],
)
def test_a_line_of_a_pull_is_a_step(line: dict[str, object], expected: PullStep | None) -> None:
    assert step_of(line) == expected
