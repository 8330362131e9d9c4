"""About: the version, where things are kept, and the licences of what the program stands on."""

from pathlib import Path

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from venom_desktop import __version__
from venom_desktop.core.resources import LICENCE, NOTICES, legal_text
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.links import open_folder
from venom_desktop.ui.settings.path_row import path_label
from venom_desktop.ui.settings.places import Places
from venom_desktop.ui.widgets import (
    Button,
    Label,
    Prose,
    SettingRow,
    SettingsPage,
    ToolButton,
    column,
    row,
    wrapped,
)


class VersionRow(SettingRow):
    def __init__(self) -> None:
        copy = ToolButton("copy", tr("Copy the version"), icon_size=16, on_click=self._copy)
        control = wrapped(row(Label(__version__, "mono", tone="text2"), copy, spacing=6))
        super().__init__(tr("Venom Desktop"), tr("Find, install, run, switch and watch AI models."), control)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(f"Venom Desktop {__version__}")
        self.show_result(tr("Copied to the clipboard."), "ok")


class FolderRow(SettingRow):
    def __init__(self, title: str, help_text: str, folder: Path) -> None:
        show = Button(tr("Open folder"), size="dense", on_click=lambda: open_folder(str(folder)))
        super().__init__(title, help_text, wrapped(row(path_label(str(folder)), show, spacing=10)))


class LegalRow(QWidget):
    """A title with a button that unfolds a text under it."""

    def __init__(self, title: str, help_text: str, name: str) -> None:
        super().__init__()
        self._name = name
        self.button = Button(tr("Show"), size="dense", on_click=self._turn)
        self.text = Prose(title, "body", leading_percent=130)
        self._place = wrapped(column(self.text, margins=(16, 4, 14, 14)))
        self._place.hide()
        self.setLayout(column(SettingRow(title, help_text, self.button), self._place, spacing=0))

    def _turn(self) -> None:
        shown = self._place.isHidden()
        if shown:
            self.text.show_markdown(_body(self._name))
        self._place.setVisible(shown)
        self.button.set_content(tr("Hide") if shown else tr("Show"))


class AboutPage(SettingsPage):
    def __init__(self, places: Places) -> None:
        super().__init__(tr("About"))
        self.licence = LegalRow(tr("Licence"), tr("MIT: use, change and pass it on as you like."), LICENCE)
        self.notices = LegalRow(tr("Third parties"), tr("Qt under the LGPL, llama.cpp under MIT, and others."), NOTICES)
        self.add_group("", VersionRow())
        self.add_group(
            tr("Folders"),
            FolderRow(tr("Settings"), tr("The choices made here."), places.config),
            FolderRow(tr("Log"), tr("What the program noted; keys are left out."), places.log),
        )
        self.add_group(tr("Licences"), self.licence, self.notices)


def _body(name: str) -> str:
    """A legal text without its own heading, which the row repeats."""
    text = legal_text(name) or tr("The text is not part of this installation.")
    first, _, rest = text.partition("\n")
    return rest if first.startswith("# ") else text
