"""Shows the systemd unit that makes a server a service of the account, and asks before it is written."""

from PySide6.QtWidgets import QWidget

from venom_desktop.core.runtimes.control.unit_file import UnitFile
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.runtime.file_dialog import FileDialog


class ServiceDialog(FileDialog):
    """`title` names the server; `running` says that one runs now."""

    def __init__(self, parent: QWidget, file: UnitFile, title: str, *, running: bool) -> None:
        kept = tr(
            "systemd keeps {runtime} from then on: it goes on when this program ends, until you log out.", runtime=title
        )
        again = tr("It is restarted now.") if running else tr("It is started now.")
        super().__init__(
            parent,
            tr("Run {runtime} as a service?", runtime=title),
            meaning=f"{kept} {again}",
            path=file.path,
            text=file.text,
            safe=tr("Leave it as it is"),
            action=tr("Install the service"),
        )
