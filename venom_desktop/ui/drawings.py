"""Reads our SVG drawings and gives them a colour; knows nothing of the theme in use."""

from functools import lru_cache
from pathlib import Path
from typing import Final

from venom_desktop.core.resources import resource
from venom_desktop.ui.theme_tokens import DARK, LIGHT

_SHEET_PICTURES: Final = ("down", "up", "check", "right")


@lru_cache(maxsize=128)
def _source(name: str) -> str:
    return resource("icons", f"{name}.svg").read_text(encoding="utf-8")


def svg(name: str, color: str) -> bytes:
    """The drawing `name` in one colour (`#RRGGBB`). Raises `FileNotFoundError` for an unknown name."""
    return _source(name).replace("currentColor", color).encode()


def write_tinted(folder: Path) -> None:
    """Write the pictures that the style sheet names, once per theme: `light/`, `dark/` and `on/`."""
    for theme, tokens in (("light", LIGHT), ("dark", DARK)):
        for name in _SHEET_PICTURES:
            _write(folder / theme / f"{name}.svg", svg(name, tokens["text2"]))
    bold = svg("check", LIGHT["on_accent"]).replace(b'stroke-width="1.5"', b'stroke-width="2.4"')
    _write(folder / "on" / "check.svg", bold)


def _write(path: Path, content: bytes) -> None:
    if path.is_file() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
