"""Capabilities: detected from the GGUF header, never defaulted, and the user has the last word."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from gguf import LlamaFileType

from tests.core.registry.rows import model
from tests.core.registry.templates import GEMMA_2, QWEN_3
from tests.fakes.gguf_files import write_tiny_llama
from venom_desktop.core.catalog.gguf_header import GgufHeader
from venom_desktop.core.errors import FileMissing, UnreadableModelFile
from venom_desktop.core.registry.capabilities import (
    QUANTIZATIONS,
    capabilities_from_gguf,
    effective,
    merge,
    read_capabilities,
)
from venom_desktop.core.registry.model import ModelCapabilities


def _header(keys: Mapping[str, Any] | None = None, **fields: Any) -> GgufHeader:
    return GgufHeader(version=3, tensor_count=0, keys=keys or {}, whole=True, **fields)


def test_what_the_header_does_not_tell_stays_unknown() -> None:
    assert capabilities_from_gguf(_header()) == ModelCapabilities()


def test_a_gemma_template_means_no_system_role() -> None:
    found = capabilities_from_gguf(
        _header(architecture="gemma2", chat_template=GEMMA_2, context_length=8192, file_type=15)
    )
    assert found.supports_system_role is False
    assert found.allowed_roles == ("user", "assistant")
    assert found.supports_function_calling is False
    assert found.max_context_length == 8192
    assert found.quantization == "Q4_K_M"
    assert found.prompt_template == GEMMA_2


def test_a_template_with_tools_and_thinking_allows_them() -> None:
    found = capabilities_from_gguf(_header(architecture="qwen3", chat_template=QWEN_3), has_projector=False)
    assert found.supports_system_role is True
    assert found.supports_function_calling is True
    assert found.supports_thinking is True
    assert found.supports_embedding is False
    assert found.supports_vision is False
    assert found.allowed_roles == ("system", "user", "assistant", "tool")


def test_a_projector_means_vision() -> None:
    assert capabilities_from_gguf(_header(architecture="gemma3"), has_projector=True).supports_vision is True


@pytest.mark.parametrize(
    ("architecture", "pooling", "embeds"),
    [
        ("bert", None, True),
        ("nomic-bert", 1, True),
        ("qwen3", 3, True),
        ("qwen3", None, False),
        ("qwen3", 4, False),
        ("llama", 0, False),
    ],
)
def test_an_encoder_or_a_pooled_model_embeds(architecture: str, pooling: int | None, embeds: bool) -> None:
    keys = {} if pooling is None else {f"{architecture}.pooling_type": pooling}
    assert capabilities_from_gguf(_header(keys, architecture=architecture)).supports_embedding is embeds


def test_every_quantization_of_llama_cpp_has_its_name() -> None:
    known = {kind.value: kind.name.removeprefix("MOSTLY_").removeprefix("ALL_") for kind in LlamaFileType}
    del known[LlamaFileType.GUESSED.value]
    assert dict(QUANTIZATIONS) == known


def test_a_file_type_of_the_future_is_unknown() -> None:
    assert capabilities_from_gguf(_header(file_type=999)).quantization is None


def test_a_real_file_is_read(tiny_llama: Path) -> None:
    found = read_capabilities(tiny_llama)
    assert found.max_context_length
    assert found.quantization
    assert found.supports_vision is False
    assert found.supports_system_role is True
    assert read_capabilities(tiny_llama, tiny_llama).supports_vision is True


def test_a_real_file_that_refuses_the_system_role_says_so(tmp_path: Path) -> None:
    path = write_tiny_llama(tmp_path / "x.gguf", system_role=False)
    assert read_capabilities(path).supports_system_role is False


def test_a_file_that_is_none_is_a_named_error(tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_bytes(b"not a model")
    with pytest.raises(UnreadableModelFile):
        read_capabilities(tmp_path / "x.gguf")
    with pytest.raises(FileMissing):
        read_capabilities(tmp_path / "y.gguf")


def test_the_users_word_stands_over_what_was_detected() -> None:
    row = model(
        capabilities=ModelCapabilities(supports_system_role=True, supports_vision=False, quantization="Q4_0"),
        overrides=ModelCapabilities(supports_vision=True, max_context_length=4096),
    )
    assert effective(row) == ModelCapabilities(
        supports_system_role=True, supports_vision=True, quantization="Q4_0", max_context_length=4096
    )


def test_the_roles_follow_a_system_role_set_by_hand() -> None:
    detected = ModelCapabilities(supports_system_role=True, allowed_roles=("system", "user", "assistant"))
    without = merge(detected, ModelCapabilities(supports_system_role=False))
    assert without.allowed_roles == ("user", "assistant")
    assert merge(without, ModelCapabilities(supports_system_role=True)).allowed_roles == ("system", "user", "assistant")
    chosen = ModelCapabilities(supports_system_role=False, allowed_roles=("user",))
    assert merge(detected, chosen).allowed_roles == ("user",)
