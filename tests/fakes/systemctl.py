"""The stand-in behind `systemctl` and `journalctl`: keeps units in a file, and really starts and stops processes.

Runs as `python -I -S systemctl.py <state file> systemctl|journalctl <arguments>` with the standard library alone.
`tests/fakes/systemd.py` writes the file.
"""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SPECIFIER = re.compile("%(.)")
ESCAPED = re.compile(r"\\(.)")
"""glob(3) takes a sign after a backslash as it is, Python's takes one in brackets."""
POLKIT = "Failed to {verb} {unit}: Interactive authentication required.\nSee system logs for details."


def main() -> int:
    state_file, program, *arguments = sys.argv[1:]
    state = json.loads(Path(state_file).read_text())
    with Path(f"{state_file}.calls").open("a") as calls:
        calls.write(json.dumps([program, *arguments]) + "\n")
    scope = "user" if "--user" in arguments else "system"
    words = [argument for argument in arguments if not argument.startswith("-")]
    if program == "journalctl":
        return journal(state, arguments)
    verb, *names = words
    if verb in state["hangs"]:
        time.sleep(600)
    if scope in state["without_manager"]:
        sys.stderr.write("Failed to connect to bus: No medium found\n")
        return 1
    if verb == "show" and not names:
        sys.stdout.write("Version=252\n")
        return 0
    if verb == "daemon-reload":
        if scope == "user":
            read_units(state, state_file)
            keep(state, state_file)
        return 0
    unit = state["units"].get(f"{scope}:{names[0]}")
    if verb == "show":
        show(unit)
        return 0
    if scope in state["refuses"]:
        sys.stderr.write(POLKIT.format(verb=verb, unit=names[0]) + "\n")
        return 1
    if unit is None:
        sys.stderr.write(f"Failed to {verb} {names[0]}: Unit {names[0]} not found.\n")
        return 5
    if verb in ("stop", "restart"):
        stop(unit)
    if verb in ("start", "restart"):
        start(unit)
    keep(state, state_file)
    return 0


def keep(state: dict[str, Any], state_file: str) -> None:
    fresh = Path(f"{state_file}.{os.getpid()}")
    fresh.write_text(json.dumps(state))
    fresh.replace(state_file)


def read_units(state: dict[str, Any], state_file: str) -> None:
    """What lies in the user's own folder, as far as the tests write such files."""
    folder = Path(os.environ.get("XDG_CONFIG_HOME", "/nonexistent"), "systemd", "user")
    for file in folder.glob("*.service"):
        lines = [line.partition("=") for line in file.read_text().splitlines() if not line.startswith("#")]
        told = [(key, SPECIFIER.sub(specified, value).replace("$$", "$")) for key, _, value in lines]
        pairs = (shlex.split(value)[0].partition("=") for key, value in told if key == "Environment")
        unit = state["units"].setdefault(f"user:{file.name}", {"pid": 0, "started": 0.0, "stopped": True})
        unit.update(
            command=shlex.split(next(value for key, value in told if key == "ExecStart")),
            environment={name: value for name, _, value in pairs},
            user="",
            load_state="loaded",
            file=str(file),
            drop_ins=[],
            environment_files=[value for key, value in told if key == "EnvironmentFile"],
            journal=f"{state_file}.{file.name}.journal",
        )


def specified(found: re.Match[str]) -> str:
    """Nothing here has a value for one."""
    return "%" if found[1] == "%" else ""


def show(unit: dict[str, Any] | None) -> None:
    if unit is None:
        sys.stdout.write("LoadState=not-found\nActiveState=inactive\nSubState=dead\nMainPID=0\n")
        return
    pid = unit["pid"] if lives(unit["pid"]) else 0
    ended = unit["pid"] and not pid and not unit["stopped"]
    state, sub_state = ("active", "running") if pid else ("failed", "failed") if ended else ("inactive", "dead")
    told = {
        "LoadState": unit["load_state"],
        "ActiveState": state,
        "SubState": sub_state,
        "MainPID": pid,
        "ExecMainStartTimestampMonotonic": int(unit["started"] * 1e6),
        "Environment": " ".join(shlex.quote(f"{key}={value}") for key, value in unit["environment"].items()),
        "User": unit["user"],
        "FragmentPath": unit["file"],
        "DropInPaths": " ".join(unit["drop_ins"]),
        "NeedDaemonReload": "no",
        "Result": "exit-code" if ended else "success",
        "ExecMainCode": 1 if ended else 0,
        "ExecMainStatus": 1 if ended else 0,
    }
    sys.stdout.writelines(f"{key}={value}\n" for key, value in told.items())
    sys.stdout.writelines(f"EnvironmentFiles={name} (ignore_errors=yes)\n" for name in unit["environment_files"])


def start(unit: dict[str, Any]) -> None:
    if lives(unit["pid"]):
        return
    variables = {**unit["environment"], **told_by(unit["environment_files"])}
    with Path(unit["journal"]).open("ab") as output:
        process = subprocess.Popen(
            list(expanded(unit["command"], variables)),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={"PATH": os.environ["PATH"], **variables},
            start_new_session=True,
        )
    unit.update(pid=process.pid, started=time.monotonic(), stopped=False)


def told_by(patterns: list[str]) -> dict[str, str]:
    """EnvironmentFile= of systemd.exec(5): wildcards are expanded, and a missing file keeps the unit from starting."""
    files = [file for pattern in patterns for file in Path("/").glob(ESCAPED.sub(r"[\1]", pattern).removeprefix("/"))]
    if len(files) < len(patterns):
        sys.stderr.write(f"Failed to load environment files: {patterns}\n")
        sys.exit(1)
    pairs = [line.partition("=") for file in files for line in file.read_text().splitlines()]
    return {name: "".join(shlex.split(value)) for name, _, value in pairs}


def expanded(command: list[str], variables: dict[str, str]) -> Iterator[str]:
    """${NAME} becomes one word and $NAME as many as its value has (systemd.service(5)); $$ was undone on reading."""
    for word in command:
        if word.startswith("${"):
            yield variables.get(word[2:-1], "")
        elif word.startswith("$"):
            yield from shlex.split(variables.get(word[1:], ""))
        else:
            yield word


def stop(unit: dict[str, Any]) -> None:
    if lives(unit["pid"]):
        os.kill(unit["pid"], signal.SIGTERM)
    while lives(unit["pid"]):
        time.sleep(0.005)
    unit["stopped"] = True


def lives(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return pid > 0 and stat.rpartition(")")[2].split()[0] not in "ZX"


def journal(state: dict[str, Any], arguments: list[str]) -> int:
    if "journal" in state["hangs"]:
        time.sleep(600)
    named = next(argument for argument in arguments if argument.startswith(("--unit=", "--user-unit=")))
    option, _, name = named.partition("=")
    unit = state["units"].get(f"{'user' if option == '--user-unit' else 'system'}:{name}")
    if unit is not None and Path(unit["journal"]).exists():
        count = int(arguments[arguments.index("-n") + 1])
        for line in Path(unit["journal"]).read_text().splitlines()[-count:]:
            sys.stdout.write(f"2026-11-22T12:00:00+00:00 host ollama[{unit['pid']}]: {line}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
