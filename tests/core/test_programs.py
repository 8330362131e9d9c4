"""Our own child programs are called the same way from a checkout and from a frozen bundle."""

import sys

import pytest

from venom_desktop.core.programs import own_program, run_as_own_program


def test_a_checkout_runs_the_module_with_its_python() -> None:
    assert own_program("venom_desktop.core.programs", "--x") == [
        sys.executable,
        "-m",
        "venom_desktop.core.programs",
        "--x",
    ]


def test_a_frozen_bundle_calls_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert own_program("venom_desktop.core.programs") == [sys.executable, "--run-module", "venom_desktop.core.programs"]


@pytest.mark.parametrize(
    "arguments", [["app"], ["app", "--run-module"], ["app", "--run-module", "os"], ["app", "x.gguf"]]
)
def test_other_command_lines_are_left_alone(arguments: list[str]) -> None:
    assert not run_as_own_program(arguments)


def test_one_of_our_modules_is_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["app"])
    # A fresh program has not imported it; runpy warns where somebody has.
    monkeypatch.delitem(sys.modules, "venom_desktop.core.resources", raising=False)
    assert run_as_own_program(["app", "--run-module", "venom_desktop.core.resources", "word"])
    assert sys.argv[1:] == ["word"]
