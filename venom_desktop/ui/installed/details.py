"""The panel beside the list: what the selected model can do, its file, and the verbs on it."""

from PySide6.QtCore import QPoint
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QWidget

from venom_desktop.core.errors import FileDamaged
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.installed import words
from venom_desktop.ui.installed.foot import Foot
from venom_desktop.ui.installed.presenter import Row, State
from venom_desktop.ui.installed.verbs import Verb
from venom_desktop.ui.messages import show_error
from venom_desktop.ui.widgets import (
    Banner,
    Button,
    DetailsPanel,
    ElidedLabel,
    FactList,
    FlowLayout,
    Label,
    Pill,
    Tile,
    ToolButton,
    clear,
    column,
    flow,
    row,
    wrapped,
)
from venom_desktop.ui.widgets.buttons import ButtonKind
from venom_desktop.ui.widgets.pills import PillLook


class InstalledDetails(DetailsPanel):
    """Shows a `Row` and its `Foot`; tells which verb was pressed, and where the menu of all verbs is wanted."""

    verb_pressed = QtSignal(object)
    primary_pressed = QtSignal()
    cure_wanted = QtSignal(object)
    menu_wanted = QtSignal(QPoint)

    def __init__(self) -> None:
        super().__init__(tr("Details of the model"))
        self._row: Row | None = None
        self._pills_shown: list[PillLook] = []
        self._tile = Tile()
        self.name = Label("", "heading", wrap=True)
        self._second = ElidedLabel("", "small", tone="text2", middle=True)
        self._more = ToolButton("more", tr("More actions"), on_click=self._ask_for_menu)
        self.banner = Banner("cure", closable=True, stacked=True)
        self._pills = FlowLayout(6)
        self._source = Label("", "small", tone="text3", wrap=True)
        self._settings = Label("", "small", tone="text2", wrap=True)
        self.facts = FactList()
        self.edit = self._button(tr("Edit…"), Verb.CAPABILITIES, "quiet")
        self.load_settings = self._button(tr("Change…"), Verb.LOAD_SETTINGS, "quiet")
        self.load_settings.setAccessibleName(tr("Change the load settings…"))
        self.verify = self._button(tr("Verify"), Verb.VERIFY, icon="check")
        self.open_folder = self._button(tr("Open folder"), Verb.OPEN_FOLDER, icon="folder")
        self.remove = self._button(tr("Remove…"), Verb.REMOVE, "danger", icon="trash")
        self._note = Label("", "small", tone="text2", wrap=True)
        self.primary = Button("", "primary", size="large", on_click=self.primary_pressed.emit)
        self._fill()

    def show_row(self, shown: Row, foot: Foot, *, settings: str) -> None:
        """The whole panel; `settings` are the load settings in words."""
        before, self._row = self._row, shown
        if before is None or before.key != shown.key:
            self.banner.hide()
            self.area.verticalScrollBar().setValue(0)
        model = shown.model
        self._tile.show_name(model.display_name, model.name.rpartition("/")[0] or model.display_name)
        self.name.setText(model.display_name)
        self._second.setText(words.second_line(model))
        self._show_pills(words.capability_pills(shown.capabilities))
        self._source.setText(words.capability_source(model))
        self._settings.setText(settings)
        self.facts.show_facts(words.file_facts(shown))
        self._allow(shown)
        self._show_damage(shown)
        self._show_foot(foot)

    def show_failure(self, error: Exception) -> None:
        """A verb on this model that was refused."""
        show_error(self.banner, error, self.cure_wanted.emit)
        self.area.ensureWidgetVisible(self.banner)

    def show_advice(self, sentence: str, action: str, verb: Verb) -> None:
        """What follows from a change, with the verb that makes it count."""
        self.banner.show_kind("box")
        self.banner.tell(sentence, action, lambda: self._press_advice(verb))

    def _press_advice(self, verb: Verb) -> None:
        self.banner.hide()
        self.verb_pressed.emit(verb)

    def _fill(self) -> None:
        names = column(self.name, self._second, spacing=2)
        pills = QWidget()
        pills.setLayout(self._pills)
        left = flow(self.verify, self.open_folder)
        notice = wrapped(column(self.banner, margins=(0, 4, 0, 10)))
        sections: list[QWidget | int] = [
            *(wrapped(row(self._tile, (names, 1), self._more, spacing=12)), 8, notice),
            *(_headed(tr("Capabilities"), self.edit), 6, pills, 4, self._source, 16),
            *(_headed(tr("Load settings"), self.load_settings), 2, self._settings, 18),
            *(Label(tr("File"), "strong"), 8, self.facts, 12),
            wrapped(row((left, 1), wrapped(column(self.remove, None)), spacing=8)),
        ]
        for section in sections:
            if isinstance(section, int):
                self.body.addSpacing(section)
            else:
                self.body.addWidget(section)
        self.body.addStretch(1)
        self.foot.setSpacing(8)
        self.foot.addWidget(self._note)
        self.foot.addWidget(self.primary)

    def _show_pills(self, looks: list[PillLook]) -> None:
        if looks == self._pills_shown:
            return
        self._pills_shown = looks
        clear(self._pills)
        for look in looks:
            self._pills.addWidget(Pill(look))

    def _allow(self, shown: Row) -> None:
        busy = tr("Another operation on this model is not finished.") if shown.operation is not None else ""
        gone = tr("Its file is no longer where it was.") if shown.state is State.FILE_MISSING else ""
        unchecked = "" if shown.model.checksums else tr("The publisher gives no checksum to compare with.")
        _allow(self.verify, busy or gone or unchecked)
        _allow(self.open_folder, "" if words.folder_of(shown.model) else tr("Its folder is not known."))
        _allow(self.remove, busy)

    def _show_damage(self, shown: Row) -> None:
        if shown.state is State.CHECKSUM_DIFFERS and self.banner.isHidden() and shown.model.local_path is not None:
            self.show_failure(FileDamaged(file_name=shown.model.local_path.name))

    def _show_foot(self, foot: Foot) -> None:
        self._note.setText(foot.note)
        self._note.setVisible(bool(foot.note))
        self.primary.set_kind(foot.kind)
        self.primary.set_content(foot.text, foot.icon)
        _allow(self.primary, foot.forbidden)

    def _ask_for_menu(self) -> None:
        self.menu_wanted.emit(self._more.mapToGlobal(self._more.rect().bottomLeft()))

    def _button(self, text: str, verb: Verb, kind: ButtonKind = "default", *, icon: str | None = None) -> Button:
        button = Button(text, kind, icon=icon, size="dense")
        button.clicked.connect(lambda: self.verb_pressed.emit(verb))
        return button


def _headed(title: str, button: Button) -> QWidget:
    return wrapped(row(Label(title, "strong"), None, button))


def _allow(button: Button, reason: str) -> None:
    if reason:
        button.forbid(reason)
    else:
        button.allow()
