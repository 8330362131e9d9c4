"""What is in memory, row by row: the model behind the table of loaded models, with the words of its cells."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import Final

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.registry.names import is_remote
from venom_desktop.core.runtimes.base import LoadedModel, Runtime, ServerRuntime
from venom_desktop.ui.i18n import MINUTE_S, duration, gigabytes, number, tokens, tr, with_unit
from venom_desktop.ui.runtime.prompt_words import short_name

Index = QModelIndex | QPersistentModelIndex
NOWHERE: Final = QModelIndex()


class Column(IntEnum):
    MODEL = 0
    RUNTIME = 1
    MEMORY = 2
    VRAM = 3
    CONTEXT = 4
    EXPIRY = 5
    PIN = 6
    UNLOAD = 7


NUMBERS = frozenset({Column.MEMORY, Column.VRAM, Column.CONTEXT})


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedRow:
    """`keeps` False: its runtime keeps one model until it is unloaded, so there is nothing to pin."""

    key: ModelKey
    runtime_title: str
    loaded: LoadedModel
    active: bool
    keeps: bool = False

    @property
    def pinned(self) -> bool:
        """It stays, though its runtime would let it go."""
        return self.keeps and self.loaded.expires_at is None


def loaded_rows(runtimes: Mapping[str, Runtime], active: ModelKey | None) -> tuple[LoadedRow, ...]:
    """Every model in memory, in the order of the runtimes."""
    return tuple(
        LoadedRow(
            key=(key := ModelKey(name=loaded.name, runtime=name)),
            runtime_title=runtime.snapshot.title,
            loaded=loaded,
            active=key == active,
            keeps=isinstance(runtime, ServerRuntime) and not is_remote(name),
        )
        for name, runtime in runtimes.items()
        for loaded in runtime.snapshot.loaded
    )


def expiry_words(expires_at: datetime | None, now: datetime) -> str:
    """ "in 4 min", "in 45 s", "now"; "stays" without an end. Minutes are rounded up, so that none is skipped."""
    if expires_at is None:
        return tr("stays")
    left_s = (expires_at - now).total_seconds()
    if left_s < 1:
        return tr("now")
    if left_s < MINUTE_S:
        return tr("in {duration}", duration=with_unit(number(int(left_s)), "s"))
    return tr("in {duration}", duration=duration(-(-left_s // MINUTE_S) * MINUTE_S))


def pin_words(row: LoadedRow) -> str:
    return tr("Let it unload by itself") if row.pinned else tr("Keep in memory")


class LoadedModels(QAbstractTableModel):
    """`tick` moves the countdown on without asking anybody."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        super().__init__()
        self._rows: tuple[LoadedRow, ...] = ()
        self._now = now
        self._ends: tuple[str, ...] = ()

    @property
    def rows(self) -> tuple[LoadedRow, ...]:
        return self._rows

    @property
    def counts_down(self) -> bool:
        return any(row.loaded.expires_at is not None for row in self._rows)

    @property
    def knows_vram(self) -> bool:
        """False where nothing is known to lie in graphics memory: a column of zeros says nothing."""
        return any(row.loaded.vram_bytes for row in self._rows)

    def show_rows(self, rows: Sequence[LoadedRow]) -> None:
        shown = tuple(rows)
        if [row.key for row in shown] != [row.key for row in self._rows]:
            self.beginResetModel()
            self._rows, self._ends = shown, self._end_words(shown)
            self.endResetModel()
        elif shown != self._rows:
            # The same models, changed: selection and focus stay where they are.
            self._rows, self._ends = shown, self._end_words(shown)
            self.dataChanged.emit(self.index(0, 0), self.index(len(shown) - 1, len(Column) - 1))

    def tick(self) -> None:
        """Tell the cells whose words have changed with the time."""
        ends = self._end_words(self._rows)
        before, self._ends = self._ends, ends
        for place, (old, new) in enumerate(zip(before, ends, strict=True)):
            if old != new:
                cell = self.index(place, Column.EXPIRY)
                self.dataChanged.emit(cell, cell)

    def text(self, row: LoadedRow, column: Column) -> str:
        match column:
            case Column.MODEL:
                return short_name(row.key.name)
            case Column.RUNTIME:
                return row.runtime_title
            case Column.MEMORY:
                return gigabytes(row.loaded.memory_bytes)
            case Column.VRAM:
                return gigabytes(row.loaded.vram_bytes)
            case Column.CONTEXT:
                return tokens(row.loaded.context)
            case Column.EXPIRY:
                return expiry_words(row.loaded.expires_at, self._now())
            case Column.PIN | Column.UNLOAD:
                return ""

    def rowCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def columnCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], Column(index.column())
        match role:
            case Qt.ItemDataRole.UserRole:
                return row
            case Qt.ItemDataRole.DisplayRole:
                return self.text(row, column)
            case Qt.ItemDataRole.AccessibleTextRole:
                return self._sentence(row)
            case Qt.ItemDataRole.ToolTipRole:
                return self._tip(row, column)
            case _:
                return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal or not 0 <= section < len(Column):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _title(Column(section))
        if role == Qt.ItemDataRole.TextAlignmentRole and section in NUMBERS:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def _end_words(self, rows: Sequence[LoadedRow]) -> tuple[str, ...]:
        return tuple(self.text(row, Column.EXPIRY) for row in rows)

    def _sentence(self, row: LoadedRow) -> str:
        parts = [row.key.name, row.runtime_title, self.text(row, Column.MEMORY)]
        if row.loaded.vram_bytes is not None:
            parts.append(tr("{amount} in graphics memory", amount=self.text(row, Column.VRAM)))
        parts.append(tr("context {tokens}", tokens=self.text(row, Column.CONTEXT)))
        if row.keeps:
            end = self.text(row, Column.EXPIRY)
            parts.append(tr("stays in memory") if row.pinned else tr("unloads {when}", when=end))
        return ", ".join((*parts, tr("active") if row.active else tr("loaded")))

    @staticmethod
    def _tip(row: LoadedRow, column: Column) -> str:
        match column:
            case Column.UNLOAD:
                return tr("Unload")
            case Column.PIN:
                return pin_words(row) if row.keeps else ""
            case _:
                return row.key.name


def _title(column: Column) -> str:
    match column:
        case Column.MODEL:
            return tr("Loaded model")
        case Column.RUNTIME:
            return tr("Runtime")
        case Column.MEMORY:
            return tr("Memory")
        case Column.VRAM:
            return tr("VRAM")
        case Column.CONTEXT:
            return tr("Context")
        case Column.EXPIRY:
            return tr("Unloads")
        case Column.PIN | Column.UNLOAD:
            return ""
