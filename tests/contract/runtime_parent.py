"""A program that loads a model and waits to be killed: `python -m tests.contract.runtime_parent KIND FOLDER MODEL`."""

import asyncio
import sys
from pathlib import Path

from tests.contract.runtime_benches import SETTINGS, LlamaBench, VllmBench
from venom_desktop.core.http import make_local_client


async def main() -> None:
    kind, folder, path = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    async with make_local_client() as http:
        bench: LlamaBench | VllmBench
        if kind == "VllmBench":
            bench = VllmBench(folder, http)
        else:
            program = folder / "llama-server"
            bench = LlamaBench(folder, http, program if program.exists() else None)
        await bench.runtime.load(bench.model_of(path), SETTINGS)
        sys.stdout.write(f"{bench.runtime.snapshot.pid}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


asyncio.run(main())
