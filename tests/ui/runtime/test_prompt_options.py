"""What the prompt panel makes of its settings: JSON as people type it, and what a model is not asked for."""

import pytest

from venom_desktop.core.errors import InvalidInput
from venom_desktop.core.registry.model import ModelCapabilities
from venom_desktop.ui.runtime.prompt_options import PromptOptions, parsed_schema, parsed_tools, request_of

WEATHER = {"type": "function", "function": {"name": "weather"}}


def test_an_empty_field_asks_for_nothing() -> None:
    assert parsed_schema("  \n") is None
    assert parsed_tools("") == ()


@pytest.mark.parametrize("text", ['{"type": "object"', "[]", "7", '"object"', "[" * 100_000])
def test_a_schema_that_is_no_object_is_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"\.$"):
        parsed_schema(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "weather"}',
        '[{"name": "weather"}]',
        '[{"type": "function", "function": {"name": "weather"}}]',
    ],
)
def test_functions_may_come_alone_in_a_list_and_in_their_wrapping(text: str) -> None:
    assert parsed_tools(text) == (WEATHER,)


@pytest.mark.parametrize("text", ["[1]", '{"description": "no name"}', '[{"name": ""}]', '[{"function": 3}]', "[,]"])
def test_a_function_without_a_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parsed_tools(text)


def test_a_model_is_asked_only_for_what_it_can() -> None:
    options = PromptOptions(schema='{"type": "object"}', tools='{"name": "weather"}', think=False)
    able = ModelCapabilities(supports_thinking=True, supports_function_calling=True)
    unable = ModelCapabilities(supports_thinking=False, supports_function_calling=False)
    assert (request_of(options, able).think, request_of(options, able).tools) == (False, (WEATHER,))
    assert (request_of(options, unable).think, request_of(options, unable).tools) == (None, ())
    assert request_of(options, ModelCapabilities()).tools == (WEATHER,)
    assert request_of(options, unable).schema == {"type": "object"}
