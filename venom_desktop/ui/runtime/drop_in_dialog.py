"""Shows the file that a systemd unit lacks, and asks before it is written."""

from PySide6.QtWidgets import QWidget

from venom_desktop.core.runtimes.control.drop_in import DropIn
from venom_desktop.core.settings.schema import UnitScope
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.runtime.file_dialog import FileDialog


class DropInDialog(FileDialog):
    """A unit of the user's own is written from here; one of the system by a command that is offered instead."""

    def __init__(self, parent: QWidget, drop_in: DropIn) -> None:
        self.writes = drop_in.scope is UnitScope.USER
        super().__init__(
            parent,
            tr("Write a file for {unit}?", unit=drop_in.unit)
            if self.writes
            else tr("Settings for {unit}", unit=drop_in.unit),
            meaning=_meaning(writes=self.writes),
            path=drop_in.path,
            text=drop_in.text,
            safe=tr("Leave the unit alone"),
            action=tr("Write and restart") if self.writes else tr("Copy the command"),
        )


def _meaning(*, writes: bool) -> str:
    if writes:
        return tr("The unit takes these settings from it at every start. Remove the file to go back.")
    return tr(
        "The unit belongs to the system, so an administrator has to write this file. "
        "The command does it in a terminal and restarts the unit."
    )
