"""Who may call: the token, the host, the origin, and how much may be sent."""

import asyncio
import itertools
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.caller import Caller, Served
from venom_desktop.api.auth import LARGEST_BODY_BYTES, read_or_make_token
from venom_desktop.core.errors import StorageFailed

PLACES = ["models", "models/operations", "system/llm-servers", "nowhere"]


WRONG = [None, "", "Bearer", "Bearer wrong", "Basic dXNlcjpwYXNz", "Bearer \xe9\xe9", "{token}", "Token {token}"]


async def test_nothing_is_told_without_the_right_token(call: Caller) -> None:
    for place, authorization in itertools.product(PLACES, WRONG):
        told = None if authorization is None else authorization.format(token=call.token).encode("latin-1")
        headers = [] if told is None else [(b"Authorization", told)]
        response = await call.client.get(f"{call.url}/api/v1/{place}", headers=headers)
        assert response.status_code == 401
        assert response.json()["reason_code"] == "UNAUTHORIZED"
        assert response.json()["success"] is False
        assert response.headers["www-authenticate"] == "Bearer"
        assert call.token not in response.text


async def test_a_token_before_or_behind_another_does_not_open(call: Caller) -> None:
    for wrong in (call.token[:-1], call.token + "x", call.token.swapcase()):
        assert (await call.refused("GET", "models", headers={"Authorization": f"Bearer {wrong}"}))[0] == 401
    both = call.request("GET /api/v1/models", "Authorization: Bearer wrong")
    assert (await call.raw(both))[0] == 401


async def test_the_gateway_refuses_in_the_words_of_openai(call: Caller) -> None:
    response = await call.client.post(f"{call.url}/v1/chat/completions", json={})
    assert response.status_code == 401
    assert response.json()["error"]["type"] == "authentication_error"
    assert response.json()["error"]["code"] == "UNAUTHORIZED"


async def test_health_and_docs_are_open(call: Caller) -> None:
    for path in ("/health", "/docs", "/docs/openapi.json"):
        assert (await call.client.get(call.url + path)).status_code == 200


async def test_the_documentation_loads_nothing_and_names_every_route(call: Caller) -> None:
    response = await call.client.get(f"{call.url}/docs")
    assert "default-src 'none'" in response.headers["content-security-policy"]
    for foreign in ("<script", "http://", "https://", "@import", "url("):
        assert foreign not in response.text
    schema = (await call.client.get(f"{call.url}/docs/openapi.json")).json()
    for path in (*schema["paths"], "/api/v1/models/operations/stream", "/v1/chat/completions"):
        assert f"<td>{path}</td>" in response.text
    assert call.token not in response.text


FOREIGN = ["evil.example", "127.0.0.1.evil.example", "0.0.0.0", "127.0.0.1@evil.example", "127.0.0.1:x", ""]


async def test_a_foreign_host_is_refused_also_with_the_token(call: Caller) -> None:
    for path, host in itertools.product(("/api/v1/models", "/health", "/docs", "/v1/models"), FOREIGN):
        status, answer = await call.raw(call.request(f"GET {path}", f"Host: {host}"))
        assert status == 403
        code = answer["error"]["code"] if path.startswith("/v1") else answer["reason_code"]
        assert code == "FOREIGN_HOST"


async def test_two_hosts_are_refused(call: Caller) -> None:
    request = call.request("GET /api/v1/models", "Host: 127.0.0.1", "Host: evil.example")
    assert (await call.raw(request))[0] == 403


async def test_our_own_names_are_hosts(call: Caller) -> None:
    for name in ("127.0.0.1", "localhost", "LOCALHOST", "[::1]"):
        assert (await call.raw(call.request("GET /api/v1/models", f"Host: {name}:{call.port}")))[0] == 200


async def test_a_page_of_another_origin_is_refused_also_with_the_token(call: Caller) -> None:
    for origin in ("http://evil.example", "null", "https://127.0.0.1", "http://localhost:1", "file://"):
        assert await call.refused("GET", "models", headers={"Origin": origin}) == (403, "FOREIGN_HOST")
        asking = {"Origin": origin, "Access-Control-Request-Method": "GET"}
        preflight = await call("OPTIONS", "models", headers=asking)
        assert preflight.status_code == 403
        assert not [name for name in preflight.headers if name.startswith("access-control")]


async def test_our_own_origin_is_none_of_those(call: Caller) -> None:
    await call.good("GET", "models", headers={"Origin": call.url})


async def test_the_stream_is_guarded_too(served: Served) -> None:
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidStatus

    address = f"ws://127.0.0.1:{served.caller.port}/api/v1/models/operations/stream"
    for status, headers in ((401, {}), (403, {**served.caller.headers, "Origin": "http://evil.example"})):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(address, additional_headers=headers):
                pass
        assert refused.value.response.status_code == status
        assert b"reason_code" in refused.value.response.body


async def test_a_body_of_a_megabyte_is_too_large(call: Caller) -> None:
    assert await call.refused("POST", "models/registry/install", {"name": "x" * 1_000_000}) == (413, "TOO_LARGE")


async def test_a_body_that_hides_its_size_is_too_large_as_well(call: Caller) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(LARGEST_BODY_BYTES // 1024 + 1):
            yield b" " * 1024

    response = await call.client.post(f"{call.url}/api/v1/models/activate", content=pieces(), headers=call.headers)
    assert (response.status_code, response.json()["reason_code"]) == (413, "TOO_LARGE")


async def test_the_server_listens_on_this_machine_alone(call: Caller) -> None:
    import psutil

    addresses = {
        connection.laddr.ip
        for connection in psutil.Process().net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == call.port
    }
    assert addresses == {"127.0.0.1"}


async def test_the_token_is_kept_and_only_its_owner_can_read_it(served: Served) -> None:
    path = served.paths.token_file
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text().strip() == served.server.token == await asyncio.to_thread(read_or_make_token, path)
    assert len(served.server.token) >= 40
    assert served.server.token not in served.redactor.redact(f"a line with {served.server.token} in it")


@pytest.mark.parametrize("content", [b"", b"short", b"\xff\xfe" * 40, b"a token with blanks in it is none of ours\n"])
def test_a_damaged_token_is_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "api-token"
    path.write_bytes(content)
    path.chmod(0o600)
    made = read_or_make_token(path)
    assert len(made) >= 40
    assert read_or_make_token(path) == made


def test_a_token_that_others_could_read_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "api-token"
    first = read_or_make_token(path)
    path.chmod(0o644)
    assert read_or_make_token(path) != first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["api-token"]


def test_a_token_that_cannot_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "api-token").mkdir()
    with pytest.raises(StorageFailed):
        read_or_make_token(tmp_path / "api-token")
