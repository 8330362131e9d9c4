"""The operations panel: one line across the bottom, or the list of jobs up to 45 % of the window's height."""

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, assert_never

from PySide6.QtCore import QSize, QTimer
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from venom_desktop.core.errors import Cure, UnknownOperation
from venom_desktop.core.operations.operation import ModelOperation
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.registry.registry import ModelRegistry
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.ui import theme
from venom_desktop.ui.bridge import Bridge, Merged
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.operations import presenter
from venom_desktop.ui.operations.bar import OperationsBar
from venom_desktop.ui.operations.presenter import Verb
from venom_desktop.ui.operations.row import OperationRow
from venom_desktop.ui.widgets import Button, Frame, Label, ToolButton, column, row, scrolling, wrapped

TICK_MS = 1000
OnCure = Callable[[Cure, ModelOperation], object]


class OperationsPanel(Frame):
    """Hidden while there is nothing to tell. `on_cure` gets the cures that lead elsewhere: settings, pages, logs."""

    def __init__(
        self,
        registry: ModelRegistry,
        settings: SettingsStore,
        bridge: Bridge,
        *,
        on_cure: OnCure,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__("operations")
        self._registry = registry
        self._settings = settings
        self._bridge = bridge
        self._on_cure = on_cure
        self._now = now
        self._narrow = False
        self._expanded = False
        self.rows: dict[str, OperationRow] = {}
        self.bar = OperationsBar()
        self._list: QVBoxLayout = column(spacing=0, margins=(0, 0, 0, 4))
        self._list_place = wrapped(self._list)
        self._scroll = scrolling(self._list_place)
        self._counts = Label(tone="text2")
        self._clear = Button(tr("Clear finished"), "quiet", size="dense", on_click=self._clear_finished)
        self._head = self._make_head()
        self._open = wrapped(column(self._head, (self._scroll, 1), spacing=0))
        self.setLayout(column(self.bar, self._open, spacing=0))
        self.setAccessibleName(tr("Operations"))
        # The height follows the rows; the window caps it.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.bar.pressed.connect(self._act)
        self.bar.expand_wanted.connect(self.toggle)
        self._tick = QTimer(self)
        self._tick.setInterval(TICK_MS)
        self._tick.timeout.connect(self.refresh)
        self._listen()
        self.refresh()

    @property
    def is_expanded(self) -> bool:
        return self._expanded

    def toggle(self) -> None:
        """Open the list or close it; does nothing while there is nothing to list."""
        if self.isHidden():
            return
        self._expanded = not self._expanded
        self.refresh()

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow
        self.bar.set_narrow(narrow)
        for shown in self.rows.values():
            shown.set_narrow(narrow)
        self.refresh()

    def refresh(self) -> None:
        """Show the newest state of everything that is listed now."""
        now = self._now()
        listed = presenter.visible(self._registry.operations.operations, now)
        leader = presenter.leader(listed)
        self._keep_time(listed)
        if leader is None:
            self._expanded = False
            self.hide()
            self._show_rows((), now)
            return
        counts = presenter.counts(listed)
        self._counts.setText(counts.text())
        self._clear.setVisible(any(operation.status.is_final for operation in listed))
        self._show_rows(listed if self._expanded else (), now)
        self.bar.show_leader(leader, presenter.look(leader, self._registry.inventory.snapshot, now), counts)
        self.bar.setVisible(not self._expanded)
        self._open.setVisible(self._expanded)
        self.updateGeometry()
        self.show()

    def sizeHint(self) -> QSize:
        edge = 1
        if not self._expanded:
            return QSize(400, self.bar.height() + edge)
        rows = sum(shown.height() for shown in self.rows.values())
        return QSize(400, self._head.height() + rows + 4 + edge)

    def minimumSizeHint(self) -> QSize:
        return QSize(400, self.bar.height() + 1)

    def _make_head(self) -> QWidget:
        close = ToolButton("down", tr("Hide operations (Ctrl+J)"), on_click=self.toggle)
        title = Label(tr("Operations"), "strong")
        head = wrapped(row(title, self._counts, None, self._clear, close, spacing=12, margins=(16, 6, 12, 2)))
        head.setFixedHeight(max(40, theme.metrics("strong").height() + 22))
        return head

    def _listen(self) -> None:
        merged: Merged[object] = Merged(self, lambda _: self.refresh())
        operations = self._registry.operations
        for source in (operations.changed, operations.forgotten, self._registry.inventory.changed):
            self._bridge.listen(source, self, merged.add)

    def _keep_time(self, listed: tuple[ModelOperation, ...]) -> None:
        """Rows that ended count their seconds and go after thirty; nothing else needs a clock."""
        needed = any(operation.status.is_final and operation.completed_at for operation in listed)
        if needed != self._tick.isActive():
            self._tick.start() if needed else self._tick.stop()

    def _show_rows(self, listed: tuple[ModelOperation, ...], now: datetime) -> None:
        wanted = {operation.operation_id for operation in listed}
        for gone in self.rows.keys() - wanted:
            doomed = self.rows.pop(gone)
            self._list.removeWidget(doomed)
            doomed.hide()
            doomed.deleteLater()
        inventory = self._registry.inventory.snapshot
        for place, operation in enumerate(listed):
            shown = self.rows.get(operation.operation_id) or self._new_row(operation.operation_id)
            if self._list.indexOf(shown) != place:
                self._list.insertWidget(place, shown)
            shown.show_look(presenter.look(operation, inventory, now))

    def _new_row(self, operation_id: str) -> OperationRow:
        shown = OperationRow()
        shown.set_narrow(self._narrow)
        shown.pressed.connect(self._act)
        self.rows[operation_id] = shown
        return shown

    def _act(self, operation_id: str, what: Verb | Cure) -> None:
        try:
            operation = self._registry.get_operation_status(operation_id)
        except UnknownOperation:
            return
        if isinstance(what, Verb):
            self._bridge.start(f"{what.value} {operation_id}", self._do(what, operation))
        else:
            self._cure(what, operation)

    async def _do(self, verb: Verb, operation: ModelOperation) -> None:
        registry, key = self._registry, operation.operation_id
        match verb:
            case Verb.PAUSE:
                registry.pause(key)
            case Verb.RESUME:
                registry.resume(key)
            case Verb.CANCEL:
                registry.cancel(key)
            case Verb.RETRY:
                registry.retry(key)
            case Verb.KEEP_WAITING:
                registry.keep_waiting(key)
            case Verb.STOP_AND_SWITCH:
                registry.stop_and_switch(key)
            case Verb.ACTIVATE:
                await registry.start_activation(operation.model_name, operation.runtime)
            case Verb.DISMISS:
                await registry.operations.forget(key)
            case _:
                assert_never(verb)

    def _cure(self, cure: Cure, operation: ModelOperation) -> None:
        cured_here: dict[Cure, Callable[[ModelOperation], Coroutine[Any, Any, object]]] = {
            Cure.DOWNLOAD_AGAIN: self._download_again,
        }
        if cure is Cure.RAISE_LIMIT and presenter.raise_to_gb(operation) is not None:
            cured_here[cure] = self._raise_limit
        if cure in cured_here:
            self._bridge.start(f"{cure.value} {operation.operation_id}", cured_here[cure](operation))
        else:
            self._on_cure(cure, operation)

    async def _raise_limit(self, operation: ModelOperation) -> None:
        await self._settings.set("max_storage_gb", float(presenter.raise_to_gb(operation) or 0))
        self._registry.retry(operation.operation_id)

    async def _download_again(self, operation: ModelOperation) -> None:
        runtime = operation.runtime or "llama_cpp"
        keeps = runtime in self._registry.inventory.snapshot.stores
        source = ModelProvider.OLLAMA if keeps else ModelProvider.HUGGINGFACE
        await self._registry.install_model(operation.model_name, source, runtime)
        await self._registry.operations.forget(operation.operation_id)

    def _clear_finished(self) -> None:
        self._bridge.start("clear finished operations", self._registry.operations.forget_finished())
