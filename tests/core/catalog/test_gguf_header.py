"""What is read from a GGUF header, and what happens to bytes that are none."""

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes import gguf_files, gguf_profiles
from tests.support.counts import count
from venom_desktop.core.catalog.gguf_cursor import MAX_HEADER_BYTES, NeedMoreBytes
from venom_desktop.core.catalog.gguf_header import parse_gguf_header, read_gguf_header
from venom_desktop.core.errors import FileMissing, UnreadableModelFile

GEMMA = gguf_files.header_of(gguf_profiles.GEMMA_3_4B, vocabulary_size=3_000)


def test_a_local_file_tells_architecture_context_file_type_and_template(tmp_path: Path) -> None:
    path = gguf_files.write_tiny_llama(tmp_path / "tiny.gguf", context=4096)
    header = read_gguf_header(path)
    assert (header.architecture, header.context_length, header.file_type) == ("llama", 4096, 0)
    assert header.chat_template is not None
    assert "assistant" in header.chat_template
    assert header.whole
    assert header.number("block_count") == 2


def test_a_vocabulary_larger_than_the_first_read_is_walked_over_in_a_local_file(tmp_path: Path) -> None:
    keys = {**gguf_profiles.LLAMA_3_2_1B}
    path = gguf_files.write_header_only(tmp_path / "big.gguf", keys, vocabulary_size=60_000, tokenizer_first=True)
    header = read_gguf_header(path)
    assert header.context_length == 131_072
    assert "tokenizer.ggml.tokens" not in header.keys


def test_reading_for_the_verdict_stops_before_the_vocabulary() -> None:
    first_bytes = GEMMA[: GEMMA.index(b"tokenizer.ggml.tokens") + 64]
    header = parse_gguf_header(first_bytes, complete=False)
    assert not header.whole
    assert header.number("attention.sliding_window") == 1024
    assert header.vocabulary_size == 3_000


def test_a_vocabulary_before_the_architecture_is_walked_over() -> None:
    data = gguf_files.header_of(gguf_profiles.LLAMA_3_2_1B, vocabulary_size=2_000, tokenizer_first=True)
    with pytest.raises(NeedMoreBytes):
        parse_gguf_header(data[:1_000], complete=False)
    assert parse_gguf_header(data, complete=False).number("block_count") == 16


def test_heads_per_layer_come_as_a_list() -> None:
    data = gguf_files.header_of(gguf_profiles.JAMBA_MINI)
    heads = parse_gguf_header(data, complete=True).own("attention.head_count_kv")
    assert isinstance(heads, tuple)
    assert (len(heads), sum(int(head) for head in heads)) == (32, 32)


def test_every_cut_asks_for_more_bytes_or_is_called_unreadable_when_the_file_ends_there() -> None:
    end = GEMMA.index(b"tokenizer.ggml.tokens")
    for length in range(0, end, 3):
        with pytest.raises(NeedMoreBytes) as more:
            parse_gguf_header(GEMMA[:length], complete=False)
        assert more.value.wanted_bytes > length
        with pytest.raises(UnreadableModelFile):
            parse_gguf_header(GEMMA[:length], complete=True)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"<!DOCTYPE html><html>", "does not start with GGUF"),
        (b"GGUF" + struct.pack("<IQQ", 1, 0, 0), "version 1"),
        (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "version 50331648"),
        (b"GGUF" + struct.pack("<IQQ", 3, 1 << 40, 0), "tensors"),
        (b"GGUF" + struct.pack("<IQQ", 3, 0, 1 << 40), "keys"),
        (b"GGUF" + struct.pack("<IQQQ", 3, 0, 1, 1 << 62), "bytes of text"),
        (b"GGUF" + struct.pack("<IQQQ2sI", 3, 0, 1, 2, b"ab", 77), "value type 77"),
        (b"GGUF" + struct.pack("<IQQQ2sIIQ", 3, 0, 1, 2, b"ab", 9, 9, 1), "value type 9"),
        (b"GGUF" + struct.pack("<IQQQ2sIIQ", 3, 0, 1, 2, b"ab", 9, 8, 1 << 60), "elements in one list"),
        (b"GGUF" + struct.pack("<IQQQ2sIIQQ", 3, 0, 1, 2, b"ab", 9, 8, 2_000, 1 << 60), "bytes of text"),
        (b"GGUF" + struct.pack("<IQQQ2sI", 3, 0, 1, 2, b"\xff\xfe", 4), "not UTF-8"),
    ],
    ids=lambda value: value if isinstance(value, str) else "bytes",
)
def test_wrong_data_is_named_in_one_sentence(data: bytes, problem: str) -> None:
    with pytest.raises(UnreadableModelFile, match=problem) as caught:
        parse_gguf_header(data, complete=False, file_name="x.gguf")
    assert caught.value.reason_code == "UNREADABLE_MODEL_FILE"


def test_a_key_that_stands_twice_is_refused() -> None:
    one = struct.pack("<Q2sII", 2, b"ab", 4, 1)
    with pytest.raises(UnreadableModelFile, match="twice"):
        parse_gguf_header(b"GGUF" + struct.pack("<IQQ", 3, 0, 2) + one + one, complete=True)


def test_lists_may_not_carry_the_header_past_its_limit() -> None:
    start = b"GGUF" + struct.pack("<IQQ", 3, 0, 3)
    lists = [struct.pack("<Q2sIIQ", 2, name, 9, 12, 4_000_000) for name in (b"ab", b"cd", b"ef")]
    with pytest.raises(NeedMoreBytes) as more:
        parse_gguf_header(start + lists[0], complete=False)
    assert more.value.wanted_bytes <= MAX_HEADER_BYTES
    with pytest.raises(UnreadableModelFile, match="larger than 64 MB"):
        parse_gguf_header(start + bytes(32_000_000).join(lists), complete=False)


def test_values_of_another_type_than_expected_are_unknown_and_no_crash() -> None:
    data = gguf_files.header_of({"general.architecture": 7, "general.name": 1.5, "general.file_type": "x"})
    header = parse_gguf_header(data, complete=True)
    assert (header.architecture, header.name, header.file_type, header.number("block_count")) == (
        None,
        None,
        None,
        None,
    )


def test_a_folder_or_a_missing_file_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UnreadableModelFile):
        read_gguf_header(tmp_path)
    with pytest.raises(FileMissing):
        read_gguf_header(tmp_path / "nothing.gguf")


def test_an_empty_file_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "empty.gguf"
    path.touch()
    with pytest.raises(UnreadableModelFile, match=r"empty\.gguf"):
        read_gguf_header(path)


@settings(max_examples=count(300, 10_000), deadline=None)
@given(
    changes=st.lists(st.tuples(st.integers(0, 1_500), st.binary(min_size=1, max_size=12)), max_size=6),
    length=st.integers(0, len(GEMMA)),
    complete=st.booleans(),
    stop=st.booleans(),
)
def test_damaged_headers_end_in_a_header_a_wish_for_more_or_the_one_error(
    changes: list[tuple[int, bytes]], length: int, *, complete: bool, stop: bool
) -> None:
    data = bytearray(GEMMA)
    for place, new in changes:
        data[place : place + len(new)] = new
    try:
        parsed = parse_gguf_header(bytes(data[:length]), complete=complete, stop_at_vocabulary=stop).version
    except UnreadableModelFile:
        return
    except NeedMoreBytes as more:
        parsed = 0 if complete else more.wanted_bytes
        assert parsed > length
    assert parsed
