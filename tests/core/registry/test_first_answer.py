"""What a model elsewhere is asked before it is called active: a word, or a vector where it only embeds."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.core.runtimes.remote_bench import a_remote, loaded
from tests.fakes.hub_faults import failing
from tests.fakes.ollama_models import Facts
from tests.fakes.ollama_server import OllamaStandIn
from tests.fakes.openai_server import OpenAiStandIn
from venom_desktop.core.errors import AnswersNothing, UpstreamFailed
from venom_desktop.core.governance.base import Purpose
from venom_desktop.core.governance.gate import Gate
from venom_desktop.core.registry.first_answer import first_answer
from venom_desktop.core.registry.model import ModelCapabilities
from venom_desktop.core.runtimes.ask import Ask
from venom_desktop.core.runtimes.remote_base import RemoteKind

CHAT, EMBED = "/v1/chat/completions", "/v1/embeddings"
ROWS = (
    "tiny",
    "text-embedding-3-small",
    {"id": "bge-m3", "type": "embedding"},
    {"id": "e5", "capabilities": ["embed"]},
)
NO_CHAT = "The model does not support Chat Completions API"
NO_VECTORS = "The model does not support Embeddings API"
EMBEDS = ModelCapabilities(supports_embedding=True)


@dataclass
class Lab:
    server: OpenAiStandIn
    gate: Gate

    async def first_answer(self, name: str) -> ModelCapabilities:
        async with a_remote(self.server.url) as remote:
            model = await loaded(remote, name)
            return await first_answer(Ask(self.gate, lambda _: remote), remote, model)

    @property
    def asked(self) -> list[str]:
        """Where questions came in, each in its order."""
        return [request.path for request in self.server.requests if request.path in (CHAT, EMBED)]


@pytest.fixture
def lab() -> Iterator[Lab]:
    with OpenAiStandIn(*ROWS) as server:
        yield Lab(server, Gate())


async def test_one_that_talks_is_asked_one_word_and_nothing_is_learned(lab: Lab) -> None:
    assert await lab.first_answer("tiny") == ModelCapabilities()
    assert lab.asked == [CHAT]


@pytest.mark.parametrize("status", [400, 404, 501])
async def test_one_that_refuses_to_talk_is_asked_for_a_vector_and_that_is_learned(lab: Lab, status: int) -> None:
    lab.server.fault(failing(status, message=NO_CHAT), CHAT)
    assert await lab.first_answer("tiny") == EMBEDS
    assert lab.asked == [CHAT, EMBED]
    assert lab.server.bodies(EMBED) == [{"model": "tiny", "input": "Hi"}]
    talk, vector = lab.gate.recent
    assert (vector.request.purpose, vector.usage.prompt_tokens, vector.reason_code) == (Purpose.PROBE, 3, None)
    assert talk.reason_code is not None


@pytest.mark.parametrize("name", ["text-embedding-3-small", "bge-m3", "e5"])
async def test_one_whose_name_or_row_says_that_it_embeds_is_asked_for_a_vector_at_once(lab: Lab, name: str) -> None:
    assert await lab.first_answer(name) == EMBEDS
    assert lab.asked == [EMBED]


async def test_one_that_talks_whatever_its_name_says_is_taken_for_what_it_is(lab: Lab) -> None:
    lab.server.fault(failing(400, message=NO_VECTORS), EMBED)
    assert await lab.first_answer("text-embedding-3-small") == ModelCapabilities(supports_embedding=False)
    assert lab.asked == [EMBED, CHAT]


async def test_one_that_does_neither_is_told_with_both_answers(lab: Lab) -> None:
    lab.server.fault(failing(400, message=NO_CHAT), CHAT)
    lab.server.fault(failing(200, message=NO_VECTORS), EMBED)
    with pytest.raises(AnswersNothing) as caught:
        await lab.first_answer("tiny")
    assert str(caught.value) == (
        "tiny gives neither text nor vectors on Lab box, so it was not activated. "
        f"Asked for a word: Lab box did not accept the request: {NO_CHAT}. "
        f"Asked for a vector: Lab box did not accept the request: {NO_VECTORS}."
    )


async def test_an_ollama_elsewhere_tells_what_embeds_and_is_asked_for_a_vector(tmp_path: Path) -> None:
    async with OllamaStandIn(tmp_path) as ollama:
        ollama.add_model("minilm:22m", facts=Facts(capabilities=("embedding",)))
        async with a_remote(ollama.url, kind=RemoteKind.OLLAMA) as remote:
            model = await loaded(remote, "minilm:22m")
            assert await first_answer(Ask(Gate(), lambda _: remote), remote, model) == EMBEDS
        assert [one.path for one in ollama.requests if one.path in (CHAT, EMBED)] == [EMBED]


async def test_a_server_that_is_broken_is_not_asked_for_something_else(lab: Lab) -> None:
    lab.server.fault(failing(500, message="engine is dead"), CHAT)
    with pytest.raises(UpstreamFailed, match="engine is dead"):
        await lab.first_answer("tiny")
    assert lab.asked == [CHAT]
