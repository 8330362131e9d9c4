"""Certificates of servers elsewhere are always checked: the right authority passes, everything else is refused."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.core.runtimes.remote_bench import KEY, a_remote, loaded, text
from tests.fakes.openai_server import SPEECH, OpenAiStandIn
from tests.fakes.tls import Authority, TlsFront
from venom_desktop.core.errors import RemoteUntrusted, UnusableAuthority
from venom_desktop.core.runtimes.base import RuntimeState


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.made(tmp_path_factory.mktemp("tls") / "right")


@pytest.fixture
def server() -> Iterator[OpenAiStandIn]:
    with OpenAiStandIn("tiny", key=KEY) as made:
        yield made


async def test_a_server_of_the_chosen_authority_is_used_with_its_key(
    server: OpenAiStandIn, authority: Authority
) -> None:
    with TlsFront(authority.certificate_for("IP:127.0.0.1"), server.port) as front:
        async with a_remote(front.url, key=KEY, ca=authority.file) as remote:
            await loaded(remote, "tiny")
            assert await text(remote) == "".join(SPEECH)
    assert server.tokens() == {KEY}


async def test_a_server_of_another_authority_is_refused_and_gets_nothing(
    server: OpenAiStandIn, authority: Authority, tmp_path: Path
) -> None:
    other = Authority.made(tmp_path / "wrong")
    with TlsFront(authority.certificate_for("IP:127.0.0.1"), server.port) as front:
        for chosen in (other.file, None):
            async with a_remote(front.url, key=KEY, ca=chosen) as remote:
                assert (await remote.refresh()).state is RuntimeState.UNAVAILABLE
                assert isinstance(remote.snapshot.error, RemoteUntrusted)
                assert "certificate" in str(remote.snapshot.error)
    assert server.requests == []


async def test_a_certificate_of_another_host_is_refused(server: OpenAiStandIn, authority: Authority) -> None:
    with TlsFront(authority.certificate_for("DNS:models.example"), server.port) as front:
        async with a_remote(front.url, key=KEY, ca=authority.file) as remote:
            await remote.refresh()
            assert isinstance(remote.snapshot.error, RemoteUntrusted)
            assert "127.0.0.1" in str(remote.snapshot.error)
    assert server.requests == []


async def test_a_server_without_tls_at_an_https_address_is_told(server: OpenAiStandIn, authority: Authority) -> None:
    async with a_remote(server.url.replace("http:", "https:"), key=KEY, ca=authority.file) as remote:
        await remote.refresh()
        assert isinstance(remote.snapshot.error, RemoteUntrusted)
    assert server.tokens() <= {None}


async def test_a_file_that_holds_no_certificates_is_told(server: OpenAiStandIn, tmp_path: Path) -> None:
    for content in (b"no certificate", None):
        file = tmp_path / f"{content is None}.pem"
        if content is not None:
            file.write_bytes(content)
        async with a_remote(server.url, ca=file) as remote:
            await remote.refresh()
            assert isinstance(remote.snapshot.error, UnusableAuthority)
            assert str(file) in str(remote.snapshot.error)
