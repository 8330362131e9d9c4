"""The small commands: what they do, and how they say it to people and to programs."""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from venom_desktop.api.payloads import Json
from venom_desktop.app.desk import Desk, open_desk
from venom_desktop.core.registry.quota import size_text

DONE, FAILED, INTERRUPTED = 0, 1, 130
LOOK_EVERY_S = 0.25
_BUSY = ("pending", "in_progress")


async def list_models(given: argparse.Namespace) -> int:
    async with open_desk(command="venom-desktop list") as desk:
        installed = await desk.installed()
    if given.json:
        say(json.dumps(installed, ensure_ascii=False))
        return DONE
    lines = in_columns([_row(model) for model in installed["models"]])
    say("\n".join(lines) or "Nothing is installed. Install a model with: venom-desktop install org/name")
    return DONE


async def install(given: argparse.Namespace) -> int:
    """A paused install of the same model goes on where it stopped."""
    async with open_desk(command="venom-desktop install") as desk:
        operation_id = await _paused_install(desk, given.name, given.runtime)
        if operation_id is None:
            provider = given.provider or likely_provider(given.name)
            operation_id = await desk.install(given.name, provider, given.runtime)
        else:
            await desk.resume(operation_id)
        operation = await follow(desk, operation_id, quiet=given.json)
    return end(operation, done=f"{operation['model_name']} is installed", as_json=given.json)


async def activate(given: argparse.Namespace) -> int:
    async with open_desk(command="venom-desktop activate") as desk:
        answer = await desk.activate(given.name, given.runtime, confirm=given.yes)
    say(json.dumps(answer, ensure_ascii=False) if given.json else answer["message"])
    return DONE


async def remove(given: argparse.Namespace) -> int:
    async with open_desk(command="venom-desktop remove") as desk:
        operation = await follow(desk, await desk.remove(given.name, given.runtime, confirm=given.yes), quiet=True)
    return end(operation, done=f"{given.name} is removed", as_json=given.json)


async def profile(given: argparse.Namespace) -> int:
    """Without a name it only says which one is in use."""
    async with open_desk(command="venom-desktop profile") as desk:
        if given.name is None:
            answer = await desk.profile()
        else:
            answer = await desk.change_profile(given.name, confirm=given.yes)
    offered = ", ".join(answer["runtimes"]) or "no runtime on this computer"
    say(json.dumps(answer, ensure_ascii=False) if given.json else f"{answer['profile']}: {offered}")
    return DONE


def in_columns(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """A line for each row, its cells below each other."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def likely_provider(name: str) -> str:
    """`org/repo` is of Hugging Face, `llama3:8b` and `hf.co/org/repo` are Ollama's; `user/model` has to be told."""
    return "huggingface" if name.count("/") == 1 else "ollama"


async def _paused_install(desk: Desk, name: str, runtime: str | None) -> str | None:
    for operation in await desk.operations():
        same = operation["model_name"] == name or operation["model_name"].startswith(f"{name}:")
        kind = (operation["operation_type"], operation["status"])
        if same and kind == ("install", "paused") and runtime in (None, operation["runtime"]):
            return str(operation["operation_id"])
    return None


async def follow(desk: Desk, operation_id: str, *, quiet: bool) -> Json:
    """Until it rests; Ctrl+C pauses what can be paused and gives an import up, and then waits for that."""
    line = _Line(sys.stderr, quiet=quiet)
    interrupted = asyncio.Event()
    with _interrupt_calls(interrupted.set):
        while True:
            operation = await desk.operation(operation_id)
            line.show(operation)
            if operation["status"] not in _BUSY:
                line.end()
                return operation
            try:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await interrupted.wait()
            except TimeoutError:
                continue
            interrupted.clear()
            if operation["can_pause"]:
                await desk.pause(operation_id)
            elif operation["operation_type"] == "import" and operation["can_cancel"]:
                await desk.cancel(operation_id)


def end(operation: Json, *, done: str, as_json: bool) -> int:
    status = operation["status"]
    if as_json:
        say(json.dumps({"success": status == "completed", "operation": operation}, ensure_ascii=False))
    elif status == "completed":
        say(done)
    elif status == "paused":
        say("Paused. The same command goes on where it stopped.")
    else:
        sys.stderr.write(f"{operation['error'] or 'It was cancelled.'}\n")
    return {"completed": DONE, "paused": INTERRUPTED}.get(status, FAILED)


class _Line:
    """One line that is written over on a terminal; elsewhere a line for each new message."""

    def __init__(self, stream: TextIO, *, quiet: bool) -> None:
        self._stream = stream
        self._quiet = quiet
        self._rewrites = stream.isatty()
        self._last = ""

    def show(self, operation: Json) -> None:
        text = _progress(operation) if self._rewrites else operation["message"]
        if self._quiet or not text or text == self._last:
            return
        self._stream.write(f"\r\x1b[K{text}" if self._rewrites else f"{text}\n")
        self._stream.flush()
        self._last = text

    def end(self) -> None:
        if self._last and self._rewrites:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


def _progress(operation: Json) -> str:
    """`42 %  2.1 GB of 4.9 GB  38.0 MB/s  74 s left  Downloading a.gguf`, as far as it is known."""
    done, total, speed, left = (operation[name] for name in ("done_bytes", "total_bytes", "bytes_per_s", "eta_s"))
    parts = [
        None if operation["progress"] is None else f"{operation['progress']:.0f}\u00a0%",
        None if done is None or total is None else f"{size_text(done)} of {size_text(total)}",
        None if not speed else f"{size_text(round(speed))}/s",
        None if left is None else f"{left:.0f}\u00a0s left",
        operation["message"],
    ]
    return "  ".join(part for part in parts if part)


def _row(model: Json) -> tuple[str, str, str, str]:
    size = "" if model["size_bytes"] is None else size_text(model["size_bytes"])
    state = "active" if model["active"] else ("" if model["status"] == "installed" else str(model["status"]))
    return model["name"], model["runtime"], size, state


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@contextmanager
def _interrupt_calls(act: Callable[[], None]) -> Iterator[None]:
    if sys.platform == "win32":
        yield
        return
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, act)
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
