"""Follows servers that other programs use too, for as long as what shows them can be seen."""

from collections.abc import Mapping

from PySide6.QtWidgets import QWidget

from venom_desktop.core.runtimes.base import Runtime
from venom_desktop.core.runtimes.live import watch_servers
from venom_desktop.ui.while_seen import WhileSeen


class ServerWatch(WhileSeen):
    """From its making until `close`; while the widget is hidden or minimised nobody is asked anything."""

    def __init__(self, widget: QWidget, runtimes: Mapping[str, Runtime]) -> None:
        super().__init__(widget, lambda: watch_servers(runtimes))
