"""Writes the table of settings and environment for the README, so that it cannot differ from the code."""

import sys
from enum import Enum
from pathlib import Path

from venom_desktop.core.settings.schema import SETTINGS, Setting, to_json

BEGIN = "<!-- settings table: written by python -m venom_desktop.core.settings.documentation README.md -->"
END = "<!-- end of settings table -->"

ENVIRONMENT_ONLY: tuple[tuple[str, str], ...] = (
    ("VENOM_HOME", "One folder for everything: settings, data, models, cache, logs"),
    ("HF_TOKEN", "Hugging Face token; wins over the one in the keyring, which Settings manages"),
)
"""Variables that no setting mirrors, with their meaning."""


def table() -> str:
    """The Markdown table between its markers."""
    rows = [
        "| Setting | Environment variable, which wins | Default | Meaning |",
        "|---|---|---|---|",
        *(_row(setting) for setting in SETTINGS.values()),
        *(f"| – | `{variable}` | – | {meaning} |" for variable, meaning in ENVIRONMENT_ONLY),
    ]
    return "\n".join((BEGIN, *rows, END))


def with_table(text: str) -> str:
    """`text` with the table between its markers renewed. Raises `ValueError` where the markers are missing."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the markers of the settings table are missing")
    return f"{before}{table()}{after}"


def _row(setting: Setting) -> str:
    variable = f"`{setting.about.variable}`" if setting.about.variable else "–"
    return f"| `{setting.key}` | {variable} | {_shown(setting.default)} | {setting.about.meaning} |"


def _shown(value: object) -> str:
    match value:
        case None | ():
            return "none"
        case bool():
            return f"`{str(value).lower()}`"
        case Enum():
            return f"`{value.value}`"
        case _:
            return f"`{to_json(value)}`"


if __name__ == "__main__":
    readme = Path(sys.argv[1])
    readme.write_text(with_table(readme.read_text(encoding="utf-8")), encoding="utf-8")
