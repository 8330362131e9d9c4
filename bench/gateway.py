"""Gateway: one-token chats straight to llama.cpp and through us, and what `serve` costs to start and to hold."""

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from tests.fakes.gguf_files import write_tiny_llama
from tests.support.nowhere import NOWHERE
from venom_desktop.api.server import ApiServer
from venom_desktop.app.compose import Composition, build
from venom_desktop.app.paths import Paths
from venom_desktop.core.secrets.masking import Redactor

_CHATS = 500
_WARMING = 50
_STARTS = 5
_BODY = {"model": "active", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 1, "temperature": 0}


async def _chats(jobs: Mapping[str, Any]) -> dict[str, list[float]]:
    """Milliseconds of each chat by way; turn by turn, so that a busy moment of the machine hits all of them."""
    import aiohttp

    found: dict[str, list[float]] = {name: [] for name in jobs}
    async with aiohttp.ClientSession() as session:
        for number in range(_CHATS + _WARMING):
            for name, (url, body, headers) in jobs.items():
                began = time.perf_counter()
                async with session.post(url, data=body, headers=headers) as answer:
                    await answer.read()
                    if answer.status != 200:
                        raise RuntimeError(f"{url} answered {answer.status}")
                took = (time.perf_counter() - began) * 1e3
                found[name] += [took] if number >= _WARMING else []
    return found


async def _compare(built: Composition, server: ApiServer) -> dict[str, list[float]]:
    """The client is a process of its own, as it is in life."""
    upstream = built.services.runtimes["llama_cpp"].upstream()
    json_type = {"Content-Type": "application/json"}
    # A kept connection fails after every streamed answer of llama.cpp, so the direct way opens one for each too.
    direct, once = {**json_type, **upstream.headers}, {**json_type, **upstream.headers, "Connection": "close"}
    own = {**json_type, "Authorization": f"Bearer {server.token}"}
    whole, streamed = json.dumps(_BODY), json.dumps({**_BODY, "stream": True})
    engine, gateway = f"{upstream.base_url}/v1/chat/completions", f"{server.url}/v1/chat/completions"
    jobs = {
        "gateway_direct": (engine, whole, direct),
        "gateway": (gateway, whole, own),
        "gateway_stream_direct": (engine, streamed, once),
        "gateway_stream": (gateway, streamed, own),
    }
    client = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.gateway", "client"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await client.communicate(json.dumps(jobs).encode())
    found: dict[str, list[float]] = json.loads(told)
    return found


async def _measure(home: Path) -> None:
    paths = Paths.under(home)
    paths.make_private()
    built = build(paths, {}, redactor=Redactor())
    await built.lifecycle.start()
    file = await asyncio.to_thread(write_tiny_llama, home / "tiny-Q8_0.gguf", endless=True)
    key = await built.services.registry.import_file(file)
    await built.services.registry.activate_model(key.name)
    server = ApiServer(built.services, paths.token_file, 0, hide=lambda token: None)
    await server.start()
    found = await _compare(built, server)
    await server.stop()
    await built.lifecycle.stop()
    for name, values in found.items():
        _print(f"{name}_p50", statistics.median(values), "ms")
        _print(f"{name}_p99", _percentile(values, 99), "ms")
    direct, through = statistics.median(found["gateway_direct"]), statistics.median(found["gateway"])
    _print("gateway_added_p50", through - direct, "ms")
    _print("gateway_ratio_p50", through / direct, "ratio")


async def _starts(home: Path) -> tuple[list[float], list[float]]:
    """Milliseconds from the command to its line, and resident MB once it has answered."""
    times: list[float] = []
    sizes: list[float] = []
    for _ in range(_STARTS):
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "venom_desktop", "serve", "--port", "0"),
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **NOWHERE, "VENOM_HOME": str(home)},
        )
        assert process.stdout is not None
        await process.stdout.readline()
        times.append((time.perf_counter() - began) * 1e3)
        sizes.append(psutil.Process(process.pid).memory_info().rss / 1e6)
        process.terminate()
        await process.wait()
    return times, sizes


def _percentile(values: list[float], percent: int) -> float:
    """Nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, -(-len(ordered) * percent // 100) - 1)]


def _print(name: str, value: float, unit: str) -> None:
    print(f"{name} {value:.2f} {unit}")


def main() -> None:
    if sys.argv[1:] == ["client"]:
        print(json.dumps(asyncio.run(_chats(json.load(sys.stdin)))))
        return
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(Path(folder) / "home"))
        times, sizes = asyncio.run(_starts(Path(folder) / "other"))
    _print("serve_start", statistics.median(times), "ms")
    _print("serve_start_worst", max(times), "ms")
    _print("serve_resident", statistics.median(sizes), "MB")


if __name__ == "__main__":
    main()
