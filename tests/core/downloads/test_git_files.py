"""Small files that git keeps: checked against the name git gives their bytes, as large ones against their SHA-256."""

import hashlib

import pytest

from tests.core.downloads.conftest import MIB, Wire, fetch, some_bytes, worker
from tests.fakes.hub_faults import CutAfter, WrongByte
from venom_desktop.core.errors import ChecksumMismatch

NAME = "tokenizer.json"


def _git_sha(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


async def test_the_name_of_the_blob_is_what_the_bytes_give(wire: Wire) -> None:
    wire.publish(tokenizer__json=some_bytes(MIB))
    await fetch(worker(), wire.plan(sha256=None, git_sha=_git_sha(wire.contents[NAME])))
    assert (wire.folder / NAME).read_bytes() == wire.contents[NAME]
    assert wire.leftovers() == []


async def test_an_empty_file_of_git_arrives(wire: Wire) -> None:
    wire.publish(tokenizer__json=b"")
    await fetch(worker(), wire.plan(sha256=None, git_sha=_git_sha(b"")))
    assert (wire.folder / NAME).read_bytes() == b""


async def test_a_wrong_byte_is_noticed_and_nothing_kept(wire: Wire) -> None:
    wire.publish(tokenizer__json=some_bytes(MIB))
    wire.hub.fault(WrongByte(at=1000), f"*/{NAME}", times=10)
    with pytest.raises(ChecksumMismatch):
        await fetch(worker(), wire.plan(sha256=None, git_sha=_git_sha(wire.contents[NAME])))
    assert not (wire.folder / NAME).exists()
    assert wire.leftovers() == []


async def test_what_was_cut_off_is_resumed_and_checked_as_a_whole(wire: Wire) -> None:
    wire.publish(tokenizer__json=some_bytes(MIB))
    wire.hub.fault(CutAfter(body_bytes=MIB // 2), f"*/{NAME}", times=1)
    await fetch(worker(), wire.plan(sha256=None, git_sha=_git_sha(wire.contents[NAME])))
    assert (wire.folder / NAME).read_bytes() == wire.contents[NAME]
    assert any(request.range for request in wire.hub.requests_for(f"*/{NAME}"))


async def test_a_file_in_place_with_other_bytes_of_the_same_size_is_fetched_again(wire: Wire) -> None:
    wire.publish(tokenizer__json=b"right")
    wire.folder.mkdir(parents=True, exist_ok=True)
    (wire.folder / NAME).write_bytes(b"wrong")
    plan = wire.plan(sha256=None, git_sha=_git_sha(b"right"))
    await fetch(worker(), plan)
    assert (wire.folder / NAME).read_bytes() == b"right"
    wire.hub.forget_requests()
    await fetch(worker(), plan)
    assert not wire.hub.requests_for("*/resolve/*")
