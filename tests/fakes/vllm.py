"""A `vllm` program of the tests: an executable to put on PATH, told what to do by a plan beside it and by its own door.

    program = install_vllm(tmp_path, Plan(steps=(LOADING_WEIGHTS, "gate", ...)))
    folder = write_model(tmp_path / "org--model", speech="Hello")

`vllm serve FOLDER --port N ...` then logs what the real one logs, serves `/health`, `/version`, `/v1/models`,
`/v1/chat/completions` at that port, and ends at SIGTERM. Without a plan it is ready at once.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

SCRIPT = """#!/bin/sh
cd {root} && exec {python} -S -m tests.fakes.vllm_process {plan} "$@"
"""
VERSION = "0.20.2"
SPEECH = "The stand-in answers in several words."


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the next servers behave.

    `steps` come before it serves: a text is a line of the log, `{"gate": name}` waits until `open_gate(name)`,
    `{"child": true}` starts an engine process as the real one does. `fails` then ends it with these last lines and
    code 1; `hangs` keeps it from ever serving. `ignores_term` keeps its memory after SIGTERM, `holds_mb` so much of it.
    `slow_answer_s` stands between two words. `drops` are options that this version does not know.
    """

    version: str = VERSION
    steps: tuple[Any, ...] = ()
    fails: tuple[str, ...] = ()
    hangs: bool = False
    ignores_term: bool = False
    holds_mb: int = 0
    drops: tuple[str, ...] = ()
    refuses_port: bool = False


def install_vllm(folder: Path, plan: Plan | None = None) -> Path:
    """Put an executable `vllm` into `folder`; another call with another plan changes what the next start does."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "vllm.plan.json"
    file.write_text(json.dumps(asdict(plan or Plan())))
    program = folder / "vllm"
    program.write_text(SCRIPT.format(root=Path(__file__).resolve().parents[2], python=sys.executable, plan=file))
    program.chmod(0o755)
    return program


def open_gate(folder: Path, name: str) -> None:
    """Let every server of this folder pass the gate."""
    (folder / f"{name}.gate").touch()


def write_model(
    folder: Path,
    *,
    speech: str = SPEECH,
    endless: bool = False,
    context: int = 4096,
    config: Mapping[str, Any] | None = None,
) -> Path:
    """A folder as a safetensors model lies in one; the stand-in reads in its config.json what it is to say."""
    folder.mkdir(parents=True, exist_ok=True)
    told = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "max_position_embeddings": context,
        "num_attention_heads": 8,
        "stand_in": {"speech": speech, "endless": endless},
        **(config or {}),
    }
    (folder / "config.json").write_text(json.dumps(told))
    (folder / "model.safetensors").write_bytes(b"\2\0\0\0\0\0\0\0{}")
    return folder
