"""A real vLLM loads, answers, tells its context and goes, where VENOM_TEST_VLLM and VENOM_TEST_VLLM_MODEL name one."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.contract.runtime_benches import HELLO, VllmBench, gone
from venom_desktop.core.http import make_local_client
from venom_desktop.core.runtimes.base import LoadSettings, RuntimeState
from venom_desktop.core.runtimes.vllm_program import version_of

PROGRAM, MODEL = os.environ.get("VENOM_TEST_VLLM"), os.environ.get("VENOM_TEST_VLLM_MODEL")
WITHIN_S = 1800


@pytest.mark.skipif(PROGRAM is None or MODEL is None, reason="VENOM_TEST_VLLM and VENOM_TEST_VLLM_MODEL name none")
async def test_a_real_one_loads_answers_and_goes(tmp_path: Path) -> None:
    program = Path(PROGRAM or "")
    async with make_local_client() as http:
        bench = VllmBench(tmp_path, http, program)
        try:
            await asyncio.wait_for(
                bench.runtime.load(bench.model_of(Path(MODEL or "")), LoadSettings(context=512)), WITHIN_S
            )
            snapshot = bench.runtime.snapshot
            assert (snapshot.state, snapshot.progress) == (RuntimeState.RUNNING, None)
            assert snapshot.loaded[0].context == 512
            assert snapshot.version == await version_of(program)
            assert (await bench.everything(HELLO))[-1].completion_tokens
            await bench.runtime.stop()
            assert await gone(snapshot.pid)
        finally:
            await bench.runtime.close()
