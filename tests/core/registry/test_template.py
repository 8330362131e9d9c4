"""Chat templates are judged by their text and never run."""

import pytest

from tests.core.registry.templates import (
    ALPACA,
    CHATML,
    COMMENTED,
    FIRST_ONLY,
    GEMMA_2,
    GEMMA_3,
    LLAMA_2,
    LLAMA_3,
    MISTRAL_1,
    MISTRAL_3,
    QWEN_3,
    REFUSED_BY_NAME,
    REFUSED_IN_ELIF,
)
from venom_desktop.core.registry.template import mentions_thinking, mentions_tools, supports_system_role


@pytest.mark.parametrize("template", [GEMMA_3, CHATML, MISTRAL_3, LLAMA_2, LLAMA_3, QWEN_3, FIRST_ONLY])
def test_a_template_that_carries_the_system_message_supports_it(template: str) -> None:
    assert supports_system_role(template)


@pytest.mark.parametrize(
    "template", [GEMMA_2, MISTRAL_1, ALPACA, REFUSED_IN_ELIF, REFUSED_BY_NAME, COMMENTED, "{{ prompt }}", ""]
)
def test_a_template_that_refuses_or_drops_the_system_message_does_not(template: str) -> None:
    assert not supports_system_role(template)


def test_tools_and_thinking_are_seen_where_the_template_handles_them() -> None:
    assert mentions_tools(QWEN_3)
    assert mentions_tools(MISTRAL_3)
    assert not mentions_tools(GEMMA_2 + "You have no tools.")
    assert mentions_thinking(QWEN_3)
    assert mentions_thinking("{{ '<|Assistant|><think>\n' }}")
    assert not mentions_thinking(LLAMA_2 + "Let us think step by step about reasoning.")


@pytest.mark.parametrize(
    "template", ["{% if", "{{ {{ {{", "{% endif %}" * 50, "{% if x %}" * 2_000, "{%%}{{}}{##}", "%}" * 99]
)
def test_a_broken_template_is_judged_and_not_run(template: str) -> None:
    assert not supports_system_role(template)
    assert not mentions_tools(template)
