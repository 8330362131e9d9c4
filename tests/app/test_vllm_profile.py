"""vLLM is there in the profile that offers it, and nowhere else."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.contract.runtime_benches import SETTINGS, VllmBench
from tests.fakes.nvml import StandIn
from tests.fakes.vllm import install_vllm, write_model
from venom_desktop.app.compose import Composition, build
from venom_desktop.app.paths import Paths
from venom_desktop.core.host.sample import HostSample
from venom_desktop.core.http import make_local_client
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.base import RuntimeState
from venom_desktop.core.runtimes.control.ports import free_port
from venom_desktop.core.runtimes.vllm_settings import VllmSettings
from venom_desktop.core.secrets.masking import Redactor


@asynccontextmanager
async def a_home(monkeypatch: pytest.MonkeyPatch, profile: str | None) -> AsyncIterator[Composition]:
    if profile is not None:
        monkeypatch.setenv("VENOM_RUNTIME_PROFILE", profile)
    paths = Paths.from_environment(os.environ)
    paths.make_private()
    built = build(paths, os.environ, redactor=Redactor())
    await built.lifecycle.start()
    try:
        yield built
    finally:
        await built.lifecycle.stop()


@pytest.mark.parametrize("profile", ["light", "llm_off"])
async def test_outside_the_full_profile_it_is_in_no_list_and_no_process(
    private_home: Path, monkeypatch: pytest.MonkeyPatch, profile: str
) -> None:
    marker = private_home / "was-run"
    program = private_home / "bin" / "vllm"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\ntouch {marker}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    async with a_home(monkeypatch, profile) as built:
        assert "vllm" not in built.services.runtimes
        built.vllm.look()
    assert not marker.exists()


async def test_the_cards_of_the_driver_are_those_of_vllm_and_of_the_machine(
    private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = {"name": "NVIDIA H200", "total": 150 * 10**9, "used": 10**9, "gpu": 37}
    monkeypatch.setitem(sys.modules, "pynvml", StandIn(computing=[[]], facts=[card]))
    async with a_home(monkeypatch, "full") as built:
        (device,) = await built.services.runtimes["vllm"].devices()
        assert (device.description, device.memory_free_bytes) == ("NVIDIA H200", 149 * 10**9)
        async with asyncio.timeout(60):
            heard: asyncio.Queue[HostSample] = asyncio.Queue()
            end = built.services.host.subscribe(heard.put_nowait)
            assert [gpu.name for gpu in (await heard.get()).gpus] == ["NVIDIA H200"]
            end()


async def test_the_full_profile_offers_it_and_a_change_takes_it_along(
    private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_home(monkeypatch, None) as built:
        services = built.services
        assert "vllm" not in services.runtimes
        await services.settings.set("runtime_profile", "full")
        assert services.runtimes["vllm"] is built.vllm.runtime
        await services.settings.set("runtime_profile", "light")
        assert "vllm" not in services.runtimes


async def test_one_that_runs_stays_in_reach_until_it_has_stopped(
    private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = install_vllm(private_home / "bin")
    monkeypatch.setenv("VLLM_PORT", str(free_port()))
    model = write_model(private_home / "tiny")
    async with a_home(monkeypatch, None) as built, make_local_client() as http:
        services, row = built.services, VllmBench(private_home, http).model_of(model)
        await services.settings.set("vllm_path", str(program))
        await services.settings.set("runtime_profile", "full")
        await services.model_settings.save_vllm(ModelKey(name="tiny", runtime="vllm"), VllmSettings(served_name="nick"))
        await built.vllm.runtime.load(row, SETTINGS)
        assert built.vllm.runtime.upstream().model == "nick"
        await services.settings.set("runtime_profile", "light")
        assert services.runtimes["vllm"].snapshot.state is RuntimeState.RUNNING
        await built.vllm.runtime.stop()
        assert "vllm" not in services.runtimes
