"""The package and all of core work where there is no Qt and no web framework."""

import importlib.util
import subprocess
import sys

import pytest

from tests.architecture.tree import ROOT, modules

_IMPORT_ALL = """
import importlib, sys
for name in sys.argv[2:]:
    importlib.import_module(name)
unwanted = set(sys.argv[1].split(",")) & {name.partition(".")[0] for name in sys.modules}
raise SystemExit(f"imported: {sorted(unwanted)}" if unwanted else 0)
"""
_QT = ("PySide6", "shiboken6", "qasync")
_WEB = ("fastapi", "starlette", "uvicorn", "aiohttp", "websockets")
_HEAVY = ("huggingface_hub", "feedparser", "bs4", "keyring", "genai_prices", "numpy", "xllamacpp")


def _imported(names: list[str], unwanted: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _IMPORT_ALL, ",".join(unwanted), *names]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def _name(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@pytest.mark.parametrize("door", ["venom_desktop", "venom_desktop.app.cli"])
def test_a_door_for_scripts_imports_no_qt_no_web_framework_and_nothing_heavy(door: str) -> None:
    if importlib.util.find_spec(door) is None:
        pytest.skip("There is no command line yet")
    result = _imported([door], _QT + _WEB + _HEAVY)
    assert result.returncode == 0, result.stderr


def test_no_module_of_core_imports_qt_or_a_web_framework() -> None:
    names = [_name(path.relative_to(ROOT).as_posix()) for path in modules("core")]
    assert len(names) > 20
    result = _imported(["venom_desktop", *names], _QT + _WEB + _HEAVY)
    assert result.returncode == 0, result.stderr
