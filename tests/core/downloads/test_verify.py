"""Checking installed files again."""

import asyncio
import hashlib
import os
import threading
import time
from pathlib import Path

import pytest

from tests.core.downloads.conftest import MIB, some_bytes
from venom_desktop.core.downloads.base import DownloadPhase, DownloadProgress
from venom_desktop.core.downloads.verify import FileToCheck, check_files
from venom_desktop.core.errors import FileDamaged, FileMissing, StorageUnreadable


def installed(folder: Path, name: str, content: bytes) -> FileToCheck:
    path = folder / name
    path.write_bytes(content)
    return FileToCheck(path=path, sha256=hashlib.sha256(content).hexdigest())


async def checked(*files: FileToCheck) -> list[DownloadProgress]:
    return [step async for step in check_files(files, model_name="org/name")]


async def test_files_that_match_pass_with_progress_over_all(tmp_path: Path) -> None:
    files = [installed(tmp_path, "a", some_bytes(3 * MIB)), installed(tmp_path, "b", some_bytes(MIB, 2))]
    steps = await checked(*files, installed(tmp_path, "empty", b""))
    assert [step.done_bytes for step in steps] == sorted(step.done_bytes for step in steps)
    assert steps[-1].done_bytes == steps[-1].total_bytes == 4 * MIB
    assert {step.phase for step in steps} == {DownloadPhase.CHECKING}


@pytest.mark.parametrize("damaged", [b"\0" * MIB, b"short", b""])
async def test_a_file_that_differs_is_named_and_left_alone(tmp_path: Path, damaged: bytes) -> None:
    file = installed(tmp_path, "model.gguf", some_bytes(MIB))
    file.path.write_bytes(damaged)
    with pytest.raises(FileDamaged, match=r"model\.gguf"):
        await checked(file)
    assert file.path.read_bytes() == damaged


async def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    file = installed(tmp_path, "model.gguf", b"x")
    file.path.unlink()
    with pytest.raises(FileMissing, match="org/name"):
        await checked(file)


async def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageUnreadable):
        await checked(FileToCheck(path=tmp_path, sha256="0" * 64))


async def test_cancelling_in_the_middle_of_a_read_takes_no_time_and_the_loop_stays_free(tmp_path: Path) -> None:
    """A pipe that nobody fills stands for a disk that does not answer."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    file = FileToCheck(path=pipe, sha256="0" * 64)
    entered = threading.Event()

    class Sized(type(pipe)):  # type: ignore[misc]
        """A path that has a size although reading it never returns."""

        def stat(self, **_: object) -> os.stat_result:
            return tmp_path.stat()

        def open(self, *arguments: object, **options: object) -> object:
            entered.set()
            return Path(self).open(*arguments, **options)  # type: ignore[call-overload]

    async def run() -> None:
        await checked(FileToCheck(path=Sized(file.path), sha256=file.sha256))

    async with asyncio.TaskGroup() as group:
        task = group.create_task(run())
        await asyncio.to_thread(entered.wait, 10)
        began = time.monotonic()
        task.cancel()
        await asyncio.wait([task])
        assert time.monotonic() - began <= 1.0
        with pipe.open("wb"):
            """Lets the thread go."""
