"""Finds out whether an unpacked Ollama runs on this machine, before it is used."""

from pathlib import Path

from venom_desktop.core.errors import ProgramUnusable
from venom_desktop.core.runtimes.control.commands import CommandHangs, outcome_of

TITLE = "Ollama"
_WITHIN_S = 20.0
_NOWHERE = "127.0.0.1:1"
"""`--version` asks the server for its version too: it is not the server that is tried here."""


async def require_runs(program: Path, version: str) -> None:
    """Start it once with `--version`. Raises `ProgramUnusable`."""
    try:
        outcome = await outcome_of(
            [str(program), "--version"], within_s=_WITHIN_S, environment={"OLLAMA_HOST": _NOWHERE}
        )
    except OSError as error:
        raise _unusable(version, error.strerror or str(error)) from error
    except CommandHangs as error:
        raise _unusable(version, f"no answer within {_WITHIN_S:.0f} s") from error
    if outcome.code != 0:
        raise _unusable(version, outcome.why.rstrip("."))
    if "version" not in outcome.out:
        raise _unusable(version, "it tells no version")


def _unusable(version: str, problem: str) -> ProgramUnusable:
    return ProgramUnusable(runtime=TITLE, version=version, problem=problem)
