"""The icon in the desktop's tray with its menu: who answers, what to switch to, what is going on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, assert_never

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QSystemTrayIcon

from venom_desktop.core.errors import Cure, VenomError
from venom_desktop.core.notices import Notices
from venom_desktop.core.operations.operation import OperationStatus
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.registry.registry import ModelRegistry
from venom_desktop.core.runtimes.active import ActiveModelStore
from venom_desktop.core.runtimes.base import Runtime
from venom_desktop.core.runtimes.live import RuntimeNews
from venom_desktop.core.runtimes.profiles import RuntimeProfile
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.ui.bridge import Bridge, Merged, Source
from venom_desktop.ui.main_window import MainWindow
from venom_desktop.ui.operations.presenter import is_busy
from venom_desktop.ui.tray_actions import TrayMenu
from venom_desktop.ui.tray_facts import TrayFacts
from venom_desktop.ui.tray_icon import tray_icon
from venom_desktop.ui.tray_menu import TrayRow, Verb, tooltip, tray_rows, tray_state
from venom_desktop.ui.tray_notices import OperationNotices, TrayNotice, alert_notice, refusal_notice
from venom_desktop.ui.tray_presence import TrayPresence
from venom_desktop.ui.tray_window import TrayWindow

_THEME_CHANGES = (QEvent.Type.PaletteChange, QEvent.Type.ApplicationPaletteChange)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrayParts:
    """What the tray shows and acts on. `show_operations` opens the list of operations in the window."""

    window: MainWindow
    place: TrayWindow
    presence: TrayPresence
    registry: ModelRegistry
    active: ActiveModelStore
    runtimes: Mapping[str, Runtime]
    settings: SettingsStore
    notices: Notices
    show_operations: Callable[[], object]
    on_cure: Callable[[Cure], object]
    quit_: Callable[[], object]


class Tray(QObject):
    """Shows an icon whenever the desktop has a tray; `menu` is there without one, too."""

    def __init__(self, bridge: Bridge, parts: TrayParts) -> None:
        super().__init__(parts.window)
        self._bridge, self._parts = bridge, parts
        self._notice: TrayNotice | None = None
        self._alerts = parts.notices.standing
        self._shown: tuple[object, str] | None = None
        self.icon: QSystemTrayIcon | None = None
        self.menu = TrayMenu(self._choose)
        self.menu.aboutToShow.connect(self.refresh)
        self._notices = OperationNotices(
            bridge, parts.registry.operations.changed, watched=self._is_watched, tell=self._tell_if_wanted
        )
        self._listen()
        parts.window.installEventFilter(self)
        parts.presence.changed.connect(self._follow)
        self._follow(parts.presence.there)

    def close(self) -> None:
        """Take the icon away; nothing is told any more, though work goes on ending behind it."""
        for subscription in self._subscriptions:
            subscription.end()
        self._merged.end()
        self._parts.presence.changed.disconnect(self._follow)
        self._parts.window.removeEventFilter(self)
        self._take_icon_away()
        self._notices.deleteLater()
        self.menu.deleteLater()

    def facts(self) -> TrayFacts:
        """The snapshots of now."""
        parts = self._parts
        profile = RuntimeProfile(parts.settings.snapshot.runtime_profile.value)
        return TrayFacts(
            inventory=parts.registry.inventory.snapshot,
            active=parts.active.snapshot,
            operations=parts.registry.operations.operations,
            runtimes=tuple(one.snapshot for name, one in parts.runtimes.items() if profile.allows(name)),
            now=datetime.now(UTC),
            alerts=len(parts.notices.standing),
        )

    def refresh(self) -> None:
        """Bring menu, icon and tooltip to what is true now."""
        told = self.facts()
        self.menu.show_rows(tray_rows(told))
        if self.icon is None:
            return
        state, tip = tray_state(told), tooltip(told)
        # Both go over the desktop's bus: only what changed.
        if self._shown != (state, tip):
            self._shown = (state, tip)
            self.icon.setIcon(tray_icon(state))
            self.icon.setToolTip(tip)

    def tell(self, notice: TrayNotice) -> None:
        """Show a notification; without an icon there is no place for one."""
        if self.icon is None:
            return
        self._notice = notice
        kinds = QSystemTrayIcon.MessageIcon
        self.icon.showMessage(notice.title, notice.text, kinds.Warning if notice.failed else kinds.Information)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _THEME_CHANGES:
            self._shown = None
            self._merged.add(None)
        return super().eventFilter(watched, event)

    def _listen(self) -> None:
        parts = self._parts
        self._merged: Merged[object] = Merged(self, lambda _: self.refresh())
        registry = parts.registry
        of_models = (registry.operations.changed, registry.operations.forgotten, registry.inventory.changed)
        of_others = (parts.active.changed, parts.settings.changed, RuntimeNews(parts.runtimes))
        sources: tuple[Source[Any], ...] = (*of_models, *of_others)
        self._subscriptions = [self._bridge.listen(source, self, self._merged.add) for source in sources]
        self._subscriptions.append(self._bridge.listen(parts.notices.changed, self, self._take_alerts))

    def _take_alerts(self, standing: tuple[VenomError, ...]) -> None:
        """Those of the start are under the bell already when the window opens; a new one is told."""
        before, self._alerts = self._alerts, standing
        self._merged.add(None)
        new = [alert for alert in standing if all(alert is not other for other in before)]
        if new and not self._is_watched():
            self._tell_if_wanted(alert_notice(new[0]))

    def _follow(self, there: bool) -> None:
        if not there:
            self._take_icon_away()
            return
        self.icon = QSystemTrayIcon(self)
        self.icon.setContextMenu(self.menu)
        self.icon.activated.connect(self._activate)
        self.icon.messageClicked.connect(self._open_notice)
        self._shown = None
        self.refresh()
        self.icon.show()

    def _take_icon_away(self) -> None:
        icon, self.icon = self.icon, None
        if icon is not None:
            icon.hide()
            icon.deleteLater()

    def _activate(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        """A double click has come as a click before; the middle button does nothing."""
        if reason is QSystemTrayIcon.ActivationReason.Trigger:
            self._parts.place.toggle()

    def _choose(self, row: TrayRow) -> None:
        match row.verb:
            case Verb.SHOW_WINDOW:
                self._parts.place.show()
            case Verb.SHOW_OPERATIONS:
                self._parts.place.show()
                self._parts.show_operations()
            case Verb.SHOW_ALERTS:
                self._parts.place.show()
                self._parts.window.alerts_requested.emit()
            case Verb.ALL_MODELS:
                self._parts.place.show()
                self._parts.window.switcher_requested.emit()
            case Verb.SWITCH if row.key is not None:
                self._switch(row.key)
            case Verb.UNLOAD:
                self._bridge.start("tray.unload", self._parts.registry.deactivate(), on_error=self._refuse)
            case Verb.PAUSE_ALL | Verb.RESUME_ALL:
                self._for_all(row.verb)
            case Verb.QUIT:
                self._parts.quit_()
            case Verb.SWITCH | Verb.SUBMENU | Verb.SEPARATOR | Verb.WORDS:
                pass
            case _:
                assert_never(row.verb)

    def _switch(self, key: ModelKey) -> None:
        """Each model under a key of its own: a second choice is refused by the switch under way, not instead of it."""
        if key == self._parts.active.snapshot.key:
            return
        work = self._parts.registry.start_activation(key.name, key.runtime)
        self._bridge.start(f"tray.switch {key.runtime} {key.name}", work, on_error=self._refuse)

    def _for_all(self, verb: Verb) -> None:
        registry = self._parts.registry
        for operation in registry.operations.operations:
            if verb is Verb.PAUSE_ALL and is_busy(operation) and operation.can_pause:
                registry.pause(operation.operation_id)
            elif verb is Verb.RESUME_ALL and operation.status is OperationStatus.PAUSED:
                registry.resume(operation.operation_id)

    def _refuse(self, error: Exception) -> None:
        """Told where the user is: as a notification, and in the window if that is open."""
        self.tell(refusal_notice(error))
        self._parts.window.report(error, self._parts.on_cure)

    def _is_watched(self) -> bool:
        window = self._parts.window
        return window.isVisible() and not window.isMinimized() and window.isActiveWindow()

    def _tell_if_wanted(self, notice: TrayNotice) -> None:
        if self._parts.settings.snapshot.notifications:
            self.tell(notice)

    def _open_notice(self) -> None:
        notice, self._notice = self._notice, None
        self._parts.place.show()
        if notice is not None and notice.tab is not None:
            self._parts.window.show_tab(notice.tab)
        if notice is not None and notice.operations:
            self._parts.show_operations()
        if notice is not None and notice.alerts:
            self._parts.window.alerts_requested.emit()
