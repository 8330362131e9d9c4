"""Headers over the wire: few bytes, whatever the server does."""

import struct

import pytest

from tests.fakes import gguf_files, gguf_profiles
from tests.fakes.hub import HubServer
from tests.fakes.hub_faults import Answers, NoRanges, html
from tests.fakes.hub_store import Sized
from tests.fakes.hub_wire import data
from venom_desktop.core.catalog.gguf_header import GgufHeader
from venom_desktop.core.catalog.gguf_remote import RefusedRange, read_remote_header
from venom_desktop.core.errors import SourceUnreachable, UnreadableModelFile
from venom_desktop.core.http import make_client

LLAMA = gguf_profiles.LLAMA_3_2_1B


async def read(hub: HubServer, head: bytes, *, total_bytes: int | None = None) -> GgufHeader | RefusedRange:
    content = head if total_bytes is None else Sized(total_bytes=total_bytes, head=head)
    hub.add_repo("o/m", {"m.gguf": content})
    async with make_client() as http:
        return await read_remote_header(http, f"{hub.url}/o/m/resolve/main/m.gguf", source="Hub", file_name="m.gguf")


async def test_one_request_of_a_hundred_kilobytes_is_enough_for_a_common_file(hub: HubServer) -> None:
    header = await read(hub, gguf_files.header_of(LLAMA, vocabulary_size=128_256), total_bytes=10**9)
    assert isinstance(header, GgufHeader)
    assert (header.number("block_count"), header.vocabulary_size) == (16, 128_256)
    (request,) = hub.requests
    assert request.sent_bytes <= 100 << 10


async def test_a_long_key_before_the_architecture_takes_a_second_request(hub: HubServer) -> None:
    keys = {"general.description": "x" * 200_000, **LLAMA}
    header = await read(hub, gguf_files.header_of(keys, vocabulary_size=1_000), total_bytes=10**9)
    assert isinstance(header, GgufHeader)
    assert header.number("block_count") == 16
    assert len(hub.requests) == 2
    assert sum(request.sent_bytes for request in hub.requests) <= 512 << 10


async def test_a_file_smaller_than_the_first_range_is_read_whole(hub: HubServer) -> None:
    header = await read(hub, gguf_files.header_of(LLAMA, vocabulary_size=0))
    assert isinstance(header, GgufHeader)
    assert header.whole


@pytest.mark.parametrize("length", [0, 3, 40, 300])
async def test_a_file_that_ends_in_its_header_is_unreadable(hub: HubServer, length: int) -> None:
    with pytest.raises(UnreadableModelFile):
        await read(hub, gguf_files.header_of(LLAMA)[:length])


async def test_a_server_without_ranges_is_cut_off_and_not_read_to_its_end(hub: HubServer) -> None:
    hub.fault(NoRanges(), "*/resolve/*", times=None)
    header = await read(hub, gguf_files.header_of(LLAMA, vocabulary_size=128_256), total_bytes=1 << 30)
    assert isinstance(header, GgufHeader)
    assert header.number("block_count") == 16
    assert hub.requests[0].sent_bytes < 64 << 20


async def test_a_header_that_claims_more_than_sixteen_megabytes_is_not_fetched(hub: HubServer) -> None:
    head = b"GGUF" + struct.pack("<IQQQ2sIIQ", 3, 0, 1, 2, b"ab", 9, 12, 4_000_000)
    with pytest.raises(UnreadableModelFile, match="larger than 16 MB"):
        await read(hub, head, total_bytes=10**9)
    assert sum(request.sent_bytes for request in hub.requests) <= 1 << 20


async def test_a_sign_in_page_instead_of_a_file_is_unreadable(hub: HubServer) -> None:
    hub.fault(html(), "*/resolve/*")
    with pytest.raises(UnreadableModelFile, match="does not start with GGUF"):
        await read(hub, b"GGUF")


async def test_a_refusal_is_handed_back_and_a_broken_wire_is_named(hub: HubServer) -> None:
    hub.add_repo("o/closed", {"m.gguf": b"GGUF"}, gated=True)
    async with make_client() as http:
        url = f"{hub.url}/o/closed/resolve/main/m.gguf"
        answer = await read_remote_header(http, url, source="Hub", file_name="m.gguf")
        assert isinstance(answer, RefusedRange)
        assert answer.response.status_code == 401
        hub.go_down()
        with pytest.raises(SourceUnreachable):
            await read_remote_header(http, url, source="Hub", file_name="m.gguf")


async def test_what_a_refusal_says_is_not_read(hub: HubServer) -> None:
    hub.fault(Answers(reply=data(b"x" * (96 << 20), "text/plain", status=404)), "*/resolve/*", times=None)
    answer = await read(hub, b"GGUF")
    assert isinstance(answer, RefusedRange)
    assert hub.requests[0].sent_bytes < 96 << 20
