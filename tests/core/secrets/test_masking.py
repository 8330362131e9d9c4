"""What a mask shows is bounded, and what is redacted is gone in every spelling."""

import json
import urllib.parse

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from venom_desktop.core.secrets.masking import REDACTED, Redactor, mask


@settings(deadline=None)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=0, max_size=200))
def test_a_mask_shows_at_most_8_characters_and_never_more_than_a_third(value: str) -> None:
    shown = mask(value).replace("…", "", 1)
    assert len(shown) <= 8
    assert len(shown) * 3 <= len(value)


def test_a_mask_shows_both_ends() -> None:
    assert mask("sk-proj-abcdefghijklmnop9x2f") == "sk-p…9x2f"
    assert mask("abc") == "…c"
    assert mask("ab") == "…"
    assert mask("") == "…"


@pytest.mark.parametrize("secret", ["hf_1234", 'odd"key\\with%signs&more', "z" * 300])
def test_every_spelling_of_a_known_secret_is_redacted(secret: str) -> None:
    redactor = Redactor()
    redactor.add(secret)
    for spelling in (secret, urllib.parse.quote(secret, safe=""), json.dumps({"k": secret}), repr(secret)):
        text = redactor.redact(f"before {spelling} after")
        assert secret not in text
        assert spelling not in text
        assert REDACTED in text
        assert text.startswith("before ")
        assert text.endswith(" after")


def test_a_secret_that_begins_with_another_leaves_no_end_behind() -> None:
    redactor = Redactor()
    redactor.add("abcd1234")
    redactor.add("abcd1234-and-the-rest")
    assert redactor.redact("abcd1234-and-the-rest") == REDACTED


@pytest.mark.parametrize(
    "text",
    ["hf_abcdefghijklmnopqrstuvwx", "Authorization: Bearer qwertyuiop", "'sk-proj-0123456789abcdefghij'"],
)
def test_what_looks_like_a_key_is_redacted_though_nobody_stored_it(text: str) -> None:
    assert REDACTED in Redactor().redact(text)


def test_ordinary_text_stays() -> None:
    redactor = Redactor()
    redactor.add("abc")
    text = "GET https://huggingface.co/api/models/hf_hub?sk=1 bearer of news abc"
    assert redactor.redact(text) == text
