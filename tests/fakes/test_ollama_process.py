"""The stand-in as a program of its own is called, driven and ended as the real one is."""

import json
import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.ollama_process import install_ollama


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        number: int = probe.getsockname()[1]
    return number


@pytest.fixture
def server(tmp_path: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    with started(tmp_path, port) as process:
        assert process.stderr is not None
        while "Listening" not in (line := process.stderr.readline()):
            assert line, "it ended before it listened"
        yield process
        process.kill()


def started(folder: Path, port: int) -> subprocess.Popen[str]:
    variables = {
        "OLLAMA_HOST": f"127.0.0.1:{port}",
        "OLLAMA_MODELS": str(folder / "models"),
        "OLLAMA_NUM_PARALLEL": "2",
    }
    return subprocess.Popen(
        [install_ollama(folder), "serve"], env={**os.environ, **variables}, stderr=subprocess.PIPE, text=True
    )


def ask(port: int, path: str, body: Any = None) -> Any:
    told = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", data=told) as answer:
        return [json.loads(line) for line in answer.read().splitlines()]


def test_it_tells_the_variables_it_was_started_with(server: subprocess.Popen[str], port: int) -> None:
    assert ask(port, "/stand-in/environment")[0]["OLLAMA_NUM_PARALLEL"] == "2"


def test_a_test_can_publish_a_model_in_it_and_break_its_answers(server: subprocess.Popen[str], port: int) -> None:
    call = {"method": "publish", "arguments": {"name": "tiny:1b", "layers": [1000], "facts": {"context": 512}}}
    ask(port, "/stand-in/call", call)
    assert ask(port, "/api/pull", {"model": "tiny:1b"})[-1] == {"status": "success"}
    fault = {"effect": "TellsError", "fields": {"words": "no luck"}, "pattern": "/api/pull"}
    ask(port, "/stand-in/call", {"method": "fault", "arguments": fault})
    assert ask(port, "/api/pull", {"model": "tiny:1b"})[-1] == {"error": "no luck"}


def test_it_ends_when_asked_to_and_a_second_one_refuses_the_port_until_then(
    server: subprocess.Popen[str], port: int, tmp_path: Path
) -> None:
    with started(tmp_path, port) as second:
        _, told = second.communicate(timeout=20)
    assert (second.returncode, told) == (1, f"Error: listen tcp 127.0.0.1:{port}: bind: address already in use\n")
    server.send_signal(signal.SIGTERM)
    assert server.wait(20) == 0


def test_it_tells_its_version_without_a_server(tmp_path: Path, port: int) -> None:
    environment = {**os.environ, "OLLAMA_HOST": f"127.0.0.1:{port}"}
    told = subprocess.run(
        [install_ollama(tmp_path), "--version"], env=environment, capture_output=True, text=True, check=True
    )
    assert told.stdout.splitlines()[-1] == "Warning: client version is 0.16.3"
