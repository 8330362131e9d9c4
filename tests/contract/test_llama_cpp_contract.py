"""What llama.cpp must hold beside the contract of every runtime: GGUF files, devices, and its key file."""

import asyncio
import stat
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.contract.runtime_benches import SETTINGS, LlamaBench
from tests.fakes.gguf_files import write_header_only, write_sharded_llama, write_tiny_llama
from tests.fakes.gguf_llama import SPEECH
from tests.fakes.llama_server import install_llama_server
from venom_desktop.core.errors import RuntimeFailed
from venom_desktop.core.http import make_local_client
from venom_desktop.core.runtimes.base import RuntimeState


@pytest.fixture(params=["built-in", "llama-server"])
async def bench(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LlamaBench]:
    program = install_llama_server(tmp_path) if request.param == "llama-server" else None
    async with make_local_client() as http:
        made = LlamaBench(tmp_path, http, program)
        yield made
        await made.runtime.close()


async def test_a_shard_is_enough_to_load_all_of_them(bench: LlamaBench) -> None:
    first = write_sharded_llama(bench.folder, "split")[0]
    await bench.runtime.load(bench.model_of(first), SETTINGS)
    assert "".join(chunk.text for chunk in await bench.everything()).strip() == SPEECH


async def test_a_missing_shard_is_explained(bench: LlamaBench) -> None:
    first, second, _ = write_sharded_llama(bench.folder, "split")
    second.unlink()
    with pytest.raises(RuntimeFailed, match=r"file is (missing|damaged)"):
        await bench.runtime.load(bench.model_of(first), SETTINGS)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda path: path.write_text("these are no weights"), "The file is not a GGUF model."),
        (lambda path: path.write_bytes(b""), "The file is not a GGUF model."),
        (lambda path: path.write_bytes(write_tiny_llama(path).read_bytes()[:200_000]), "is damaged or incomplete."),
        (
            lambda path: write_header_only(path, {"general.architecture": "unheard"}),
            "does not know the architecture 'unheard'.",
        ),
    ],
    ids=["text", "empty", "cut", "architecture"],
)
async def test_a_bad_file_is_explained_in_one_sentence(
    bench: LlamaBench, make: Callable[[Path], Any], sentence: str
) -> None:
    file = bench.folder / "bad.gguf"
    make(file)
    with pytest.raises(RuntimeFailed) as raised:
        await bench.runtime.load(bench.model_of(file), SETTINGS)
    assert sentence in str(raised.value)
    assert bench.states == [RuntimeState.STARTING, RuntimeState.EXITED]
    assert str(bench.runtime.snapshot.error) == str(raised.value)
    assert not list((bench.folder / "run").iterdir())


async def test_devices_are_told(bench: LlamaBench) -> None:
    found = await bench.runtime.devices()
    assert found
    assert all(device.memory_total_bytes and device.memory_free_bytes is not None for device in found)


async def test_the_key_file_of_a_llama_server_is_private_while_it_exists(tmp_path: Path) -> None:
    program = tmp_path / "llama-server"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o755)
    async with make_local_client() as http:
        bench = LlamaBench(tmp_path, http, program)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(bench.runtime.load(bench.model(), SETTINGS))
            while not (found := list((tmp_path / "run").glob("*.key"))):  # noqa: ASYNC110 - a file has no event
                await asyncio.sleep(0.005)
            assert stat.S_IMODE(found[0].stat().st_mode) == 0o600
            task.cancel()
        assert not list((tmp_path / "run").glob("*.key"))
        await bench.runtime.close()
