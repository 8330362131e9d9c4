"""Reads the package as syntax trees, for the rules that no linter knows."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "venom_desktop"


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def modules(*under: str) -> list[Path]:
    """The Python files of the package, or of one part of it."""
    return sorted(PACKAGE.joinpath(*under).rglob("*.py"))


def place(path: Path, node: ast.AST) -> str:
    """`ui/theme.py:12`, for a failure that can be clicked."""
    return f"{path.relative_to(PACKAGE).as_posix()}:{getattr(node, 'lineno', 0)}"


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call with the last part of the called name: `self.view.setStyleSheet(...)` gives `setStyleSheet`."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield node.func.attr, node
            elif isinstance(node.func, ast.Name):
                yield node.func.id, node


def imports(path: Path) -> Iterator[tuple[str, ast.AST]]:
    """Every module that is imported, at the top or inside a function, as a dotted name."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module, node
