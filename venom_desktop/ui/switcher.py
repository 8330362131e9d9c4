"""The switcher over the status bar: type, choose, Enter; the chosen model answers next."""

from collections.abc import Callable

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QListView, QStyleOptionViewItem, QWidget

from venom_desktop.core.errors import Cure
from venom_desktop.core.registry.registry import ModelRegistry
from venom_desktop.ui import icons, theme
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.messages import show_error
from venom_desktop.ui.popup import Popup
from venom_desktop.ui.switcher_rows import RowKind, SwitchRow, first_choice, next_choice, switch_rows
from venom_desktop.ui.widgets import Banner, Button, Cell, Label, RowDelegate, SearchField, column

WIDTH = 420
MOST_HEIGHT = 340
WORK_KEY = "switcher"
Index = QModelIndex | QPersistentModelIndex
_STEPS = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}


class SwitchModel(QAbstractListModel):
    """The rows of `switch_rows`; headings cannot be chosen."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: tuple[SwitchRow, ...] = ()

    def show_rows(self, rows: tuple[SwitchRow, ...]) -> None:
        if rows != self.rows:
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self.rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return row.title
            case Qt.ItemDataRole.UserRole:
                return row
            case Qt.ItemDataRole.AccessibleTextRole:
                return row.sentence
            case _:
                return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        if self.rows[index.row()].kind is RowKind.RUNTIME:
            return Qt.ItemFlag.ItemIsEnabled
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable


class SwitchDelegate(RowDelegate):
    """Headings in small, models in two lines with a check mark before the one that answers."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        row: SwitchRow = index.data(Qt.ItemDataRole.UserRole)
        return QSize(WIDTH - 40, 28 if row.kind is RowKind.RUNTIME else max(46, theme.two_line_height() - 8))

    def paint_ground(self, cell: Cell) -> None:
        if not cell.selected:
            return
        cell.painter.setRenderHint(cell.painter.RenderHint.Antialiasing)
        cell.painter.setPen(Qt.PenStyle.NoPen)
        cell.painter.setBrush(theme.color("pressed"))
        cell.painter.drawRoundedRect(cell.rect.adjusted(6, 1, -6, -1), 6, 6)

    def paint_cell(self, cell: Cell) -> None:
        row: SwitchRow = cell.value
        if row.kind is RowKind.RUNTIME:
            cell.text(row.title, "small_medium", tone="text3", within=cell.inner(16, 16))
            cell.text(row.trailing, "small", tone="text3", trailing=True, within=cell.inner(16, 18))
            return
        icon = "eject" if row.kind is RowKind.UNLOAD else "check" if row.active else None
        if icon is not None:
            place = QRectF(cell.rect.left() + 16, cell.rect.center().y() - 8, 16, 16)
            icons.paint(cell.painter, icon, cell.mirrored(place), "text2" if icon == "eject" else "accent_text")
        cell.text(row.trailing, "small", tone="text2", trailing=True, within=cell.inner(16, 18))
        cell.two_lines(row.title, row.detail, start=42)


class Switcher(Popup):
    """`browse` leads to the catalog, for when nothing is installed."""

    def __init__(
        self,
        bridge: Bridge,
        registry: ModelRegistry,
        button: QWidget,
        *,
        browse: Callable[[], object],
        on_cure: Callable[[Cure], object],
        allows: Callable[[str], bool] = lambda runtime: True,
    ) -> None:
        self._bridge, self._registry, self._button, self._on_cure = bridge, registry, button, on_cure
        self._allows = allows
        self.search = SearchField(tr("Switch to…"))
        self.problem = Banner("cure", closable=True)
        self.list = QListView()
        self.nothing = Label("", tone="text2", wrap=True)
        self.browse_button = Button(tr("Browse the catalog"), size="dense", on_click=lambda: (self.close(), browse()))
        self.rows = SwitchModel()
        self._delegate = SwitchDelegate()
        body = column(self.nothing, self.browse_button, margins=(16, 4, 16, 8))
        head = column(self.search, self.problem, margins=(10, 10, 10, 6))
        super().__init__(button, column(head, self.list, body, spacing=0, margins=(1, 1, 1, 6)))
        self.setFixedWidth(WIDTH)
        self.setAccessibleName(tr("Switch runtime or model"))
        self._dress_list()
        self.setFocusProxy(self.search)
        self.search.textChanged.connect(lambda _: self._show())
        self.search.returnPressed.connect(self._take)
        self.list.clicked.connect(lambda _: self._take())
        bridge.listen_merged(registry.inventory.changed, self, lambda _: self._show())

    def open(self) -> None:
        """Open over the button, what was typed before forgotten."""
        self.problem.hide()
        self.search.clear()
        self._show()
        self.open_above(self._button)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = _STEPS.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        self._select(next_choice(self.rows.rows, self.list.currentIndex().row(), step))

    def _dress_list(self) -> None:
        self.list.setModel(self.rows)
        self.list.setItemDelegate(self._delegate)
        self.list.setAccessibleName(tr("Installed models"))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setMouseTracking(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.entered.connect(lambda index: self._select(index.row()))

    def _show(self) -> None:
        inventory = self._registry.inventory.snapshot
        self.rows.show_rows(switch_rows(inventory, self.search.text(), allows=self._allows))
        self._select(first_choice(self.rows.rows))
        self.nothing.setText(
            tr("No installed model is called so.") if inventory.models else tr("Nothing is installed yet.")
        )
        self.nothing.setVisible(not self.rows.rows)
        self.browse_button.setVisible(not inventory.models)
        self.list.setVisible(bool(self.rows.rows))
        self.list.setFixedHeight(min(MOST_HEIGHT, sum(map(self.list.sizeHintForRow, range(len(self.rows.rows))))))

    def _select(self, row: int) -> None:
        if row >= 0 and self.rows.rows[row].kind is not RowKind.RUNTIME:
            self.list.setCurrentIndex(self.rows.index(row))

    def _take(self) -> None:
        row = self.list.currentIndex().row()
        if 0 <= row < len(self.rows.rows) and not self._bridge.is_running(WORK_KEY):
            self.problem.hide()
            self._bridge.start(WORK_KEY, self._switch(self.rows.rows[row]), on_error=self._show_problem)

    async def _switch(self, row: SwitchRow) -> None:
        match row.kind:
            case RowKind.MODEL if row.model is not None and not row.active:
                await self._registry.start_activation(row.model.name, row.model.runtime)
            case RowKind.UNLOAD:
                await self._registry.deactivate()
            case _:
                pass
        self.close()

    def _show_problem(self, error: Exception) -> None:
        show_error(self.problem, error, self._cure)
        self.adjustSize()

    def _cure(self, cure: Cure) -> None:
        self.close()
        self._on_cure(cure)
