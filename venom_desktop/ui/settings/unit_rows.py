"""The rows that say which systemd unit keeps a server, and whose it is."""

import sys
from collections.abc import Sequence
from typing import Final

from PySide6.QtWidgets import QWidget

from venom_desktop.core.settings.schema import UnitScope
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.settings.rows import FieldRow, SegmentedRow

NAME_WIDTH: Final = 180


class UnitRow(FieldRow):
    def __init__(self, bridge: Bridge, settings: SettingsStore, key: str, *, runtime: str) -> None:
        super().__init__(
            bridge,
            settings,
            key,
            title=tr("systemd unit"),
            help_text=tr("Where there is one, {runtime} is started and stopped through it.", runtime=runtime),
            width=NAME_WIDTH,
        )


class UnitScopeRow(SegmentedRow):
    def __init__(self, bridge: Bridge, settings: SettingsStore, key: str) -> None:
        super().__init__(
            bridge,
            settings,
            key,
            title=tr("Whose unit"),
            help_text=tr("Either looks at your own units first, then at the system's."),
            choices=[
                (UnitScope.AUTO, tr("Either")),
                (UnitScope.SYSTEM, tr("The system's")),
                (UnitScope.USER, tr("Mine")),
            ],
        )


def unit_rows(bridge: Bridge, settings: SettingsStore, *, unit: str, scope: str, runtime: str) -> Sequence[QWidget]:
    """`unit` and `scope` are the keys; none where systemd cannot be."""
    if sys.platform != "linux":
        return ()
    return UnitRow(bridge, settings, unit, runtime=runtime), UnitScopeRow(bridge, settings, scope)
