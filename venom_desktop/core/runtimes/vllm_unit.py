"""What a systemd unit of vLLM is told to serve: a file of variables that it reads at its start, and how far it came."""

import asyncio
import shlex
import time
from pathlib import Path

from venom_desktop.core.errors import InvalidInput, RuntimeFailed
from venom_desktop.core.files import write_atomically
from venom_desktop.core.runtimes.control.systemd import Systemd
from venom_desktop.core.runtimes.control.unit import Unit
from venom_desktop.core.runtimes.load_progress import LoadProgress
from venom_desktop.core.runtimes.vllm_command import Command
from venom_desktop.core.runtimes.vllm_facts import TITLE
from venom_desktop.core.runtimes.vllm_progress import progress_of

FILE_NAME = "vllm.env"
READ_EVERY_S = 1.0


def variables(model_path: Path, command: Command, api_key: str) -> str:
    """An environment file as systemd.exec(5) reads it. Raises `InvalidInput` for what no line of it can hold.

    `VLLM_ARGUMENTS` are the options after the model; systemd splits them as a shell does.
    """
    options = command.arguments[command.arguments.index(str(model_path)) + 1 :]
    told = {
        "VLLM_MODEL_PATH": str(model_path),
        "VLLM_ARGUMENTS": shlex.join(options),
        **command.with_key(api_key).environment,
    }
    return "".join(f"{name}={_quoted(text)}\n" for name, text in told.items())


async def write_variables(file: Path, text: str) -> None:
    """For the eyes of this account alone: a key is in it. Raises `StorageFailed`, `DiskFull`."""
    await asyncio.to_thread(write_atomically, file, text.encode(), mode=0o600, keep_previous=False)


def serves_another(unit: Unit, wanted: Path, found: str | None) -> RuntimeFailed:
    """For a unit that the user wrote, which does not read our file."""
    what = f"it serves {found}" if found else "it serves another model"
    explanation = (
        f"The unit {unit.name} does not serve {wanted}: {what}. "
        f"Have it read {FILE_NAME} of this program's settings, or name another unit in Settings."
    )
    return RuntimeFailed(runtime=TITLE, explanation=explanation)


class UnitProgress:
    """Reads the journal of a unit that starts, once a second."""

    def __init__(self, systemd: Systemd) -> None:
        self.last: LoadProgress | None = None
        self._systemd = systemd
        self._read_at = 0.0
        self._lines: tuple[str, ...] = ()

    async def has_moved(self, unit: Unit) -> bool:
        """Whether it wrote anything since the last question; `last` is what it told of its load."""
        if time.monotonic() - self._read_at < READ_EVERY_S:
            return False
        self._read_at = time.monotonic()
        before, self._lines = self._lines, await self._systemd.journal(unit, of_this_start=True)
        told = (progress_of(line) for line in reversed(self._lines))
        self.last = next((progress for progress in told if progress is not None), self.last)
        return self._lines != before


def _quoted(text: str) -> str:
    if not text.isprintable():
        raise InvalidInput(problem=f"{text!r} holds a sign that a unit cannot carry. Move the model.")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("`", "\\`")
    return f'"{escaped}"'
