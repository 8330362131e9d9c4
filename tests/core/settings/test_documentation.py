"""The README says what the code does."""

from pathlib import Path

import pytest

from venom_desktop.core.settings.documentation import BEGIN, END, table, with_table
from venom_desktop.core.settings.schema import SETTINGS


def test_the_table_has_a_row_for_every_setting_and_its_variable() -> None:
    text = table()
    for key, setting in SETTINGS.items():
        assert f"| `{key}` |" in text
        assert setting.about.variable is None or f"`{setting.about.variable}`" in text
    assert "`VENOM_HOME`" in text
    assert "`HF_TOKEN`" in text


def test_only_the_text_between_the_markers_changes() -> None:
    assert with_table(f"before\n{BEGIN}\nold\n{END}\nafter") == f"before\n{table()}\nafter"
    with pytest.raises(ValueError, match="markers"):
        with_table("no markers")


def test_the_readme_holds_the_table() -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
    assert table() in readme, "run python -m venom_desktop.core.settings.documentation README.md"
