"""What the gateway reads and changes of a body, and what it leaves alone."""

import json
from typing import Any

import pytest

from venom_desktop.api.gateway_body import addressed, parse, usage_of
from venom_desktop.core.errors import InvalidInput

ASKED = {"role": "user", "content": "Why?"}


def sent(body: dict[str, Any], *, takes_system: bool = True) -> tuple[bytes, bytes]:
    content = json.dumps(body).encode()
    return content, addressed(parse(content), "m", takes_system=takes_system).content


def test_a_body_for_the_model_itself_goes_on_byte_by_byte() -> None:
    came, went = sent({"model": "m", "messages": [{"role": "system", "content": "x"}, ASKED], "odd": 1e400})
    assert went is not None
    assert went == came


def test_only_the_name_of_the_model_is_changed() -> None:
    for model in ({"model": "active"}, {"model": ""}, {}, {"model": None}):
        _, went = sent({**model, "messages": [ASKED], "logit_bias": {"1": 2}, "text": "zażółć 🙂"})
        assert json.loads(went) == {"model": "m", "messages": [ASKED], "logit_bias": {"1": 2}, "text": "zażółć 🙂"}


def test_a_lone_surrogate_does_not_break_the_encoding() -> None:
    content = b'{"model": "active", "messages": [{"role": "user", "content": "\\ud800"}]}'
    assert json.loads(addressed(parse(content), "m", takes_system=True).content)["model"] == "m"


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([{"role": "system", "content": "Be brief."}, ASKED], [{"role": "user", "content": "Be brief.\n\nWhy?"}]),
        (
            [{"role": "developer", "content": "A"}, ASKED, {"role": "system", "content": "B"}],
            [{"role": "user", "content": "A\n\nB\n\nWhy?"}],
        ),
        ([{"role": "system", "content": "Alone."}], [{"role": "user", "content": "Alone."}]),
        (
            [
                {"role": "system", "content": [{"type": "text", "text": "Look."}]},
                {"role": "user", "content": [{"x": 1}]},
            ],
            [{"role": "user", "content": [{"type": "text", "text": "Look.\n\n"}, {"x": 1}]}],
        ),
        (
            [{"role": "system", "content": "S"}, {"role": "assistant", "content": "Hi"}, ASKED, ASKED],
            [{"role": "assistant", "content": "Hi"}, {"role": "user", "content": "S\n\nWhy?"}, ASKED],
        ),
        (["odd", {"role": "system", "content": None}, ASKED], ["odd", {"role": "user", "content": "\n\nWhy?"}]),
    ],
)
def test_without_the_system_role_its_text_stands_before_the_first_question(
    messages: list[Any], expected: list[Any]
) -> None:
    _, went = sent({"model": "m", "messages": messages}, takes_system=False)
    assert json.loads(went)["messages"] == expected


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'"x"', b"1", b"{", b"\xff", b'{"model": 5}', b'{"stream": 1}', b"[" * 99999]
)
def test_what_is_no_request_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidInput):
        parse(content)


def test_limits_are_read_where_they_are_numbers() -> None:
    assert parse(b'{"max_tokens": 5}').max_tokens == 5
    assert parse(b'{"max_completion_tokens": 6, "max_tokens": 5}').max_tokens == 6
    for odd in (b'{"max_tokens": "5"}', b'{"max_tokens": true}', b"{}", b'{"max_tokens": null}'):
        assert parse(odd).max_tokens is None


def test_counts_come_from_usage_or_else_from_timings() -> None:
    whole = usage_of(b'{"usage": {"prompt_tokens": 3, "completion_tokens": 4}}', streamed=False)
    assert (whole.prompt_tokens, whole.completion_tokens, whole.tokens_per_s) == (3, 4, None)
    events = (
        b'cut": 1}\n\ndata: {"choices": []}\n\n'
        b'data: {"timings": {"prompt_n": 5, "predicted_n": 6, "predicted_per_second": 7.5}}\n\ndata: [DONE]\n\n'
    )
    streamed = usage_of(events, streamed=True)
    assert (streamed.prompt_tokens, streamed.completion_tokens, streamed.tokens_per_s) == (5, 6, 7.5)
    for nothing in (
        b"",
        b"\xff",
        b"data: {\n\n",
        b'data: {"usage": 5}\n\n',
        b"[]",
        b'{"usage": {"prompt_tokens": "x"}}',
    ):
        for kind in (True, False):
            told = usage_of(nothing, streamed=kind)
            assert (told.prompt_tokens, told.completion_tokens) == (None, None)
