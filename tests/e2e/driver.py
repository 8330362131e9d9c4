"""The window's own program with a hand in it: the test tells it over a socket what to look at, click and type.

`python -m tests.e2e.driver FD [ARGUMENT...]` answers JSON lines on the socket FD. The hand sees what is visible
and acts by mouse and key events alone; a widget that is covered, disabled or behind a dialog cannot be clicked.
"""

import json
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QApplication

from tests.e2e import hand, tray_hand


class Desk(QObject):
    """Carries a call from the thread that reads the socket to the thread of the window."""

    asked = QtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        self.asked.connect(self._do, Qt.ConnectionType.QueuedConnection)

    def ask(self, call: Callable[[], object]) -> object:
        """Run `call` in the window's thread and answer what it answers, or raise what it raises."""
        done = threading.Event()
        outcome: dict[str, Any] = {}
        self.asked.emit((call, outcome, done))
        done.wait()
        if "error" in outcome:
            raise outcome["error"]
        return outcome["value"]

    @Slot(object)
    def _do(self, asked: tuple[Callable[[], object], dict[str, Any], threading.Event]) -> None:
        call, outcome, done = asked
        try:
            outcome["value"] = call()
        except LookupError as error:
            outcome["error"] = error
        finally:
            outcome.setdefault("error", RuntimeError("the hand failed; see stderr")) if "value" not in outcome else None
            done.set()


def serve(channel: socket.socket) -> None:
    """Answer requests until the test goes away."""
    desk: Desk | None = None
    with channel, channel.makefile("rw", encoding="utf-8") as lines:
        for line in lines:
            request = json.loads(line)
            app = QApplication.instance()
            if app is None:
                answer: dict[str, object] = {"error": "the application is not there yet"}
            else:
                if desk is None:
                    desk = Desk()
                    desk.moveToThread(app.thread())
                answer = _answer(desk, request)
            lines.write(f"{json.dumps(answer)}\n")
            lines.flush()


def _answer(desk: Desk, request: dict[str, Any]) -> dict[str, object]:
    act = (hand.ACTIONS | tray_hand.ACTIONS)[request.pop("do")]
    try:
        return {"value": desk.ask(lambda: act(**request))}
    except (LookupError, RuntimeError) as error:
        return {"error": str(error)}


def main() -> int:
    channel = socket.socket(fileno=int(sys.argv[1]))
    channel.set_inheritable(False)
    threading.Thread(target=serve, args=(channel,), daemon=True, name="hand").start()
    from venom_desktop.app.main import main as venom_desktop

    return venom_desktop(sys.argv[2:])


if __name__ == "__main__":
    sys.exit(main())
