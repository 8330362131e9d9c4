"""Loads one model in the real engine without mmap, has it read a long prompt and answer, and tells its peak memory.

Runs as `python -m bench.fit_child`; one JSON line on stdin is an `Order`, its model path "" measures the empty engine.
"""

import json
import os
import sys
import urllib.request

from venom_desktop.core.host.process_memory import peak_bytes
from venom_desktop.core.runtimes.llama_cpp_server import Order, parameters

PROMPT_TOKENS = 520
"""More than one step of the engine (512), so that the largest one is worked off."""


def main() -> None:
    import xllamacpp

    order = Order(**json.loads(sys.stdin.readline()))
    if order.model_path:
        wanted = parameters(order)
        wanted.load_mode = xllamacpp.llama_load_mode.LLAMA_LOAD_MODE_NONE
        server = xllamacpp.Server(wanted)
        _ask(server.listening_address, order.api_key)
    print(json.dumps({"peak_bytes": peak_bytes(os.getpid())}), flush=True)
    os._exit(0)


def _ask(address: str, key: str) -> None:
    body = json.dumps({"prompt": [5] * PROMPT_TOKENS, "n_predict": 2, "cache_prompt": False}).encode()
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}/completion", data=body, headers=headers)
    with urllib.request.urlopen(request, timeout=600) as answer:
        answer.read()


if __name__ == "__main__":
    main()
