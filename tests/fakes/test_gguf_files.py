"""The GGUF files that tests are made of are real: another reader agrees and llama.cpp answers from them."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.fakes import gguf_profiles
from tests.fakes.gguf_files import (
    header_of,
    write_header_only,
    write_mmproj,
    write_sharded_llama,
    write_tiny_llama,
)
from tests.fakes.gguf_llama import SPEECH, FileType, TinyLlama


def read_keys(path: Path) -> dict[str, Any]:
    import gguf

    reader = gguf.GGUFReader(path)
    return {name: field.contents() for name, field in reader.fields.items()}


def ask(path: Path, *messages: dict[str, str], max_tokens: int = 40) -> tuple[str, str]:
    """The answer of real llama.cpp and why it ended."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = 512
    params.n_parallel = 1
    params.n_gpu_layers = 0
    params.port = 0
    params.hostnames = ["127.0.0.1"]
    params.api_keys = ["key"]
    params.verbosity = -1
    server = xllamacpp.Server(params)
    body = {"messages": messages or ({"role": "user", "content": "Hello"},), "max_tokens": max_tokens}
    request = urllib.request.Request(
        f"{server.listening_address}/v1/chat/completions",
        json.dumps(body).encode(),
        {"Authorization": "Bearer key", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        choice = json.load(answer)["choices"][0]
    return choice["message"]["content"], choice["finish_reason"]


def test_llama_cpp_answers_with_the_speech_and_stops(tmp_path: Path) -> None:
    assert ask(write_tiny_llama(tmp_path / "tiny.gguf")) == (SPEECH, "stop")


def test_an_endless_padded_model_talks_until_its_token_limit(tmp_path: Path) -> None:
    path = write_tiny_llama(tmp_path / "tiny.gguf", speech="Round it goes", endless=True, pad_to_bytes=3_000_001)
    assert path.stat().st_size == 3_000_001
    assert ask(path, max_tokens=9) == ("Round it goes Round it goes Round", "length")


def test_a_template_that_refuses_the_system_role_still_loads(tmp_path: Path) -> None:
    path = write_tiny_llama(tmp_path / "tiny.gguf", system_role=False, layers=3, width=128, seed=4)
    assert "System role not supported" in read_keys(path)["tokenizer.chat_template"]
    assert ask(path)[0] == SPEECH


def test_llama_cpp_loads_all_shards_from_the_first(tmp_path: Path) -> None:
    shards = write_sharded_llama(tmp_path, "big", shards=3, model=TinyLlama(seed=7))
    assert [shard.name for shard in shards] == [f"big-0000{number}-of-00003.gguf" for number in (1, 2, 3)]
    assert ask(shards[0])[0] == SPEECH


def test_another_reader_finds_the_same_keys(tmp_path: Path) -> None:
    path = write_tiny_llama(tmp_path / "tiny.gguf", context=4096, file_type=FileType.Q4_K_M)
    keys = read_keys(path)
    assert keys["general.architecture"] == "llama"
    assert keys["llama.context_length"] == 4096
    assert keys["general.file_type"] == 15
    assert keys["tokenizer.ggml.tokens"][-1] == "\u2581it."


@pytest.mark.parametrize("name", gguf_profiles.ALL)
def test_a_header_of_any_architecture_reads_back(tmp_path: Path, name: str) -> None:
    profile = gguf_profiles.ALL[name]
    keys = read_keys(write_header_only(tmp_path / "head.gguf", profile, vocabulary_size=100))
    architecture = keys["general.architecture"]
    assert keys[f"{architecture}.block_count"] == profile[f"{architecture}.block_count"]
    assert len(keys["tokenizer.ggml.tokens"]) == 100


def test_jamba_tells_its_heads_per_layer(tmp_path: Path) -> None:
    keys = read_keys(write_header_only(tmp_path / "head.gguf", gguf_profiles.JAMBA_MINI))
    assert keys["jamba.attention.head_count_kv"][:6] == [0, 0, 0, 0, 8, 0]


def test_the_tokenizer_stands_last_unless_asked() -> None:
    first_key = header_of(gguf_profiles.LLAMA_3_2_1B)[32:60]
    assert first_key.startswith(b"general.architecture")
    assert b"tokenizer.ggml.model" in header_of(gguf_profiles.LLAMA_3_2_1B, tokenizer_first=True)[:60]


def test_an_mmproj_says_clip(tmp_path: Path) -> None:
    keys = read_keys(write_mmproj(tmp_path / "mmproj-F16.gguf"))
    assert (keys["general.architecture"], keys["general.type"]) == ("clip", "mmproj")


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    first, second, other = (write_tiny_llama(path, seed=seed).read_bytes() for seed in (0, 0, 1))
    assert first == second != other


def test_no_two_mebibytes_of_padding_are_alike(tmp_path: Path) -> None:
    data = write_tiny_llama(tmp_path / "tiny.gguf", pad_to_bytes=4 << 20).read_bytes()
    blocks = [data[start : start + (1 << 20)] for start in range(0, 4 << 20, 1 << 20)]
    assert len(set(blocks)) == 4
