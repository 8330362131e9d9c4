"""Finds the files that ship with the program, in a checkout, a wheel and a bundle."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]
NOTICES = "THIRD_PARTY_NOTICES.md"
LICENCE = "LICENSE"


def resource(*parts: str) -> Path:
    """The path of a shipped file or folder; it may not exist."""
    installed = _PACKAGE / "_resources"
    folder = installed if installed.is_dir() else _PACKAGE.parent / "resources"
    return folder.joinpath(*parts)


def unit_template(name: str) -> Path:
    """The template of a systemd unit: beside the resources where they are installed, in packaging/ of a checkout."""
    installed = resource("systemd", name)
    return installed if installed.is_file() else _PACKAGE.parent / "packaging" / "systemd" / name


def legal_text(name: str) -> str | None:
    """`LICENCE` or `NOTICES`: beside the resources where they are installed, at the root of a checkout; else None."""
    for path in (resource(name), _PACKAGE.parent / name):
        if path.is_file():
            return path.read_text(encoding="utf-8")
    return None
