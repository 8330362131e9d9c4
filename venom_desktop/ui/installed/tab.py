"""The Installed tab: keeps list, panel and disk use in step with the core, and passes verbs on."""

from collections.abc import Callable, Mapping
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPoint, Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from venom_desktop.core.errors import Cure
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.registry.registry import ModelRegistry
from venom_desktop.core.runtimes.base import Runtime, RuntimeSnapshot, ServerRuntime
from venom_desktop.core.runtimes.live import RuntimeNews
from venom_desktop.core.runtimes.model_settings import ModelSettingsStore
from venom_desktop.core.runtimes.profiles import RuntimeProfile
from venom_desktop.core.runtimes.vllm_facts import NAME as VLLM
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.ui.bridge import Bridge, Merged
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.installed import menu
from venom_desktop.ui.installed.details import InstalledDetails
from venom_desktop.ui.installed.disk_use import DiskUse
from venom_desktop.ui.installed.foot import Foot, foot_of
from venom_desktop.ui.installed.gone import gone_model
from venom_desktop.ui.installed.groups import Group, GroupCure
from venom_desktop.ui.installed.importing import Importing
from venom_desktop.ui.installed.list_page import InstalledList
from venom_desktop.ui.installed.presenter import Lister, Primary, Row
from venom_desktop.ui.installed.update_check import UpdateCheck
from venom_desktop.ui.installed.verbs import Verb, Verbs
from venom_desktop.ui.installed.vllm_words import chosen_words
from venom_desktop.ui.installed.words import runtime_title, settings_words
from venom_desktop.ui.messages import show_error
from venom_desktop.ui.widgets import SideSplitter, column

AGES_SHOWN_EVERY_MS = 30_000
_PRIMARY_VERBS = {
    Primary.ACTIVATE: Verb.ACTIVATE,
    Primary.UNLOAD: Verb.UNLOAD,
    Primary.INSTALL_AGAIN: Verb.INSTALL_AGAIN,
}


