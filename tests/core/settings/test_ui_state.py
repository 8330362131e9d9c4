"""The window remembers where it stood, and forgets without fuss."""

from pathlib import Path

from venom_desktop.core.settings.ui_state import UiState


async def test_what_was_put_is_there_at_the_next_start(tmp_path: Path) -> None:
    state = UiState(tmp_path / "ui-state.json")
    assert state.get("catalog.splitter") is None
    state.put("catalog.splitter", [300, 388])
    await state.save()
    assert UiState(tmp_path / "ui-state.json").get("catalog.splitter") == [300, 388]


async def test_nothing_new_writes_nothing(tmp_path: Path) -> None:
    state = UiState(tmp_path / "ui-state.json")
    await state.save()
    assert list(tmp_path.iterdir()) == []


async def test_a_damaged_or_unreadable_file_is_an_empty_memory(tmp_path: Path) -> None:
    (tmp_path / "damaged.json").write_text("{")
    assert UiState(tmp_path / "damaged.json").get("window") is None
    (tmp_path / "folder.json").mkdir()
    assert UiState(tmp_path / "folder.json").get("window") is None
