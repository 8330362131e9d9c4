"""Asks for newer versions: the button above the table, what was found, and the line that fetches them all."""

from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QWidget

from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.registry.updates import Updates, UpdateStatus
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.installed.update_words import found_tip, found_words, several_words
from venom_desktop.ui.widgets import Banner, Button, Label, ToolButton, row


class UpdateBar(QWidget):
    """`wanted` when the button is pressed. Where room is short the button is an icon."""

    wanted = QtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.found = Label("", tone="text2")
        self.check = Button(tr("Check for updates"), "quiet", icon="update", on_click=self.wanted.emit)
        self.tool = ToolButton("update", tr("Check for updates"), on_click=self.wanted.emit)
        self.tool.hide()
        self.setLayout(row(None, self.found, self.check, self.tool))

    def set_narrow(self, narrow: bool) -> None:
        self.check.setVisible(not narrow)
        self.tool.setVisible(narrow)

    def show_found(self, updates: Updates, *, checking: bool, asks: bool) -> None:
        """`asks` False: nothing here came from a registry that could be asked."""
        self.found.setText(tr("Checking…") if checking else found_words(updates))
        self.found.setToolTip("" if checking else found_tip(updates))
        reason = ""
        if checking:
            reason = tr("The registries are being asked.")
        elif not asks:
            reason = tr("No model here came from a registry that tells of newer versions.")
        for button in (self.check, self.tool):
            button.setEnabled(not reason)
            button.setToolTip(reason or tr("Check for updates"))


class UpdateAll(Banner):
    """Tells of several updates at once; whoever closes it hears again when others come."""

    pressed = QtSignal()

    def __init__(self) -> None:
        super().__init__("box", icon="update")
        self._told: frozenset[ModelKey] = frozenset()

    def show_updates(self, updates: Updates, ready: frozenset[ModelKey]) -> None:
        """`ready` are those that can be fetched now."""
        keys = frozenset(key for key in ready if updates[key].status is UpdateStatus.AVAILABLE)
        if keys == self._told:
            return
        self._told = keys
        if len(keys) < 2:
            self.hide()
            return
        offered = {key: state for key, state in updates.items() if key in keys}
        self.tell(several_words(offered), tr("Update all"), self.pressed.emit)
