"""Command lines for our own child processes, the same from a checkout, a wheel and a frozen bundle."""

import runpy
import sys
from collections.abc import Sequence

MODULE_FLAG = "--run-module"
_OURS = "venom_desktop."


def own_program(module: str, *arguments: str) -> list[str]:
    """The command that runs one of our modules as a program of its own.

    A frozen bundle has no Python to call with `-m`: it calls itself, and `run_as_own_program` takes over.
    """
    if getattr(sys, "frozen", False):
        return [sys.executable, MODULE_FLAG, module, *arguments]
    return [sys.executable, "-m", module, *arguments]


def own_window(*arguments: str) -> list[str]:
    """The command that starts this very program's window, wherever it is installed."""
    if getattr(sys, "frozen", False):
        return [sys.executable, *arguments]
    return [sys.executable, "-m", "venom_desktop", *arguments]


def run_as_own_program(arguments: Sequence[str]) -> bool:
    """Run the module that `own_program` named; False when the command line is not such a call (`arguments` as argv)."""
    if len(arguments) < 3 or arguments[1] != MODULE_FLAG or not arguments[2].startswith(_OURS):
        return False
    sys.argv = [arguments[2], *arguments[3:]]
    runpy.run_module(arguments[2], run_name="__main__", alter_sys=True)
    return True
