"""Runs the stand-in of vLLM as a program of its own: `serve FOLDER ...`, `--version`; `vllm.py` writes its plan.

Besides vLLM's wire it answers two paths for tests: `GET /stand-in/environment` with its command line and variables,
and `POST /stand-in/call` with `{"method": "crash" | "hang" | "ignore_term" | "exit", "arguments": {...}}`.
"""

import argparse
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.fakes import vllm_log as log

LOOK_EVERY_S = 0.01
CHARACTERS_PER_TOKEN = 1


class StandIn:
    def __init__(self, plan: dict[str, Any], plan_file: Path, given: argparse.Namespace) -> None:
        self.plan = plan
        self.given = given
        self.gates = plan_file.parent
        self.keys = [os.environ["VLLM_API_KEY"]] if os.environ.get("VLLM_API_KEY") else []
        self.hangs = False
        self.healthy = True
        self.children: list[subprocess.Popen[bytes]] = []
        self.memory = bytearray(plan["holds_mb"] << 20)
        self.config = json.loads((Path(given.model_tag) / "config.json").read_text())
        longest = int(self.config.get("max_position_embeddings", 4096))
        self.context = given.max_model_len or longest
        self.names = given.served_model_name or [given.model_tag]

    @property
    def speech(self) -> str:
        return str(self.config.get("stand_in", {}).get("speech", "…"))

    @property
    def is_endless(self) -> bool:
        return bool(self.config.get("stand_in", {}).get("endless"))

    def load(self) -> None:
        for step in self.plan["steps"]:
            if isinstance(step, str):
                say(step.format(model=self.given.model_tag, port=self.given.port))
            elif "gate" in step:
                while not (self.gates / f"{step['gate']}.gate").exists():
                    time.sleep(LOOK_EVERY_S)
            elif "child" in step:
                self.children.append(subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)"]))
            elif "burn_s" in step:
                self.children.append(subprocess.Popen([sys.executable, "-S", "-c", BURN.format(**step)]))
                self.children[-1].wait()
        if self.plan["fails"]:
            for line in self.plan["fails"]:
                say(line)
            sys.exit(1)
        while self.plan["hangs"]:
            time.sleep(600)