class InstalledTab(QWidget):
    """`change_quota` opens Settings, `browse_catalog` the Catalog; `on_cure` gets the cures that lead elsewhere."""

    def __init__(
        self,
        registry: ModelRegistry,
        bridge: Bridge,
        *,
        runtimes: Mapping[str, Runtime],
        model_settings: ModelSettingsStore,
        settings: SettingsStore,
        change_quota: Callable[[], object],
        browse_catalog: Callable[[], object],
        on_cure: Callable[[Cure], object],
    ) -> None:
        super().__init__()
        self._registry = registry
        self._bridge = bridge
        self._runtimes = runtimes
        self._model_settings = model_settings
        self._settings = settings
        self._on_cure = on_cure
        self._foot: Foot | None = None
        self._is_stale = False
        self._lister = Lister()
        self.list = InstalledList()
        self.details = InstalledDetails()
        self.splitter = SideSplitter(self.list, self.details)
        self.verbs = Verbs(
            registry,
            bridge,
            runtimes=runtimes,
            model_settings=model_settings,
            window=self,
            on_error=self.details.show_failure,
            on_settings_saved=self._settings_saved,
        )
        self.update_check = UpdateCheck(
            registry,
            bridge,
            self.list.updates,
            self.list.update_all,
            on_checked=self._follow,
            on_error=self._list_failed,
        )
        self._importing = Importing(
            registry,
            bridge,
            runtimes=self._offered,
            window=self,
            on_listed=self._select_new,
            on_error=self._list_failed,
            on_cure=on_cure,
        )
        self._disk_use = DiskUse(
            registry, settings, bridge, self.list.storage, snapshots=self._snapshots, on_error=self._list_failed
        )
        self.setLayout(column(self.splitter, spacing=0))
        self.setAccessibleName(tr("Installed"))
        self._ages = QTimer(self)
        self._ages.setInterval(AGES_SHOWN_EVERY_MS)
        self._ages.timeout.connect(self._show_ages)
        self._connect(change_quota, browse_catalog)
        self._listen()
        self.show_rows()
        self.refresh()

    def focus_search(self) -> None:
        self.list.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.list.search.selectAll()

    def refresh(self) -> None:
        """Look at the disk and at the stores again."""
        self._bridge.start("look at the models folder", self._registry.inventory.refresh(), on_error=self._list_failed)
        for server in self._servers():
            self._bridge.start(f"look at {server.name}", server.refresh(), on_error=self._list_failed)
        self._measure()

    def go_back(self) -> bool:
        if not self.list.search.text():
            return False
        self.list.search.clear()
        return True

    def set_narrow(self, narrow: bool) -> None:
        self.list.set_narrow(narrow)

    def select_model(self, key: ModelKey) -> None:
        """Bring one model's row and panel to the front."""
        self.show_rows()
        self.list.table.select_model(key)

    def show_rows(self) -> None:
        """List what the core knows now."""
        inventory = self._registry.inventory.snapshot
        operations = self._registry.operations.operations
        gone = gone_model(self._registry)
        rows = self._lister.rows(
            inventory,
            self._snapshots(),
            operations,
            text=self.list.search.text(),
            updates=self._registry.updates,
            gone=gone,
        )
        self.list.rows.show_rows(rows)
        self.list.show_page(any_installed=bool(inventory.models) or gone is not None)
        self.update_check.show()
        self._show_details()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ages.start()
        if self._is_stale:
            self._follow()
            self._measure()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._ages.stop()

    def _connect(self, change_quota: Callable[[], object], browse_catalog: Callable[[], object]) -> None:
        table, details, storage = self.list.table, self.details, self.list.storage
        self.list.filter_changed.connect(lambda _: self.show_rows())
        self.list.file_chosen.connect(self.import_file)
        self.list.catalog_wanted.connect(lambda: browse_catalog())
        storage.change_wanted.connect(lambda: change_quota())
        table.row_changed.connect(lambda _: self._show_details())
        table.enter_pressed.connect(self._press_primary)
        table.delete_pressed.connect(self._press_remove)
        table.cure_wanted.connect(self._cure_group)
        table.menu_requested.connect(self._open_row_menu)
        details.primary_pressed.connect(self._press_primary)
        details.verb_pressed.connect(self._do)
        details.menu_wanted.connect(self._open_menu)
        details.cure_wanted.connect(self._cure)

    def _listen(self) -> None:
        merged: Merged[object] = Merged(self, lambda _: self._follow())
        registry, bridge = self._registry, self._bridge
        for source in (
            registry.inventory.changed,
            registry.operations.changed,
            registry.updates_changed,
            self._model_settings.changed,
        ):
            bridge.listen(source, self, merged.add)
        bridge.listen(RuntimeNews(self._runtimes), self, merged.add)
        bridge.listen_merged(registry.inventory.changed, self, lambda _: self._measure())
        bridge.listen_merged(self._settings.changed, self, lambda _: self._measure())

    def _follow(self) -> None:
        """A tab that nobody sees only notes that something is new."""
        self._is_stale = not self.isVisible()
        if not self._is_stale:
            self.show_rows()

    def _offered(self) -> dict[str, Runtime]:
        """The runtimes that the profile allows."""
        profile = RuntimeProfile(self._settings.snapshot.runtime_profile.value)
        return {name: runtime for name, runtime in self._runtimes.items() if profile.allows(name)}

    def _snapshots(self) -> dict[str, RuntimeSnapshot]:
        return {name: runtime.snapshot for name, runtime in self._offered().items()}

    def _servers(self) -> list[ServerRuntime]:
        return [runtime for runtime in self._offered().values() if isinstance(runtime, ServerRuntime)]

    def _show_ages(self) -> None:
        self.show_rows()
        # What is painted tells how long ago things were, and no row changed.
        self.list.table.viewport().update()

    def _show_details(self) -> None:
        row = self.list.table.selected_row
        self.details.setVisible(row is not None)
        if row is None:
            return
        self._foot = foot_of(row, self._registry.inventory.snapshot, self._snapshots())
        title = self._title(row)
        settings = self._settings_words(row.key, title)
        self.details.show_row(row, self._foot, settings=settings, runtime=title)

    def _settings_words(self, key: ModelKey, title: str) -> str:
        load = self._model_settings.get(key)
        if key.runtime == VLLM:
            return chosen_words(self._model_settings.get_vllm(key), load, title)
        return settings_words(load, title)

    def _title(self, row: Row) -> str:
        runtime = self._runtimes.get(row.model.runtime)
        return runtime_title(row.model.runtime, runtime.snapshot.title if runtime else None)

    def _measure(self) -> None:
        self._is_stale = self._is_stale or not self.isVisible()
        if not self.isVisible():
            return
        self._disk_use.measure()

    def import_file(self, path: Path) -> None:
        """Import a file of the user's own; its row is selected when it is there."""
        self.list.banner.hide()
        self._importing.begin(path)

    def _select_new(self, key: ModelKey) -> None:
        self.list.search.clear()
        self.select_model(key)

    def _cure_group(self, group: Group) -> None:
        server = next((one for one in self._servers() if one.name == group.runtime), None)
        if group.cure is GroupCure.GET:
            self._on_cure(Cure.INSTALL_RUNTIME)
        elif server is not None:
            work = server.start() if group.cure is GroupCure.START else server.refresh()
            self.list.banner.hide()
            self._bridge.start(f"reach {server.name}", work, on_error=self._list_failed)

    def _list_failed(self, error: Exception) -> None:
        show_error(self.list.banner, error, self._on_cure)

    def _do(self, verb: Verb) -> None:
        row = self.list.table.selected_row
        if row is not None:
            self.verbs.do(verb, row)

    def _press_remove(self) -> None:
        """A model on a server elsewhere is removed there."""
        if not self.details.remove.isHidden():
            self._do(Verb.REMOVE)

    def _press_primary(self) -> None:
        if self._foot is not None and not self._foot.forbidden:
            self._do(_PRIMARY_VERBS[self._foot.verb])

    def _cure(self, cure: Cure) -> None:
        match cure:
            case Cure.DOWNLOAD_AGAIN:
                self._do(Verb.INSTALL_AGAIN)
            case _:
                self._on_cure(cure)

    def _settings_saved(self, key: ModelKey) -> None:
        if key == self._registry.inventory.snapshot.active:
            sentence = tr("The model in memory still has its earlier load settings.")
            self.details.show_advice(sentence, tr("Load it again"), Verb.ACTIVATE)

    def _open_row_menu(self, _: QModelIndex, position: QPoint) -> None:
        self._open_menu(position)

    def _open_menu(self, position: QPoint) -> None:
        row = self.list.table.selected_row
        if row is not None and self._foot is not None:
            menu.row_menu(self, self._foot, details=self.details, do=self._do, press_primary=self._press_primary).popup(
                position
            )
