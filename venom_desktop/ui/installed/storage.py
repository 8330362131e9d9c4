"""The line that says how much of the quota is used, its bar and legend, and the cure when it is too much."""

from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QWidget

from venom_desktop.ui.i18n import tr
from venom_desktop.ui.installed.storage_view import StorageView, whole_gigabytes
from venom_desktop.ui.widgets import Banner, Button, ElidedLabel, Label, Legend, Stack, column, row


class StorageLine(QWidget):
    """Shows a `StorageView`; tells that the quota is to be changed, or raised to so many GB."""

    change_wanted = QtSignal()
    raise_wanted = QtSignal(int)

    def __init__(self) -> None:
        super().__init__()
        self._view: StorageView | None = None
        self._narrow = False
        self.title = Label("", "strong")
        self.detail = ElidedLabel("", tone="text2")
        self.change = Button(tr("Change quota…"), "quiet", size="dense", on_click=self.change_wanted.emit)
        self._stack = Stack(tr("Disk use against the quota"), height=12)
        self._legend = Legend(spacing=18)
        self.warning = Banner("cure", icon="warning")
        head = row(self.title, (self.detail, 1), self.change, spacing=10)
        self.setLayout(column(head, self._stack, self._legend, self.warning, spacing=8))

    def show_view(self, view: StorageView) -> None:
        if view == self._view:
            return
        self._view = view
        self.title.setText(view.title)
        self._stack.show_segments(view.segments, view.total_bytes)
        self._legend.show_segments(view.segments)
        self._legend.setVisible(bool(view.segments))
        self._show_detail()
        self._show_warning(view)

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow
        self._show_detail()

    def _show_detail(self) -> None:
        if self._view is not None:
            self.detail.setText(self._view.short_detail if self._narrow else self._view.detail)

    def _show_warning(self, view: StorageView) -> None:
        if not view.warning:
            self.warning.hide()
            return
        limit = view.raise_to_gb
        if limit is None:
            self.warning.tell(view.warning)
            return
        words = tr("Raise the limit to {amount}", amount=whole_gigabytes(limit))
        self.warning.tell(view.warning, words, lambda: self.raise_wanted.emit(limit))
