"""The choice of a profile: three rows, each with what it means."""

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QButtonGroup, QRadioButton, QWidget

from venom_desktop.core.settings.schema import OllamaProfile
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.runtime.tuning_words import profile_words
from venom_desktop.ui.widgets import Label, SettingsBox, column, pill, row


class ProfileRow(QWidget):
    """A click anywhere in the row chooses it."""

    def __init__(self, profile: OllamaProfile) -> None:
        super().__init__()
        words = profile_words(profile)
        self.radio = QRadioButton()
        self.radio.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.radio.setAccessibleName(f"{words.title}: {words.meaning}")
        meaning = Label(words.meaning, "small", tone="text2", wrap=True)
        head = row(Label(words.title, "medium"), Label(profile.value, "small", tone="text3"), None, spacing=8)
        text = column(None, head, meaning, None, spacing=2)
        self.setLayout(row(self.radio, (text, 1), spacing=10, margins=(16, 6, 14, 6)))
        self.setMinimumHeight(58)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.radio.isEnabled() and event.button() is Qt.MouseButton.LeftButton:
            self.radio.setChecked(True)


class ProfileBox(SettingsBox):
    """`chosen(OllamaProfile)` tells a choice of the user; `locked_by` names the variable that made it already."""

    chosen = QtSignal(object)

    def __init__(self, locked_by: str | None = None) -> None:
        self.rows: Mapping[OllamaProfile, ProfileRow] = {profile: ProfileRow(profile) for profile in OllamaProfile}
        super().__init__(*self.rows.values())
        self._group = QButtonGroup(self)
        for profile, shown in self.rows.items():
            self._group.addButton(shown.radio)
            shown.radio.toggled.connect(lambda on, profile=profile: self._tell(profile, on=on))
            shown.radio.setEnabled(locked_by is None)
        self._shown: OllamaProfile | None = None
        if locked_by is not None:
            look = pill(tr("From {variable}", variable=locked_by), "lock", tip=tr("Set by the environment"))
            self.add(_locked_row(look))

    def show_profile(self, profile: OllamaProfile) -> None:
        self._shown = profile
        self.rows[profile].radio.setChecked(True)

    def _tell(self, profile: OllamaProfile, *, on: bool) -> None:
        if on and profile is not self._shown:
            self._shown = profile
            self.chosen.emit(profile)


def _locked_row(look: QWidget) -> QWidget:
    """Why nothing can be chosen."""
    holder = QWidget()
    words = Label(tr("Set by the environment, so it cannot be changed here."), "small", tone="text2", wrap=True)
    holder.setLayout(row((words, 1), look, spacing=16, margins=(16, 10, 14, 10)))
    return holder
