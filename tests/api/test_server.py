"""Starting and stopping the server, on asyncio's loop and on the window's."""

import asyncio
import os
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.api.caller import Served
from venom_desktop.api.server import ApiServer
from venom_desktop.core.errors import PortTaken

ON_QASYNC = """
import asyncio, os, signal, sys
import qasync
from PySide6.QtWidgets import QApplication
from venom_desktop.api.server import ApiServer
from venom_desktop.app.compose import build
from venom_desktop.app.paths import Paths
from venom_desktop.core.http import make_local_client
from venom_desktop.core.secrets.masking import Redactor

async def live():
    paths = Paths.from_environment(os.environ)
    paths.make_private()
    built = build(paths, os.environ, redactor=Redactor())
    await built.lifecycle.start()
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    server = ApiServer(built.services, paths.token_file, 0, hide=lambda token: None)
    async with make_local_client() as client:
        for _ in range(2):
            await server.start()
            headers = {"Authorization": f"Bearer {server.token}"}
            assert (await client.get(f"{server.url}/api/v1/models", headers=headers)).status_code == 200
            assert (await client.get(f"{server.url}/v1/models", headers=headers)).status_code == 200
            assert before == (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT))
            await server.stop()
    await built.lifecycle.stop()

app = QApplication([])
with asyncio.Runner(loop_factory=lambda: qasync.QEventLoop(app)) as runner:
    runner.run(live())
print("done")
"""


async def test_it_starts_and_stops_again_and_again(served: Served) -> None:
    server = served.server
    await server.start()
    first = server.token
    for _ in range(2):
        await server.stop()
        await server.stop()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", served.caller.port)
        await asyncio.gather(server.start(), server.start())
        assert server.token == first
        caller = replace(served.caller, url=server.url)
        await caller.good("GET", "models")


async def test_a_taken_port_names_its_holder_and_leaves_no_half_started_server(served: Served) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        other = ApiServer(served.services, served.paths.token_file, port, hide=lambda token: None)
        with pytest.raises(PortTaken, match=str(os.getpid())):
            await other.start()
    assert not other.is_running
    await other.start()
    assert other.url.endswith(f":{port}")
    await other.stop()


def test_it_runs_on_the_loop_of_the_window_and_leaves_the_signals_alone(private_home: Path) -> None:
    environ = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ON_QASYNC],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
    assert private_home.exists()


def test_importing_the_server_brings_no_web_framework() -> None:
    code = (
        "import sys, venom_desktop.api.server\n"
        "heavy = {'fastapi', 'starlette', 'uvicorn', 'aiohttp', 'websockets', 'PySide6'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
