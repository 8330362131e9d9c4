"""Runs `venom-desktop` as a process of its own, in the home of the test."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from venom_desktop.core.http import Client

WITHOUT_DISPLAY = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
_RUN = """
import sys
from venom_desktop.app.cli import run
code = run(sys.argv[1:])
qt = sorted({name.partition(".")[0] for name in sys.modules} & {"PySide6", "shiboken6", "qasync"})
sys.stderr.write(f"imported {qt}" if qt else "")
sys.exit(9 if qt else code)
"""


@dataclass(frozen=True, kw_only=True)
class Ended:
    code: int
    out: str
    err: str


async def start(*arguments: str, stdin: int = asyncio.subprocess.DEVNULL) -> asyncio.subprocess.Process:
    environ = {name: value for name, value in os.environ.items() if name not in WITHOUT_DISPLAY}
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _RUN,
        *arguments,
        stdin=stdin,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environ,
    )


async def ended(process: asyncio.subprocess.Process, *, within_s: float = 60, stdin: bytes | None = None) -> Ended:
    try:
        async with asyncio.timeout(within_s):
            out, err = await process.communicate(stdin)
    except TimeoutError:
        process.kill()
        raise
    assert process.returncode is not None
    return Ended(code=process.returncode, out=out.decode(), err=err.decode())


async def command(*arguments: str, stdin: bytes | None = None) -> Ended:
    """`stdin` is what comes through a pipe; without it there is nothing to read."""
    place = asyncio.subprocess.DEVNULL if stdin is None else asyncio.subprocess.PIPE
    return await ended(await start(*arguments, stdin=place), stdin=stdin)


@dataclass(frozen=True, kw_only=True)
class Serving:
    process: asyncio.subprocess.Process
    url: str
    token: str

    async def call(self, client: Client, method: str, path: str, body: Any = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.token}"}
        response = await client.request(method, f"{self.url}/api/v1/{path}", json=body, headers=headers)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def until(self, client: Client, path: str, fact: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Ask until the answer says so."""
        async with asyncio.timeout(60):
            while not fact(answer := await self.call(client, "GET", path)):  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.05)
        return answer

    async def end(self, number: signal.Signals = signal.SIGTERM) -> Ended:
        self.process.send_signal(number)
        return await ended(self.process, within_s=15)


@asynccontextmanager
async def serving(*arguments: str) -> AsyncIterator[Serving]:
    """`venom-desktop serve` that has said where it is."""
    process = await start("serve", "--port", "0", *arguments)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(60):
            line = await process.stdout.readline()
        assert line, await ended(process)
        yield Serving(process=process, **json.loads(line))
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()
