"""The panel beside the list: what the selected model can do, its file, and the verbs on it."""

from PySide6.QtCore import QPoint
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QWidget

from venom_desktop.core.errors import FileDamaged
from venom_desktop.core.registry.names import is_remote
from venom_desktop.ui.catalog.words import architecture_doubt
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.installed import words
from venom_desktop.ui.installed.file_facts import file_facts, folder_of, second_line
from venom_desktop.ui.installed.foot import Foot
from venom_desktop.ui.installed.presenter import Row
from venom_desktop.ui.installed.states import State
from venom_desktop.ui.installed.update_box import UpdateBox
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
        self.update_box = UpdateBox()
        self.update_box.pressed.connect(lambda: self.verb_pressed.emit(Verb.UPDATE))
        self.copy = self._button(tr("Copy…"), Verb.COPY, icon="copy")
        self.rename = self._button(tr("Rename…"), Verb.RENAME)
        self.verify = self._button(tr("Verify"), Verb.VERIFY, icon="check")
        self.open_folder = self._button(tr("Open folder"), Verb.OPEN_FOLDER, icon="folder")
        self.remove = self._button(tr("Remove…"), Verb.REMOVE, "danger", icon="trash")
        self._note = Label("", "small", tone="text2", wrap=True)
        self.primary = Button("", "primary", size="large", on_click=self.primary_pressed.emit)
        self._fill()

    @property
    def capability_source(self) -> str:
        """Who told the capabilities, and what may stand in the model's way."""
        return self._source.text()

    @property
    def offers_unload(self) -> bool:
        """True for one that is in memory beside the active one."""
        shown = self._row
        return shown is not None and shown.loaded and shown.store is not None and shown.state is not State.ACTIVE

    def show_row(self, shown: Row, foot: Foot, *, settings: str, runtime: str) -> None:
        """The whole panel; `settings` are the load settings in words, `runtime` is its title."""
        before, self._row = self._row, shown
        if before is None or before.key != shown.key:
            self.banner.hide()
            self.area.verticalScrollBar().setValue(0)
        model = shown.model
        self._tile.show_name(model.display_name, model.name.rpartition("/")[0] or model.display_name)
        self.name.setText(model.display_name)
        self._second.setText(second_line(model))
        self._show_pills(words.capability_pills(shown.capabilities))
        doubt = architecture_doubt(model.model_class, needs_own_code=model.needs_own_code)
        self._source.setText(" ".join(part for part in (words.capability_source(shown, runtime), doubt) if part))
        self._settings.setText(settings)
        self.facts.show_facts(file_facts(shown, runtime))
        self._allow(shown, runtime)
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
        left = flow(self.verify, self.copy, self.rename, self.open_folder)
        notice = wrapped(column(self.update_box, self.banner, margins=(0, 4, 0, 10)))
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

    def _allow(self, shown: Row, runtime: str) -> None:
        """A verb of the store needs the store; those on files of ours need the files."""
        keeps = shown.store is not None
        here = not is_remote(shown.model.runtime)
        for button, visible in (
            (self.verify, not keeps),
            (self.copy, keeps and here),
            (self.rename, keeps and here),
            (self.open_folder, here),
            (self.remove, here),
        ):
            button.setVisible(visible)
        busy = tr("Another operation on this model is not finished.") if shown.operation is not None else ""
        gone = _gone(shown, runtime)
        silent = "" if shown.is_reachable else tr("{runtime} is not running. Start it first.", runtime=runtime)
        unchecked = "" if shown.model.checksums else tr("The publisher gives no checksum to compare with.")
        in_use = tr("It is active. Activate another model first.") if shown.state is State.ACTIVE else ""
        _allow(self.verify, busy or gone or unchecked)
        _allow(self.open_folder, "" if folder_of(shown) else tr("Its folder is not known."))
        _allow(self.copy, busy or gone or silent)
        _allow(self.rename, busy or gone or silent or in_use)
        missing = gone if shown.state is State.GONE else ""
        _allow(self.edit, missing)
        theirs = "" if here else tr("How it is loaded is decided by {runtime}.", runtime=runtime)
        _allow(self.load_settings, missing or theirs)
        _allow(self.remove, busy or silent or (gone if keeps else ""))
        self.update_box.show_state(shown.update if shown.has_update and not busy else None, forbidden=silent)

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


def _gone(shown: Row, runtime: str) -> str:
    match shown.state:
        case State.FILE_MISSING:
            return tr("Its file is no longer where it was.")
        case State.GONE:
            return tr("It is no longer in {runtime}.", runtime=runtime)
        case _:
            return ""
