"""The unpacking process lives no longer than whoever wants its work."""

import asyncio
import contextlib
import os
import signal
from pathlib import Path

import psutil
import pytest

from tests.fakes.ollama_archives import release_archive
from venom_desktop.core.errors import StorageFailed, UnsafeArchive
from venom_desktop.core.programs import own_program
from venom_desktop.core.runtimes.ollama_setup.limits import UnpackLimits
from venom_desktop.core.runtimes.ollama_setup.unpack_job import (
    UnpackJob,
    UnpackProgress,
    decode_report,
    encode_job,
    encode_report,
)
from venom_desktop.core.runtimes.ollama_setup.unpacking import UNPACKER, unpacked


def _job(archive: Path, folder: Path) -> UnpackJob:
    return UnpackJob(archives=(archive,), folder=folder, title="Ollama", limits=UnpackLimits(), reserve_bytes=0)


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    """An archive that nobody ever writes."""
    path = tmp_path / "archive.tar.zst"
    os.mkfifo(path)
    return path


async def test_the_judging_comes_first_and_then_the_amounts(tmp_path: Path) -> None:
    archive = tmp_path / "archive.tar.zst"
    archive.write_bytes(release_archive("0.16.3", library_bytes=1 << 20))
    heard = [progress async for progress in unpacked(_job(archive, tmp_path / "new"))]
    assert heard[0] == UnpackProgress(done_bytes=0, total_bytes=None)
    assert heard[1].total_bytes is not None
    assert heard[1].total_bytes > 1 << 20
    assert (tmp_path / "new/bin/ollama").is_file()


async def test_closing_the_iterator_ends_the_process(endless: Path, tmp_path: Path) -> None:
    async with contextlib.aclosing(unpacked(_job(endless, tmp_path / "new"))) as steps:
        await anext(steps)
        assert psutil.Process().children()
    assert not psutil.Process().children()


async def test_it_ends_with_its_stdin(endless: Path, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *own_program(UNPACKER), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(encode_job(_job(endless, tmp_path / "new")))
        assert isinstance(decode_report(await process.stdout.readline()), UnpackProgress)
        process.stdin.close()
        async with asyncio.timeout(60):
            assert await process.wait() == 1
    finally:
        if process.returncode is None:
            os.kill(process.pid, signal.SIGKILL)
            await process.wait()


async def test_a_folder_that_is_there_already_is_not_unpacked_into(tmp_path: Path) -> None:
    archive = tmp_path / "archive.tar.zst"
    archive.write_bytes(release_archive("0.16.3"))
    (tmp_path / "new").mkdir()
    with pytest.raises(StorageFailed, match="new"):
        async for _ in unpacked(_job(archive, tmp_path / "new")):
            pass
    assert list((tmp_path / "new").iterdir()) == []


async def test_an_archive_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageFailed, match=r"gone\.tgz"):
        async for _ in unpacked(_job(tmp_path / "gone.tgz", tmp_path / "new")):
            pass


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b"Traceback", b'{"report": "failed", "reason_code": "?"}'])
def test_a_line_that_is_no_report_is_none(line: bytes) -> None:
    assert decode_report(line) is None


def test_what_is_refused_arrives_as_it_was_said() -> None:
    error = UnsafeArchive(file_name="x.tgz", problem="it holds the path ../x")
    told = decode_report(encode_report(error))
    assert isinstance(told, UnsafeArchive)
    assert str(told) == str(error)