BURN = """
import time
until = time.monotonic() + {burn_s}
while time.monotonic() < until:
    pass
"""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "Server"

    def log_message(self, *_: Any) -> None:
        """Its access log is off: the tests read what counts."""

    def do_GET(self) -> None:
        stand_in = self.server.stand_in
        match self.path:
            case "/health":
                self._send(b"", status=200 if stand_in.healthy else 503)
            case "/version":
                self._json({"version": stand_in.plan["version"]})
            case "/stand-in/environment":
                self._json({"arguments": sys.argv[2:], "environment": dict(os.environ)})
            case "/stand-in/busy":
                self._json({"busy": self.server.busy})
            case "/v1/models" if self._is_known():
                self._json({"object": "list", "data": [self._card(name) for name in stand_in.names]})
            case "/v1/models":
                self._json({"error": "Unauthorized"}, status=401)
            case _:
                self._json({"detail": "Not Found"}, status=404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        match self.path:
            case "/stand-in/call":
                told = json.loads(body)
                self._send(b"{}")
                self._call(told["method"], told.get("arguments") or {})
            case "/v1/chat/completions" if not self._is_known():
                self._json({"error": "Unauthorized"}, status=401)
            case "/v1/chat/completions":
                self._chat(json.loads(body))
            case _:
                self._json({"detail": "Not Found"}, status=404)

    def _call(self, method: str, arguments: dict[str, Any]) -> None:
        match method:
            case "crash":
                for line in arguments.get("lines", ()):
                    say(line)
                os.kill(os.getpid(), int(arguments.get("signal", signal.SIGSEGV)))
            case "exit":
                for line in arguments.get("lines", ()):
                    say(line)
                os._exit(int(arguments.get("code", 1)))
            case "hang":
                self.server.stand_in.hangs = True
            case "ignore_term":
                self.server.stand_in.plan["ignores_term"] = True
            case "unhealthy":
                self.server.stand_in.healthy = False
            case _:
                raise ValueError(f"{method} cannot be called from outside")

    def _is_known(self) -> bool:
        keys = self.server.stand_in.keys
        return not keys or self.headers.get("Authorization") in [f"Bearer {key}" for key in keys]

    def _card(self, name: str) -> dict[str, Any]:
        stand_in = self.server.stand_in
        root, context = stand_in.given.model_tag, stand_in.context
        return {
            "id": name,
            "object": "model",
            "owned_by": "vllm",
            "root": root,
            "parent": None,
            "max_model_len": context,
        }

    def _chat(self, asked: dict[str, Any]) -> None:
        stand_in = self.server.stand_in
        if asked.get("model") and asked["model"] not in stand_in.names:
            return self._refuse(f"The model `{asked.get('model')}` does not exist.", status=404, kind="NotFoundError")
        wanted = asked.get("response_format") or {"type": "text"}
        if wanted.get("type") not in ("text", "json_schema", "json_object"):
            return self._refuse("1 validation error: Input should be 'text', 'json_object' or 'json_schema'")
        prompt = sum(len(str(message["content"])) + 4 for message in asked["messages"])
        if prompt >= stand_in.context:
            return self._refuse(
                f"This model's maximum context length is {stand_in.context} tokens. However, you requested 0 output "
                f"tokens and your prompt contains {prompt} input tokens, for a total of {prompt} "
                "tokens. Please reduce the length of the input prompt or the number of requested output tokens."
            )
        while stand_in.hangs:
            time.sleep(600)
        self.server.busy += 1
        try:
            self._stream(asked, prompt)
        except OSError:
            self.close_connection = True
        finally:
            self.server.busy -= 1
        return None

    def _stream(self, asked: dict[str, Any], prompt: int) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        limit, count, reason = asked.get("max_tokens") or 1_000_000, 0, "stop"
        for word in self._words():
            if count >= limit:
                reason = "length"
                break
            count += 1
            self._event({"choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]})
        self._event({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
        usage = {"prompt_tokens": prompt, "completion_tokens": count, "total_tokens": prompt + count}
        self._event({"choices": [], "usage": usage})
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _words(self) -> Any:
        stand_in = self.server.stand_in
        if not stand_in.is_endless:
            yield from (f" {word}" if number else word for number, word in enumerate(stand_in.speech.split()))
            return
        while True:
            time.sleep(0.002)
            yield " and on"

    def _event(self, content: dict[str, Any]) -> None:
        told = {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "model": self.server.stand_in.names[0],
            **content,
        }
        self._chunk(b"data: " + json.dumps(told).encode() + b"\n\n")

    def _chunk(self, piece: bytes) -> None:
        self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        self.wfile.flush()

    def _refuse(self, message: str, *, status: int = 400, kind: str = "BadRequestError") -> None:
        self._json({"error": {"message": message, "type": kind, "param": None, "code": status}}, status=status)

    def _json(self, content: Any, *, status: int = 200) -> None:
        self._send(json.dumps(content).encode(), status=status)

    def _send(self, body: bytes, *, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # The real one binds with SO_REUSEPORT before it loads, and listens once it has loaded.
    allow_reuse_port = False

    def __init__(self, address: tuple[str, int], stand_in: StandIn) -> None:
        self.stand_in = stand_in
        self.busy = 0
        super().__init__(address, Handler)


def say(line: str) -> None:
    with contextlib.suppress(OSError):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def options() -> argparse.ArgumentParser:
    """Those of the real one that we use; anything else is refused in its words."""
    parser = argparse.ArgumentParser(prog="vllm serve")
    parser.add_argument("model_tag")
    for name in ("--host", "--chat-template", "--distributed-executor-backend"):
        parser.add_argument(name)
    for name in ("--port", "--max-model-len", "--max-num-seqs", "--tensor-parallel-size", "--pipeline-parallel-size"):
        parser.add_argument(name, type=int)
    parser.add_argument("--gpu-memory-utilization", type=float)
    parser.add_argument("--served-model-name", nargs="+")
    for name in ("--enforce-eager", "--trust-remote-code"):
        parser.add_argument(name, action="store_true")
    return parser


def main() -> int:
    plan_file = Path(sys.argv[1])
    plan = json.loads(plan_file.read_text())
    if sys.argv[2:] in (["--version"], ["-v"]):
        sys.stdout.write(f"{plan['version']}\n")
        return 0
    if sys.argv[2:3] != ["serve"]:
        sys.stderr.write(f"vllm: error: unrecognized arguments: {' '.join(sys.argv[2:])}\n")
        return 2
    unknown = [word for word in sys.argv[3:] if word.partition("=")[0] in plan["drops"]]
    if unknown:
        sys.stderr.write(f"vllm serve: error: unrecognized arguments: {' '.join(unknown)}\n")
        return 2
    given = options().parse_args(sys.argv[3:])
    say(log.VERSION_LINE.format(model=given.model_tag))
    if not (Path(given.model_tag) / "config.json").is_file():
        say(f"{log.API}  Value error, Invalid repository ID or local directory specified: '{given.model_tag}'.")
        return 1
    if plan["refuses_port"] or is_taken(given.host or "127.0.0.1", given.port):
        say(f"{log.API}{log.PORT_TAKEN}")
        return 1
    return serve(plan, plan_file, given)


def serve(plan: dict[str, Any], plan_file: Path, given: argparse.Namespace) -> int:
    stand_in = StandIn(plan, plan_file, given)

    def end(*_: Any) -> None:
        if stand_in.plan["ignores_term"]:
            return
        for child in stand_in.children:
            child.kill()
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    say(log.CONFIG_LINE.format(model=given.model_tag))
    stand_in.load()
    server = Server((given.host or "127.0.0.1", given.port), stand_in)
    say(log.SERVING.format(port=given.port))
    say(log.STARTED)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while True:
        signal.pause()


def is_taken(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return True
    return False


if __name__ == "__main__":
    sys.exit(main())
