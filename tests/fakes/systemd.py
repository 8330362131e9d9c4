"""A systemd of the tests: `systemctl` and `journalctl` to put on PATH, over units that really run."""

import contextlib
import json
import os
import shlex
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_name("systemctl.py")


class FakeSystemd:
    """`folder` belongs on PATH, before the system's own programs."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "systemd-bin"
        self.folder.mkdir(parents=True)
        self._root = root
        self._state = root / "systemd.json"
        self._write({"units": {}, "refuses": [], "hangs": [], "without_manager": []})
        for name in ("systemctl", "journalctl"):
            command = shlex.join([sys.executable, "-I", "-S", str(SCRIPT), str(self._state), name])
            program = self.folder / name
            program.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
            program.chmod(0o755)

    def add(
        self,
        name: str,
        command: Sequence[str],
        *,
        scope: str = "system",
        environment: Mapping[str, str] | None = None,
        user: str = "",
        load_state: str = "loaded",
    ) -> Path:
        """A unit that does not run; returns its file."""
        file = self._root / f"{scope}-{name}"
        file.write_text(f"[Service]\nExecStart={shlex.join(command)}\n")
        # Files of a unit are older than its start.
        os.utime(file, (1, 1))
        self._change(
            name,
            scope,
            command=list(command),
            environment=dict(environment or {}),
            user=user,
            load_state=load_state,
            file=str(file),
            drop_ins=[],
            environment_files=[],
            journal=str(self._root / f"{scope}-{name}.journal"),
            pid=0,
            started=0.0,
            stopped=True,
        )
        return file

    def set(self, name: str, scope: str = "system", **facts: Any) -> None:
        self._change(name, scope, **facts)

    def refuse(self, scope: str = "system") -> None:
        """Like polkit without an agent."""
        self._note("refuses", scope)

    def hang(self, *verbs: str) -> None:
        for verb in verbs:
            self._note("hangs", verb)

    def take_manager(self, scope: str) -> None:
        self._note("without_manager", scope)

    def calls(self) -> list[list[str]]:
        """Every call so far: program and arguments."""
        path = Path(f"{self._state}.calls")
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def pid(self, name: str, scope: str = "system") -> int:
        return int(self._read()["units"][f"{scope}:{name}"]["pid"])

    def end(self) -> None:
        """Kill what still runs."""
        for unit in self._read()["units"].values():
            if unit["pid"]:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(unit["pid"], signal.SIGKILL)

    def _change(self, name: str, scope: str, **facts: Any) -> None:
        state = self._read()
        state["units"].setdefault(f"{scope}:{name}", {}).update(facts)
        self._write(state)

    def _note(self, key: str, word: str) -> None:
        state = self._read()
        state[key].append(word)
        self._write(state)

    def _read(self) -> dict[str, Any]:
        state: dict[str, Any] = json.loads(self._state.read_text())
        return state

    def _write(self, state: dict[str, Any]) -> None:
        self._state.write_text(json.dumps(state))
