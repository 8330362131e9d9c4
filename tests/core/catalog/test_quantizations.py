"""Which variants a repository offers, by the names that publishers really use."""

import pytest

from venom_desktop.core.catalog.base import Quantization, RemoteFile
from venom_desktop.core.catalog.quantizations import (
    default_quantization,
    find_quantization,
    group_files,
    label_of,
    only_pickle,
)
from venom_desktop.core.errors import UnknownQuantization


def files(*names: str, size: int | None = 1000) -> list[RemoteFile]:
    return [RemoteFile(name=name, size_bytes=None if size is None else size + n) for n, name in enumerate(names)]


@pytest.mark.parametrize(
    ("stem", "label"),
    [
        ("gemma-4-26B-A4B-it-MXFP4_MOE", "MXFP4_MOE"),
        ("Qwen3.6-35B-A3B-UD-IQ4_NL_XL", "UD-IQ4_NL_XL"),
        ("google_gemma-3-4b-it-q4_k_m", "Q4_K_M"),
        ("model.IQ4_XS", "IQ4_XS"),
        ("Q3.5-9B-Opus-DA.Q4_K_M", "Q4_K_M"),
        ("gpt-oss-120b-F16", "F16"),
        ("model-fp16", "F16"),
        ("BF16/model", "BF16"),
        ("UD-Q4_K_XL/model", "UD-Q4_K_XL"),
        ("Qwen3-4B-Q4_0_4_4", "Q4_0_4_4"),
        ("some model (final)", "some-model-final-"),
    ],
)
def test_the_label_is_read_from_the_name_or_the_folder(stem: str, label: str) -> None:
    assert label_of(stem) == label


def test_shards_make_one_variant_and_an_incomplete_set_makes_none() -> None:
    found = group_files(
        files("Q8_0/m-Q8_0-00001-of-00002.gguf", "Q8_0/m-Q8_0-00002-of-00002.gguf", "m-Q4_K_M-00001-of-00003.gguf")
    )
    assert [choice.label for choice in found] == ["Q8_0"]
    assert [file.name[-14:-5] for file in found[0].files] == ["-of-00002", "-of-00002"]
    assert found[0].files[0].name.endswith("00001-of-00002.gguf")
    assert found[0].size_bytes == 1000 + 1001


def test_the_projector_belongs_to_every_variant_and_f16_is_taken_first() -> None:
    found = group_files(files("m-Q4_K_M.gguf", "mmproj-BF16.gguf", "mmproj-F16.gguf", "mmproj-F32.gguf"))
    assert [choice.label for choice in found] == ["Q4_K_M"]
    assert found[0].projector is not None
    assert found[0].projector.name == "mmproj-F16.gguf"
    only_bf16 = group_files(files("m-Q4_K_M.gguf", "mmproj-Q8_0.gguf", "mmproj-BF16.gguf"))
    assert only_bf16[0].projector is not None
    assert only_bf16[0].projector.name == "mmproj-BF16.gguf"


def sized(**sizes: int | None) -> list[RemoteFile]:
    return [RemoteFile(name=f"m-{label}.gguf", size_bytes=size) for label, size in sizes.items()]


def test_variants_stand_in_the_order_of_their_files_though_the_projector_is_of_unknown_size() -> None:
    found = group_files([*sized(MXFP4_MOE=1653, Q4_K_M=1364, Q8_0=2684), *files("mmproj-F16.gguf", size=None)])
    assert [choice.label for choice in found] == ["Q4_K_M", "MXFP4_MOE", "Q8_0"]


def test_variants_stand_in_the_order_of_their_bits_where_a_size_is_unknown() -> None:
    found = group_files(sized(final=5, Q8_0=None, Q2_K=9000, F16=1, Q4_K_M=2))
    assert [choice.label for choice in found] == ["Q2_K", "Q4_K_M", "Q8_0", "F16", "m-final"]


def test_importance_matrices_readmes_and_vocabularies_are_no_variants() -> None:
    names = ("README.md", "imatrix.gguf", "m.imatrix", "imatrix_unsloth.gguf_file", "m-Q6_K.gguf", "ggml-vocab-x.gguf")
    assert [choice.label for choice in group_files(files(*names))] == ["Q6_K"]


def test_two_files_of_one_label_stay_apart() -> None:
    found = group_files(files("m-Q4_K_M.gguf", "m-tuned-Q4_K_M.gguf"))
    assert sorted(choice.label for choice in found) == ["Q4_K_M", "m-tuned-Q4_K_M"]


def test_unknown_sizes_are_unknown_and_the_order_is_by_bits() -> None:
    found = group_files(files("m-F16.gguf", "m-Q2_K.gguf", "m-Q8_0.gguf", size=None))
    assert [choice.label for choice in found] == ["Q2_K", "Q8_0", "F16"]
    assert found[0].size_bytes is None


@pytest.mark.parametrize(
    ("labels", "largest_that_fits", "chosen"),
    [
        (("Q2_K", "Q4_K_M", "Q8_0", "F16"), 99, "Q4_K_M"),
        (("Q2_K", "Q3_K_M", "Q8_0", "F16"), 99, "Q8_0"),
        (("Q2_K", "Q3_K_M", "Q4_K_M"), 1, "Q3_K_M"),
        (("UD-Q4_K_XL", "IQ4_XS", "Q5_K_M"), 99, "UD-Q4_K_XL"),
        (("F16", "BF16", "strange"), 99, "F16"),
        (("Q4_K_M",), -1, None),
    ],
)
def test_the_default_is_four_bits_then_more_then_fewer(
    labels: tuple[str, ...], largest_that_fits: int, chosen: str | None
) -> None:
    offered = [
        Quantization(label=label, files=(RemoteFile(name=f"{label}.gguf", size_bytes=place),))
        for place, label in enumerate(labels)
    ]
    best = default_quantization(offered, lambda choice: (choice.size_bytes or 0) <= largest_that_fits)
    assert (best.label if best else None) == chosen


def test_a_variant_is_found_in_any_case_and_a_missing_one_names_the_offer() -> None:
    offered = group_files(files("m-Q4_K_M.gguf", "m-Q8_0.gguf"))
    assert find_quantization("o/m", offered, "q8_0").label == "Q8_0"
    with pytest.raises(UnknownQuantization, match=r"has no quantization Q5_0\. It offers Q4_K_M, Q8_0\."):
        find_quantization("o/m", offered, "Q5_0")


def test_pickle_weights_alone_are_noticed() -> None:
    assert only_pickle(["pytorch_model.bin", "config.json"])
    assert not only_pickle(["pytorch_model.bin", "model.safetensors"])
    assert not only_pickle(["README.md"])
