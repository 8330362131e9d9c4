"""Two processes on one models folder: one writes, the other reads and says who holds it."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.registry.rows import SEED_MANIFEST, model
from venom_desktop.core.errors import FolderLocked
from venom_desktop.core.registry.manifest import Manifest

_OWNER = """
import sys
from pathlib import Path
from venom_desktop.core.registry.manifest import Manifest
manifest = Manifest(Path(sys.argv[1]))
manifest.open()
print("open", flush=True)
sys.stdin.read()
"""

_WRITER = """
import asyncio, sys
from pathlib import Path
from tests.core.registry.rows import model
from venom_desktop.core.registry.manifest import Manifest

async def write() -> None:
    manifest = Manifest(Path(sys.argv[1]))
    manifest.open()
    await manifest.put(model("row-0"))
    print("open", flush=True)
    for number in range(1, 100_000):
        await manifest.put(model(f"row-{number}"))
        print(number, flush=True)

asyncio.run(write())
"""


def _start(program: str, folder: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"open\n"
    return process


async def test_the_second_process_reads_and_every_change_names_the_first(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps(SEED_MANIFEST))
    before = (tmp_path / "manifest.json").read_bytes()
    owner = _start(_OWNER, tmp_path)
    try:
        manifest = Manifest(tmp_path)
        manifest.open()
        assert manifest.locked_by == owner.pid
        assert manifest["llama3:latest"].size_gb == 4.5
        key = manifest["llama3:latest"].key
        for change in (manifest.put(model()), manifest.remove(key), manifest.update(key, lambda row: row)):
            with pytest.raises(FolderLocked) as refused:
                await change
            assert refused.value.parameters["pid"] == owner.pid
        with pytest.raises(FolderLocked):
            manifest.require_writable()
        assert (tmp_path / "manifest.json").read_bytes() == before
    finally:
        owner.kill()
        owner.communicate()
    after = Manifest(tmp_path)
    after.open()
    assert after.locked_by is None
    await after.put(model())
    await after.close()


async def test_a_reader_that_opens_again_becomes_the_writer_once_the_folder_is_free(tmp_path: Path) -> None:
    owner = _start(_OWNER, tmp_path)
    manifest = Manifest(tmp_path)
    manifest.open()
    owner.kill()
    owner.communicate()
    with pytest.raises(FolderLocked):
        await manifest.put(model())
    manifest.open()
    await manifest.put(model())
    await manifest.close()


async def test_a_reader_never_sees_half_of_what_a_writer_writes(tmp_path: Path) -> None:
    writer = _start(_WRITER, tmp_path)
    try:
        seen = 0
        for _ in range(20):
            reader = Manifest(tmp_path)
            await asyncio.to_thread(reader.open)
            assert reader.notice is None
            assert len(reader) >= seen
            seen = len(reader)
    finally:
        writer.kill()
        writer.communicate()


async def test_a_writer_killed_at_any_moment_leaves_a_whole_list(tmp_path: Path) -> None:
    saved = 0
    for turn in range(4):
        writer = _start(_WRITER, tmp_path)
        assert writer.stdout is not None
        for _ in range(turn * 3 + 1):
            saved = max(saved, int(writer.stdout.readline()))
        writer.kill()
        writer.communicate()
        manifest = Manifest(tmp_path)
        manifest.open()
        assert manifest.notice is None
        assert manifest.locked_by is None
        assert f"row-{saved}" in manifest
        manifest.release()
        assert not list(tmp_path.glob(".manifest.json.*.tmp"))
