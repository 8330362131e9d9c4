"""Shows the systemd unit that makes a server a service of the account, and asks before it is written."""

from PySide6.QtWidgets import QWidget

from venom_desktop.core.runtimes.base import RuntimeState
from venom_desktop.core.runtimes.control.unit_file import UnitFile
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.runtime.card_facts import CardFacts
from venom_desktop.ui.runtime.file_dialog import FileDialog
from venom_desktop.ui.runtime.prompt_words import short_name


class ServiceDialog(FileDialog):
    """`known` is what the card of the server knows."""

    def __init__(self, parent: QWidget, file: UnitFile, known: CardFacts) -> None:
        title = known.snapshot.title
        kept = tr(
            "systemd keeps {runtime} from then on: it goes on when this program ends, until you log out.", runtime=title
        )
        super().__init__(
            parent,
            tr("Run {runtime} as a service?", runtime=title),
            meaning=f"{kept} {_what_follows(known)}",
            path=file.path,
            text=file.text,
            safe=tr("Leave it as it is"),
            action=tr("Install the service"),
        )


def _what_follows(known: CardFacts) -> str:
    """A server of one model per process starts with a model, or not at all."""
    if known.snapshot.state is RuntimeState.RUNNING:
        return tr("It is restarted now.")
    if known.server is not None:
        return tr("It is started now.")
    if known.last_model is not None:
        return tr("{name} is activated on it now.", name=short_name(known.last_model))
    return tr("It is not started now: it serves one model, and none was activated on it yet.")
