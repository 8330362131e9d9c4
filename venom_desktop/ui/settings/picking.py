"""Asks for a folder or a file with the desktop's own dialog, without stopping the loop."""

import asyncio
from pathlib import Path
from typing import Protocol

from PySide6.QtWidgets import QFileDialog, QWidget


class Picker(Protocol):
    """None when the user chose nothing."""

    async def folder(self, parent: QWidget, title: str, start: Path) -> Path | None: ...

    async def file(self, parent: QWidget, title: str, start: Path) -> Path | None: ...


class DialogPicker:
    """The real one."""

    async def folder(self, parent: QWidget, title: str, start: Path) -> Path | None:
        dialog = QFileDialog(parent, title, str(start))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        return await _picked(dialog)

    async def file(self, parent: QWidget, title: str, start: Path) -> Path | None:
        dialog = QFileDialog(parent, title, str(start))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        return await _picked(dialog)


async def _picked(dialog: QFileDialog) -> Path | None:
    future: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

    def settle(path: str | None) -> None:
        if not future.done():
            future.set_result(path)

    dialog.fileSelected.connect(settle)
    dialog.rejected.connect(lambda: settle(None))
    # A parent that goes away takes the dialog along without an answer.
    dialog.destroyed.connect(lambda: settle(None))
    dialog.open()
    try:
        path = await future
    finally:
        dialog.deleteLater()
    return Path(path) if path else None
