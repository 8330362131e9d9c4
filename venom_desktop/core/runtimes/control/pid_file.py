"""PID files with start times: what a killed guard leaves behind can be found again, and nothing else is touched."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from venom_desktop.core.runtimes.control.process_identity import is_same_process

SUFFIX = ".pid.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class PidRecord:
    """A server and its guard; `started` marks come from `process_identity`. `port` None is not known yet."""

    name: str
    pid: int
    started: str
    guard_pid: int
    guard_started: str
    port: int | None = None

    @property
    def server_lives(self) -> bool:
        return is_same_process(self.pid, self.started)

    @property
    def guard_lives(self) -> bool:
        return is_same_process(self.guard_pid, self.guard_started)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A server of ours that no program of ours looks after now."""

    pid_file: Path
    record: PidRecord


def write_record(path: Path, record: PidRecord) -> None:
    """Replace the file in one step; durability is not needed, a reboot ends every process in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    fresh.write_text(json.dumps(asdict(record)), "utf-8")
    fresh.replace(path)


def with_port(record: PidRecord, port: int) -> PidRecord:
    return replace(record, port=port)


def read_records(folder: Path) -> dict[Path, PidRecord | None]:
    """Every PID file of a folder; None for one that cannot be read."""
    return {path: _read(path) for path in sorted(folder.glob(f"*{SUFFIX}"))}


def _read(path: Path) -> PidRecord | None:
    try:
        content: Any = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return _parse(content) if isinstance(content, Mapping) else None


def _parse(content: Mapping[str, Any]) -> PidRecord | None:
    numbers = [content.get(key) for key in ("pid", "guard_pid")]
    texts = [content.get(key) for key in ("name", "started", "guard_started")]
    port = content.get("port")
    if not all(type(number) is int and number > 1 for number in numbers):
        return None
    if not all(isinstance(text, str) for text in texts) or not (port is None or type(port) is int):
        return None
    return PidRecord(
        name=content["name"],
        pid=content["pid"],
        started=content["started"],
        guard_pid=content["guard_pid"],
        guard_started=content["guard_started"],
        port=port,
    )
