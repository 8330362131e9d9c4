"""Runs every bench in a process of its own, prints its rows, and renews the table in docs/performance.md."""

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import psutil

from bench.rows import BARS, Outcome, read_rows, table, with_table

MODULES: Final = (
    "start",
    "responsiveness",
    "tabs",
    "ui_catalog",
    "tray",
    "catalog_filter",
    "catalog_down",
    "ollama_library",
    "ollama",
    "manifest",
    "download",
    "gateway",
    "switch",
    "fit",
)
ROOT: Final = Path(__file__).resolve().parents[1]
DOCUMENT: Final = ROOT / "docs" / "performance.md"
LONGEST_S: Final = 900


def main() -> int:
    """The exit status is 1 when a bench failed; a bar that was missed is told and fails nothing."""
    outcomes = [_run(module) for module in MODULES]
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(with_table(text, table(outcomes, when=datetime.now(UTC), machine=_machine())), "utf-8")
    for outcome in outcomes:
        for row in outcome.rows:
            bar = BARS.get(row.name)
            if bar is not None and not bar.is_met(row.value):
                print(f"missed: {row.name} {row.value:g} {row.unit}, bar {bar}")
    return 1 if any(outcome.failed for outcome in outcomes) else 0


def _run(module: str) -> Outcome:
    print(f"# {module}", flush=True)
    command = [sys.executable, "-m", f"bench.{module}"]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        print(f"{module} did not end within {LONGEST_S} s", file=sys.stderr)
        return Outcome(module=module, failed=True)
    print(done.stdout, end="", flush=True)
    if done.returncode:
        print(done.stderr, file=sys.stderr)
    return Outcome(module=module, rows=read_rows(done.stdout), failed=done.returncode != 0)


def _machine() -> str:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory_gb = psutil.virtual_memory().total / 1e9
    system = platform.system()
    if system == "Linux":
        system = platform.freedesktop_os_release().get("PRETTY_NAME", system)
    python = platform.python_version()
    waiting = os.getloadavg()[0]
    return (
        f"{cores} cores, {memory_gb:.0f} GB of memory, {system}, Python {python}, load average {waiting:.1f} at the end"
    )


if __name__ == "__main__":
    sys.exit(main())
