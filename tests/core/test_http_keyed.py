"""A key goes with each request to the server it was given for, and to nobody else."""

import asyncio

import pytest

from tests.fakes.openai_server import OpenAiStandIn
from venom_desktop.core.errors import SourceUnreachable
from venom_desktop.core.http_keyed import KeyedClient

KEY = "sk-planted-0123456789abcdef"


class Keys:
    def __init__(self) -> None:
        self.key: str | None = KEY

    async def __call__(self) -> str | None:
        return self.key


async def test_the_key_goes_to_its_own_server_and_never_to_another_port() -> None:
    with OpenAiStandIn("tiny") as own, OpenAiStandIn("tiny") as other:
        client = KeyedClient(own.url, Keys())
        http = await client.opened()
        await http.get(f"{own.url}/v1/models")
        await http.get(f"{other.url}/v1/models")
        await client.close()
        assert (own.tokens(), other.tokens()) == ({KEY}, {None})


async def test_a_redirect_is_not_followed() -> None:
    with OpenAiStandIn("tiny") as other, OpenAiStandIn("tiny") as own:
        own.moved_to = other.url
        client = KeyedClient(own.url, Keys())
        async with client.post(f"{own.url}/v1/embeddings", b"{}", headers={}, source="Lab") as answer:
            assert answer.status == 307
        await client.close()
        assert other.requests == []


async def test_a_new_key_holds_for_the_next_request() -> None:
    with OpenAiStandIn("tiny") as own:
        keys = Keys()
        client = KeyedClient(own.url, keys)
        http = await client.opened()
        await http.get(f"{own.url}/v1/models")
        keys.key = None
        await http.get(f"{own.url}/v1/models")
        await client.close()
        assert [request.token for request in own.requests] == [KEY, None]


async def test_no_question_goes_over_a_connection_that_the_server_may_just_be_closing() -> None:
    with OpenAiStandIn("tiny") as own:
        client = KeyedClient(own.url, Keys())
        http = await client.opened()
        for _ in range(3):
            await http.get(f"{own.url}/v1/models")
        await client.close()
        assert len({request.sender for request in own.requests}) == 3


async def test_what_is_handed_on_comes_whole_and_in_pieces() -> None:
    with OpenAiStandIn("tiny") as own:
        client = KeyedClient(own.url, Keys())
        body = b'{"input": "Hello"}'
        async with client.post(f"{own.url}/v1/embeddings", body, headers={"X-More": "1"}, source="Lab") as answer:
            assert (answer.status, answer.content_type) == (200, "application/json; charset=utf-8")
            assert b'"embedding"' in await answer.read()
        await client.close()
        [request] = own.requests
        assert (request.body, request.headers["x-more"], request.token) == (body, "1", KEY)


async def test_a_client_that_is_closed_while_it_is_made_asks_nobody() -> None:
    with OpenAiStandIn("tiny") as own:
        client = KeyedClient(own.url, Keys())
        opening = asyncio.ensure_future(client.opened())
        await asyncio.sleep(0)
        await client.close()
        with pytest.raises(SourceUnreachable):
            await opening
        with pytest.raises(SourceUnreachable):
            await client.opened()
        assert client._client is None or client._client.is_closed
        assert own.requests == []
