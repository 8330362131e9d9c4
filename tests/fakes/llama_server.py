"""A stand-in for `llama-server`: the options that we use, in front of the real engine of the xllamacpp wheel."""

import argparse
import signal
import sys
from pathlib import Path

import xllamacpp

SCRIPT = """#!/bin/sh
cd {root} && exec {python} -m tests.fakes.llama_server "$@"
"""


def install_llama_server(folder: Path) -> Path:
    """Put an executable `llama-server` into `folder`."""
    program = folder / "llama-server"
    program.write_text(SCRIPT.format(root=Path(__file__).resolve().parents[2], python=sys.executable))
    program.chmod(0o755)
    return program


def main() -> None:
    options = argparse.ArgumentParser()
    for name in ("--model", "--alias", "--host", "--api-key-file", "--mmproj", "--cache-type-k", "--cache-type-v"):
        options.add_argument(name)
    for name in ("--port", "--ctx-size", "--n-gpu-layers", "--parallel", "--threads"):
        options.add_argument(name, type=int)
    options.add_argument("--list-devices", action="store_true")
    given = options.parse_args()
    if given.list_devices:
        sys.stdout.write("Available devices:\n  CUDA0: NVIDIA H200 (143771 MiB, 143204 MiB free)\n")
        return
    params = xllamacpp.CommonParams()
    params.model.path = given.model
    params.model_alias = {given.alias}
    params.hostnames = [given.host]
    params.port = given.port
    params.api_keys = Path(given.api_key_file).read_text().split()
    params.n_ctx = given.ctx_size
    params.n_parallel = given.parallel
    try:
        server = xllamacpp.Server(params)
    except RuntimeError:
        sys.exit(1)
    sys.stderr.write(f"listening on {server.listening_address}\n")
    signal.pause()


if __name__ == "__main__":
    main()
