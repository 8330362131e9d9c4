"""The built-in engine: serves one GGUF model with xllamacpp in a process of its own.

Runs as `python -m venom_desktop.core.runtimes.llama_cpp_server`. One JSON line on stdin says what to do (an `Order`, or
`{"task": "devices"}`); it carries the API key, which is therefore in no argument and no environment. One JSON line on
stdout answers: `{"event": "ready", "port": n, "version": text}`, `{"event": "devices", ...}`, or
`{"event": "failed", "kind": text}`. The process ends when its stdin closes.
"""

import json
import os
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from venom_desktop.core.runtimes.control.guard import forbid_core_dumps

MAGIC = b"GGUF"
ALL_LAYERS = 999
"""More layers than any model has; both engines read it as all."""
FAILED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What to serve. None leaves the choice to llama.cpp; `context` counts all slots together."""

    model_path: str
    alias: str
    api_key: str
    projector_path: str | None = None
    context: int | None = None
    gpu_layers: int | None = None
    parallel: int | None = None
    kv_type: str | None = None
    threads: int | None = None

    def __repr__(self) -> str:
        return f"Order(model_path={self.model_path!r})"

    def as_line(self) -> str:
        return json.dumps(asdict(self))


def say(event: str, **details: Any) -> None:
    sys.stdout.write(json.dumps({"event": event, **details}) + "\n")
    sys.stdout.flush()


def main() -> int:
    forbid_core_dumps()
    # The engine holds the interpreter while it loads: a Python handler would wait, the system's default acts at once.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    line = sys.stdin.readline()
    if not line:
        return 0
    content = json.loads(line)
    if content.get("task") == "devices":
        say("devices", devices=devices(), version=version())
        return 0
    die_with_parent()
    return serve(Order(**content))


def serve(order: Order) -> int:
    kind = refusal(Path(order.model_path))
    if kind is not None:
        say("failed", kind=kind)
        return FAILED
    import xllamacpp

    try:
        server = xllamacpp.Server(parameters(order))
    except MemoryError:
        say("failed", kind="out_of_memory")
        return FAILED
    except RuntimeError:
        # Its text only says that it failed; the reason is in the log.
        say("failed", kind="unknown")
        return FAILED
    say("ready", port=urlsplit(server.listening_address).port, version=version())
    while sys.stdin.read(4096):
        pass
    return 0


def refusal(path: Path) -> str | None:
    """What can be said about the file before the engine opens it."""
    try:
        with path.open("rb") as file:
            return None if file.read(len(MAGIC)) == MAGIC else "not_gguf"
    except FileNotFoundError:
        return "file_missing"
    except OSError:
        return "file_forbidden"


def parameters(order: Order) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = order.model_path
    params.model_alias = {order.alias}
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.api_keys = [order.api_key]
    params.ui = False
    # Its own choice keeps up to 8 GiB of earlier conversations beside what a model needs: no figure would be true.
    params.cache_ram_mib = 0
    if order.projector_path is not None:
        params.mmproj.path = order.projector_path
    if order.context is not None:
        params.n_ctx = order.context
    if order.gpu_layers is not None:
        params.n_gpu_layers = ALL_LAYERS if order.gpu_layers < 0 else order.gpu_layers
    if order.parallel is not None:
        params.n_parallel = order.parallel
    if order.threads is not None:
        params.cpuparams.n_threads = order.threads
    if order.kv_type is not None:
        kind = getattr(xllamacpp.ggml_type, f"GGML_TYPE_{order.kv_type.upper()}")
        params.cache_type_k = params.cache_type_v = kind
    return params


def devices() -> list[dict[str, Any]]:
    """What the engine can compute on; bytes."""
    import xllamacpp

    return [
        {
            "name": device["name"],
            "description": device["description"],
            "kind": device["type"].name.rpartition("_")[2].lower(),
            "memory_free_bytes": device["memory_free"],
            "memory_total_bytes": device["memory_total"],
        }
        for device in xllamacpp.get_device_info()
    ]


def version() -> str:
    import xllamacpp

    return str(xllamacpp.__version__)


def die_with_parent() -> None:
    """While a model loads nothing of ours runs here, so only the kernel can end us when a guard is killed."""
    if sys.platform != "linux":
        return
    import ctypes

    parent = os.getppid()
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    if code == FAILED:
        # The engine writes its log from a thread of its own; only its clean-up waits for the reason to be written.
        sys.exit(code)
    # That clean-up takes its time with a large model; the kernel frees it at once.
    os._exit(code)
