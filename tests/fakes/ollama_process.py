"""Runs the stand-in as a program of its own, called as the real one is: `serve`, `--version`.

`install_ollama(folder)` puts an executable `ollama` into a folder. It reads OLLAMA_HOST, OLLAMA_MODELS, HOME,
OLLAMA_KEEP_ALIVE, OLLAMA_CONTEXT_LENGTH and OLLAMA_NOPRUNE, says on stderr where it listens, refuses a port that is
taken in the real one's words, and ends at SIGTERM. Besides Ollama's wire it answers two paths for tests:

- `GET /stand-in/environment`: the variables it was started with.
- `POST /stand-in/call` with `{"method": "publish", "arguments": {"name": "tiny:latest", "layers": [4000000]}}`: calls
  the method of `OllamaStandIn` (publish, add_model, remove_model, fault, clear_faults, hold_downloads), or sets
  bytes_per_second and free_bytes (`{"method": "bytes_per_second", "arguments": {"value": 1000}}`). `facts` is an
  object of the fields of `Facts`; an effect is named: `{"effect": "Hangs", "fields": {"after_lines": 2}, ...}`.

STAND_IN_VERSION is what it takes for its version, STAND_IN_FAILS a sentence it ends with instead of serving, and
STAND_IN_SLOW_S the seconds before it listens.
"""

import json
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tests.fakes import ollama_faults
from tests.fakes.hub_wire import Reply, Request, as_json
from tests.fakes.ollama_models import Facts
from tests.fakes.ollama_server import VERSION, OllamaStandIn, folder_of

SCRIPT = """#!/bin/sh
cd {root} && exec {python} -m tests.fakes.ollama_process "$@"
"""
DEFAULT_PORT = 11434


def install_ollama(folder: Path) -> Path:
    """Put an executable `ollama` into `folder`."""
    program = folder / "ollama"
    program.write_text(SCRIPT.format(root=Path(__file__).resolve().parents[2], python=sys.executable))
    program.chmod(0o755)
    return program


class Served(OllamaStandIn):
    """With the paths that tests drive a process by."""

    def _hear(self, request: Request) -> Reply:
        match request.path:
            case "/stand-in/environment":
                return as_json(dict(os.environ))
            case "/stand-in/call":
                told = json.loads(request.body)
                self._call(told["method"], told.get("arguments") or {})
                return as_json({})
            case _:
                return super()._hear(request)

    def _call(self, method: str, arguments: dict[str, Any]) -> None:
        match method:
            case "publish" | "add_model":
                if "layers" in arguments:
                    arguments["layers"] = tuple(arguments["layers"])
                if facts := arguments.pop("facts", None):
                    lists = {name: tuple(value) for name, value in facts.items() if isinstance(value, list)}
                    arguments["facts"] = Facts(**{**facts, **lists})
                getattr(self, method)(**arguments)
            case "fault":
                effect = getattr(ollama_faults, arguments.pop("effect"))
                self.fault(effect(**arguments.pop("fields", {})), **arguments)
            case "remove_model" | "clear_faults" | "hold_downloads":
                getattr(self, method)(**arguments)
            case "bytes_per_second" | "free_bytes":
                setattr(self, method, arguments["value"])
            case _:
                raise ValueError(f"{method} cannot be called from outside")


def address() -> tuple[str, int]:
    """Host and port as OLLAMA_HOST names them."""
    told = os.environ.get("OLLAMA_HOST", "").rpartition("://")[2].rstrip("/")
    host, _, port = told.partition(":")
    return host or "127.0.0.1", int(port or DEFAULT_PORT)


def main() -> int:
    version = os.environ.get("STAND_IN_VERSION", VERSION)
    if sys.argv[1:] in (["--version"], ["-v"]):
        return _tell_version(version)
    if sys.argv[1:] != ["serve"]:
        sys.stderr.write(f"Error: unknown command {' '.join(sys.argv[1:])!r}\n")
        return 1
    if reason := os.environ.get("STAND_IN_FAILS"):
        sys.stderr.write(f"{reason}\n")
        return 1
    time.sleep(float(os.environ.get("STAND_IN_SLOW_S", "0")))
    host, port = address()
    if _is_taken(host, port):
        sys.stderr.write(f"Error: listen tcp {host}:{port}: bind: address already in use\n")
        return 1
    ended = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ended.set())
    signal.signal(signal.SIGINT, lambda *_: ended.set())
    _log(f'msg="server config" env="map[OLLAMA_HOST:http://{host}:{port}]"')
    with Served(folder_of(os.environ), port=port, version=version, environment=os.environ):
        _log(f'msg="Listening on {host}:{port} (version {version})"')
        ended.wait()
    return 0


def _tell_version(version: str) -> int:
    """As the real one does without a server to ask."""
    try:
        socket.create_connection(address(), timeout=1).close()
    except OSError:
        sys.stdout.write(
            f"Warning: could not connect to a running Ollama instance\nWarning: client version is {version}\n"
        )
        return 0
    sys.stdout.write(f"ollama version is {version}\n")
    return 0


def _is_taken(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return port != 0
    return False


def _log(words: str) -> None:
    moment = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
    sys.stderr.write(f"time={moment} level=INFO source=routes.go:1663 {words}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
