"""The two D-Bus programs of a Wayland desktop's tray: the watcher that items register at, and a panel that asks them.

https://www.freedesktop.org/wiki/Specifications/StatusNotifierItem and com.canonical.dbusmenu, as far as needed.
jeepney is there because keyring speaks to the Secret Service through it.
"""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from jeepney import DBusAddress, HeaderFields, MessageType, Properties, message_bus, new_method_call, new_method_return
from jeepney.io.blocking import DBusConnection, open_dbus_connection

WATCHER = "org.kde.StatusNotifierWatcher"
_PATH = "/StatusNotifierWatcher"
ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
_FACTS: dict[str, tuple[str, object]] = {
    "IsStatusNotifierHostRegistered": ("b", True),
    "RegisteredStatusNotifierItems": ("as", []),
    "ProtocolVersion": ("i", 0),
}


@contextmanager
def session_bus() -> Iterator[str]:
    """A message bus of its own; its address."""
    command = ["dbus-daemon", "--session", "--nofork", "--print-address=1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as bus:
        assert bus.stdout is not None
        try:
            yield bus.stdout.readline().strip()
        finally:
            bus.terminate()


@dataclass
class Watcher:
    """`items` are the bus names that registered, in their order."""

    connection: DBusConnection
    items: list[str] = field(default_factory=list)

    def serve(self) -> None:
        """Answer until the connection is closed."""
        try:
            while True:
                self._answer(self.connection.receive())
        except (OSError, EOFError, ValueError):
            return

    def _answer(self, message: Any) -> None:
        if message.header.message_type is not MessageType.method_call:
            return
        match message.header.fields[HeaderFields.member]:
            case "RegisterStatusNotifierItem":
                (name,) = message.body
                sender = message.header.fields[HeaderFields.sender]
                self.items.append(sender if name.startswith("/") else name)
                reply = new_method_return(message)
            case "Get":
                reply = new_method_return(message, "v", (_FACTS[message.body[1]],))
            case "GetAll":
                reply = new_method_return(message, "a{sv}", (_FACTS,))
            case _:
                reply = new_method_return(message)
        self.connection.send(reply)


@contextmanager
def tray_watcher(bus: str) -> Iterator[Watcher]:
    """A desktop with a tray on that bus, until the end of the block."""
    connection = open_dbus_connection(bus)
    connection.send_and_get_reply(message_bus.RequestName(WATCHER))
    watcher = Watcher(connection)
    thread = threading.Thread(target=watcher.serve, daemon=True, name="tray watcher")
    thread.start()
    try:
        yield watcher
    finally:
        # Wakes the thread, which waits for a message.
        connection.sock.shutdown(2)
        thread.join()
        connection.close()


@dataclass
class Panel:
    """What a panel asks an item of a bus name."""

    connection: DBusConnection
    item: str

    def fact(self, name: str) -> Any:
        """A property of the item."""
        return self._ask(Properties(self._at("/StatusNotifierItem", ITEM)).get(name))[0][1]

    def activate(self, verb: str = "Activate") -> None:
        """Press the icon: Activate is the left button, SecondaryActivate the middle one."""
        self._ask(new_method_call(self._at("/StatusNotifierItem", ITEM), verb, "ii", (0, 0)))

    def rows(self) -> dict[str, int]:
        """Every label in the menu and its submenus, with the number to choose it by."""
        menu = self._at(self.fact("Menu"), MENU)
        _, root = self._ask(new_method_call(menu, "GetLayout", "iias", (0, -1, [])))
        return dict(_labels(root))

    def choose(self, label: str) -> None:
        menu = self._at(self.fact("Menu"), MENU)
        self._ask(new_method_call(menu, "Event", "isvu", (self.rows()[label], "clicked", ("s", ""), 0)))

    def _at(self, path: str, interface: str) -> DBusAddress:
        return DBusAddress(path, bus_name=self.item, interface=interface)

    def _ask(self, message: Any) -> Any:
        reply = self.connection.send_and_get_reply(message, timeout=10)
        if reply.header.message_type is MessageType.error:
            raise LookupError(f"{reply.header.fields.get(HeaderFields.error_name)}: {reply.body}")
        return reply.body


@contextmanager
def panel(bus: str, item: str) -> Iterator[Panel]:
    with open_dbus_connection(bus) as connection:
        yield Panel(connection, item)


def _labels(row: Any) -> Iterator[tuple[str, int]]:
    number, facts, below = row
    if "label" in facts:
        yield facts["label"][1].replace("\u00a0", " "), number
    for _, child in below:
        yield from _labels(child)
