"""The two questions of Settings against a hub on a real socket, and who gets the token."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.hub import HubServer
from tests.fakes.hub_faults import Answers, failing, html, other_shape
from tests.fakes.hub_wire import Reply
from venom_desktop.core.catalog.hub_account import HubAccount, HubUser
from venom_desktop.core.errors import (
    InvalidSetting,
    NotAHub,
    SecretMissing,
    SourceChanged,
    SourceUnreachable,
    TokenRefused,
    TokenWithheld,
    VenomError,
)
from venom_desktop.core.http import Client, make_client

TOKEN = "hf_planted_0123456789"


@pytest.fixture
async def http() -> AsyncIterator[Client]:
    async with make_client() as client:
        yield client


def account(http: Client, hub: HubServer, token: str | None = TOKEN) -> HubAccount:
    return HubAccount(http, endpoint=lambda: hub.url, token=lambda: token)


async def test_a_good_token_tells_whose_it_is_and_what_it_may_do(http: Client, hub: HubServer) -> None:
    hub.add_account(TOKEN, name="lena")
    assert await account(http, hub).who() == HubUser(name="lena", role="read")


async def test_a_wrong_token_is_refused_and_does_not_show_in_the_error(http: Client, hub: HubServer) -> None:
    with pytest.raises(TokenRefused) as caught:
        await account(http, hub).who()
    assert TOKEN not in f"{caught.value} {caught.value.parameters}"


async def test_without_a_token_nobody_is_asked(http: Client, hub: HubServer) -> None:
    with pytest.raises(SecretMissing):
        await account(http, hub, None).who()
    assert hub.requests == []


async def test_a_redirect_to_another_host_gets_no_token_and_is_called_so(http: Client, hub_with_cdn: HubServer) -> None:
    hub = hub_with_cdn
    hub.add_account(TOKEN)
    elsewhere = Reply(status=302, headers={"Location": f"{hub.cdn_url}/api/whoami-v2"})
    hub.fault(Answers(reply=elsewhere), "/api/whoami-v2", side="hub")
    with pytest.raises(TokenWithheld, match="localhost"):
        await account(http, hub).who()
    assert [request.token for request in hub.requests_for("*", side="cdn")] == [None]


@pytest.mark.parametrize("wrong", [other_shape(["lena"]), other_shape({"name": 7}), html()])
async def test_an_answer_that_names_nobody_is_no_good_token(http: Client, hub: HubServer, wrong: Answers) -> None:
    hub.fault(wrong, "/api/whoami-v2")
    with pytest.raises(SourceChanged):
        await account(http, hub).who()


async def test_an_address_that_answers_as_a_hub_is_returned_as_it_is_stored_and_gets_no_token(
    http: Client, hub: HubServer
) -> None:
    assert await account(http, hub).try_endpoint(f" {hub.url}/ ") == hub.url
    assert [request.token for request in hub.requests] == [None]


@pytest.mark.parametrize("address", ["", "huggingface.co", "ftp://hub.test", "https://user@hub.test"])
async def test_what_is_no_address_asks_nobody(http: Client, hub: HubServer, address: str) -> None:
    with pytest.raises(InvalidSetting):
        await account(http, hub).try_endpoint(address)
    assert hub.requests == []


@pytest.mark.parametrize("wrong", [html(), other_shape({"models": []}), failing(404)])
async def test_a_server_that_is_no_hub_is_called_so(http: Client, hub: HubServer, wrong: Answers) -> None:
    hub.fault(wrong, "/api/models")
    with pytest.raises(NotAHub, match=r"127\.0\.0\.1"):
        await account(http, hub).try_endpoint(hub.url)


async def test_an_address_that_does_not_answer_is_unreachable(http: Client, hub: HubServer) -> None:
    hub.go_down()
    with pytest.raises(SourceUnreachable) as caught:
        await account(http, hub).try_endpoint(hub.url)
    assert isinstance(caught.value, VenomError)
