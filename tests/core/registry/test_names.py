"""Names: what is accepted, what is refused with one sentence, and what things are called."""

import re
from pathlib import PurePosixPath

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.counts import count
from venom_desktop.core.errors import InvalidName
from venom_desktop.core.registry.names import (
    check_name,
    key_for,
    ollama_name,
    ollama_title,
    parse_repository,
    slug_for_file,
)

_REFUSED = [
    "",
    "a" * 201,
    "/leading",
    "trailing/",
    "a//b",
    "../up",
    "a/../b",
    "a/./b",
    ".",
    "..",
    "name\n",
    "na\nme",
    "name\0",
    "na me",
    "nam\u0435",  # a Cyrillic e
    "\uff4dodel",  # a full-width m
    "model\u200b",  # a space of no width
    "model\u0661",  # a digit of another script
    "a\\b",
    "a%2fb",
    "~",
    "$(id)",
]


@pytest.mark.parametrize("name", _REFUSED)
def test_a_name_that_is_not_usable_is_refused_with_one_sentence(name: str) -> None:
    with pytest.raises(InvalidName) as refused:
        check_name(name)
    assert refused.value.http_status == 400
    assert refused.value.reason_code == "INVALID_NAME"
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "name", ["a", "a" * 200, "llama3:latest", "hf.co/org/repo:Q4_K_M", "org/name", "host:5000/ns/model:tag", "..."]
)
def test_usable_names_pass_unchanged(name: str) -> None:
    assert check_name(name) == name


@settings(max_examples=count(300, 10_000), derandomize=True, deadline=None)
@given(
    st.one_of(
        st.text(max_size=210),
        st.text(alphabet="aZ0_-.:/", max_size=210),
        st.lists(st.sampled_from([".", "..", "a", "", "b:c", "\n", "é"]), max_size=6).map("/".join),
    )
)
@example("a\n")
def test_whatever_passes_is_plain_and_cannot_climb(name: str) -> None:
    try:
        check_name(name)
    except InvalidName:
        return
    assert re.fullmatch(r"[\x21-\x7e]{1,200}", name)
    assert not set(name) - set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.:/")
    assert not {"", ".", ".."} & set(name.split("/"))


def test_a_repository_name_gives_repository_and_quantization() -> None:
    assert parse_repository("bartowski/Qwen2.5-0.5B-Instruct-GGUF:Q4_K_M") == (
        "bartowski/Qwen2.5-0.5B-Instruct-GGUF",
        "Q4_K_M",
    )
    assert parse_repository("google/gemma-2b-it") == ("google/gemma-2b-it", None)


@pytest.mark.parametrize(
    "name", ["gemma", "a/b/c", "a/b:", "a/b:c:d", ":Q4", "a:b/c", "a/b:../c", "../b", "a/..", "a/b\n"]
)
def test_a_repository_is_exactly_organisation_and_name(name: str) -> None:
    with pytest.raises(InvalidName):
        parse_repository(name)


def test_an_ollama_name_without_tag_means_latest() -> None:
    assert ollama_name("llama3") == "llama3:latest"
    assert ollama_name("hf.co/org/repo:Q4_K_M") == "hf.co/org/repo:Q4_K_M"
    assert ollama_name("host:5000/ns/model") == "host:5000/ns/model:latest"
    assert key_for("llama3", "ollama") == key_for("llama3:latest", "ollama")
    assert key_for("llama3", "llama_cpp").name == "llama3"


@pytest.mark.parametrize("name", ["registry.ollama.ai/library/llama3:8b", "library/llama3:8b", "Library/llama3:8b"])
def test_an_ollama_name_leaves_out_what_is_meant_when_nothing_is_said(name: str) -> None:
    assert ollama_name(name) == "llama3:8b"


@pytest.mark.parametrize(
    "name", ["registry.ollama.ai/llama3:8b", "host/library/llama3:8b", "a/library:8b", "library:8b"]
)
def test_an_ollama_name_keeps_what_says_something(name: str) -> None:
    assert ollama_name(name) == name


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("gemma3:4b", "Gemma3 4B"),
        ("qwen2.5-coder:7b", "Qwen2.5 Coder 7B"),
        ("nomic-embed-text:v1.5", "Nomic Embed Text v1.5"),
        ("mixtral:8x7b-instruct-q4_K_M", "Mixtral 8x7B Instruct Q4_K_M"),
        ("someone/llama3", "Llama3"),
        ("hf.co/bartowski/Qwen2.5-0.5B-Instruct-GGUF:Q4_K_M", "Qwen2.5 0.5B Instruct"),
        ("127.0.0.1:5000/library/tiny:fp16", "Tiny FP16"),
    ],
)
def test_an_ollama_model_is_shown_as_a_person_would_say_it(name: str, title: str) -> None:
    assert ollama_title(name) == title


def test_a_local_file_gets_a_usable_name_that_is_not_taken() -> None:
    assert slug_for_file(PurePosixPath("/x/My Model (v2).gguf")) == "My-Model-v2"
    assert slug_for_file(PurePosixPath("big-00001-of-00003.gguf")) == "big"
    assert slug_for_file(PurePosixPath("a.gguf"), {"a", "a-2"}) == "a-3"
    assert slug_for_file(PurePosixPath("模型.gguf")) != slug_for_file(PurePosixPath("типы.gguf"))


@settings(max_examples=count(300, 10_000), derandomize=True, deadline=None)
@given(st.text(min_size=1, max_size=250).filter(lambda text: "\0" not in text and "/" not in text))
def test_every_file_gets_a_name_that_passes(file_name: str) -> None:
    path = PurePosixPath(f"/models/{file_name}.gguf")
    slug = slug_for_file(path)
    assert check_name(slug) == slug
    assert "/" not in slug
    assert check_name(slug_for_file(path, {slug})) != slug
