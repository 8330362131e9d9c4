"""Storage: where models lie, how much they may take, and how much they take."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QLocale, Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QWidget

from venom_desktop.core.errors import Cure
from venom_desktop.core.registry.quota import QuotaSnapshot
from venom_desktop.core.registry.registry import ModelRegistry
from venom_desktop.core.settings.checks import require_writable_folder
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.i18n import gigabytes, number, tr, with_unit
from venom_desktop.ui.messages import cure_words
from venom_desktop.ui.settings.path_row import PathRow
from venom_desktop.ui.settings.picking import Picker
from venom_desktop.ui.settings.rows import FieldRow
from venom_desktop.ui.settings.words import left_words, over_quota_words
from venom_desktop.ui.widgets import Banner, Button, Label, Segment, SettingsPage, Stack, column, row, wrapped

QUOTA_KEY = "settings.quota"


class ModelsFolderRow(PathRow):
    """Shows the folder in use and, where another is stored, that it counts from the next start on."""

    def __init__(self, bridge: Bridge, settings: SettingsStore, picker: Picker, in_use: Path) -> None:
        self._picker = picker
        self._in_use = in_use
        self._first = settings.snapshot.models_dir
        super().__init__(
            bridge,
            settings,
            "models_dir",
            title=tr("Models folder"),
            help_text=tr("A change takes effect after a restart. Models stay where they are."),
            undo=tr("Return to the folder in the data folder"),
        )

    def default_words(self) -> str:
        return str(self._in_use) if self._first is None else tr("models, in the data folder")

    async def choose(self) -> None:
        folder = await self._picker.folder(self, tr("Choose the models folder"), self._in_use)
        if folder is not None:
            await require_writable_folder(folder)
            await self.save(folder)

    def show_stored(self) -> None:
        super().show_stored()
        if self.stored != self._first:
            words = tr("Until the restart models are in {folder}.", folder=self._in_use)
            self.show_result(words, "part")
        else:
            self.show_result("")


class UsedRow(QWidget):
    """The bar under the quota."""

    def __init__(self) -> None:
        super().__init__()
        self._used, self._left = Label("", "medium"), Label("", "small", tone="text2")
        self.bar = Stack(tr("Space used by models"), height=12)
        words = row(self._used, None, self._left)
        self.setLayout(column(words, self.bar, spacing=8, margins=(16, 12, 14, 14)))

    def show_quota(self, quota: QuotaSnapshot) -> None:
        used, limit = gigabytes(quota.used_bytes), gigabytes(quota.limit_bytes)
        self._used.setText(tr("{used} of {limit} used", used=used, limit=limit))
        self._left.setText(left_words(quota))
        total = max(quota.limit_bytes or 0, quota.used_bytes, 1)
        marks = [quota.limit_bytes] if quota.over and quota.limit_bytes is not None else []
        self.bar.show_segments([Segment(amount=quota.used_bytes, text=self._used.text())], total, marks=marks)


class StoragePage(SettingsPage):
    """`free_space` leads to where models are removed."""

    def __init__(
        self,
        bridge: Bridge,
        settings: SettingsStore,
        registry: ModelRegistry,
        *,
        picker: Picker,
        models_dir: Path,
        free_space: Callable[[], object],
    ) -> None:
        super().__init__(tr("Storage"))
        self._bridge, self._registry, self._free_space = bridge, registry, free_space
        self._raise_to_gb = 0
        self.notice = Banner("cure")
        self.folder = ModelsFolderRow(bridge, settings, picker, models_dir)
        self.raise_button = Button("", size="dense", on_click=lambda: self.quota.store(self._raise_to_gb))
        self.raise_button.hide()
        self.quota = FieldRow(
            bridge,
            settings,
            "max_storage_gb",
            title=tr("Quota"),
            help_text=tr("Space that all models together may use."),
            width=96,
            write=amount,
            read=read_amount,
            unit="GB",
            beside=(self.raise_button,),
        )
        self.used = UsedRow()
        self._notice_place = wrapped(column(self.notice, margins=(0, 0, 0, 12)))
        self._notice_place.hide()
        self.add_widget(self._notice_place)
        self.add_group("", self.folder, self.quota, self.used)
        bridge.listen_merged(registry.inventory.changed, self, lambda _: self._measure())
        bridge.listen(settings.changed, self, lambda _: self._measure())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._measure()

    def focus_quota(self) -> None:
        """Ready to type another quota."""
        self.quota.field.selectAll()
        self.quota.field.setFocus(Qt.FocusReason.TabFocusReason)

    def _measure(self) -> None:
        self._bridge.start(QUOTA_KEY, self._look())

    async def _look(self) -> None:
        # A sleeping disk answers late.
        self.show_quota(await asyncio.to_thread(self._registry.quota.snapshot))

    def show_quota(self, quota: QuotaSnapshot) -> None:
        self.used.show_quota(quota)
        self.raise_button.setVisible(quota.raise_to_gb is not None)
        self._raise_to_gb = quota.raise_to_gb or 0
        self.raise_button.set_content(tr("Raise to {amount}", amount=with_unit(number(self._raise_to_gb), "GB")))
        self._notice_place.setVisible(quota.over)
        if quota.over:
            self.notice.tell(over_quota_words(quota), cure_words(Cure.FREE_SPACE), self._free_space)


def amount(value: float) -> str:
    """50 and 62.5, in the locale's spelling."""
    return number(value, 0 if float(value).is_integer() else 1)


def read_amount(text: str) -> object:
    """What was typed as a number of GB, in the locale's or in English spelling; the text itself when it is none."""
    plain = "".join(text.removesuffix("GB").split())
    value, understood = QLocale().toDouble(plain)
    if understood:
        return value
    value, understood = QLocale.c().toDouble(plain)
    return value if understood else text.strip()
