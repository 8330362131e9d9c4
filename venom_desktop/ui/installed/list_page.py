"""The left side of the Installed tab: filter, import, disk use, and the table or what stands in its place."""

from pathlib import Path

from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QFileDialog, QStackedWidget

from venom_desktop.ui.i18n import tr
from venom_desktop.ui.installed.groups import Group
from venom_desktop.ui.installed.storage import StorageLine
from venom_desktop.ui.installed.table import InstalledModel, InstalledTable
from venom_desktop.ui.installed.update_bar import UpdateAll, UpdateBar
from venom_desktop.ui.installed.words import runtime_title
from venom_desktop.ui.widgets import (
    Banner,
    Button,
    EmptyState,
    Frame,
    SearchField,
    ToolButton,
    column,
    row,
    wrapped,
)

SEARCH_WIDTH = 300
LEAST_LIST_HEIGHT = 60


class InstalledList(Frame):
    """Tells what is typed, which files are to be imported, and that the catalog is wanted."""

    filter_changed = QtSignal(str)
    file_chosen = QtSignal(Path)
    catalog_wanted = QtSignal()

    def __init__(self) -> None:
        super().__init__("panel")
        self.search = SearchField(tr("Filter installed models"))
        self.search.setMaximumWidth(SEARCH_WIDTH)
        self.search.textChanged.connect(self.filter_changed)
        self.import_button = Button(tr("Import a file…"), icon="plus", on_click=self.choose_file)
        self.import_tool = ToolButton("plus", tr("Import a file…"), on_click=self.choose_file)
        self.import_tool.hide()
        self.updates = UpdateBar()
        self.update_all = UpdateAll()
        self.storage = StorageLine()
        self.banner = Banner("cure", closable=True)
        self.rows = InstalledModel()
        self.table = InstalledTable(self.rows)
        self._no_match = EmptyState(
            "filter",
            tr("No model matches this filter"),
            tr("The filter looks at names, runtimes and quantizations."),
            Button(tr("Clear filter"), on_click=self.search.clear),
        )
        self._unknown: Group | None = None
        self._empty_words = tr(
            "Find one in the catalog, or import a GGUF file you already have. An imported file stays where it is."
        )
        self.start_button = Button("", on_click=lambda: self.table.cure_wanted.emit(self._unknown))
        self._empty_import = Button(tr("Import a file…"), icon="plus", on_click=self.choose_file)
        self._empty = EmptyState(
            "installed",
            tr("No models installed yet"),
            self._empty_words,
            Button(tr("Browse the catalog"), on_click=self.catalog_wanted.emit),
            self.start_button,
            self._empty_import,
        )
        self._pages = QStackedWidget()
        for page in (self.table, self._no_match, self._empty):
            self._pages.addWidget(page)
        # A stack is else as high as its highest page, and would squeeze what stands above it.
        self._pages.setMinimumHeight(LEAST_LIST_HEIGHT)
        tools = row((self.search, 3), (self.updates, 4), self.import_button, self.import_tool)
        notices = column(self.update_all, self.banner, spacing=8, margins=(0, 6, 0, 0))
        self._top = wrapped(column(tools, 4, self.storage, notices, spacing=8, margins=(16, 14, 16, 14)))
        self.setLayout(column(self._top, (self._pages, 1), spacing=0))
        self._dialog: QFileDialog | None = None

    def show_page(self, *, any_installed: bool) -> None:
        """The table, or why there is none."""
        unknown = [row for row in self.rows.rows if isinstance(row, Group) and not row.is_known]
        listed = self.rows.rowCount() > (0 if any_installed else len(unknown))
        self._show_unknown(unknown[0] if unknown else None)
        self._pages.setCurrentWidget(self.table if listed else self._no_match if any_installed else self._empty)
        self.search.setEnabled(any_installed)
        self.updates.setVisible(any_installed)

    def _show_unknown(self, group: Group | None) -> None:
        """With nothing listed, a server that is not running may still have models."""
        self._unknown = group
        self.start_button.setVisible(group is not None)
        self._empty_import.setVisible(group is None)
        if group is None:
            self._empty.tell(tr("No models installed yet"), self._empty_words)
            return
        runtime = runtime_title(group.runtime, group.title)
        self.start_button.set_content(tr("Start {runtime}", runtime=runtime), "play")
        self._empty.tell(
            tr("No models known yet"),
            tr(
                "{runtime} is not running, so nobody knows which models it has. Start it, or find one in the catalog.",
                runtime=runtime,
            ),
        )

    @property
    def shows_empty_state(self) -> bool:
        return self._pages.currentWidget() is self._empty

    def set_narrow(self, narrow: bool) -> None:
        self.table.set_narrow(narrow)
        self.storage.set_narrow(narrow)
        self.updates.set_narrow(narrow)
        self.import_button.setVisible(not narrow)
        self.import_tool.setVisible(narrow)

    def choose_file(self) -> None:
        """Ask for a GGUF file; the window stays alive meanwhile."""
        if self._dialog is None:
            self._dialog = QFileDialog(self.window(), tr("Import a GGUF file"))
            self._dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
            self._dialog.setNameFilters([tr("GGUF models (*.gguf)"), tr("All files (*)")])
            self._dialog.setLabelText(QFileDialog.DialogLabel.Accept, tr("Import"))
            self._dialog.fileSelected.connect(lambda path: self.file_chosen.emit(Path(path)))
        self._dialog.open()
