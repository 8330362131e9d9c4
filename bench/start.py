"""Start: first event-loop turn after the window shows, and resident memory, beside a bare six-tab PySide6 window."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.nowhere import NOWHERE

RUNS = 7
TIME_LIMIT = MEMORY_LIMIT = 2.0

_BARE = """
import sys, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow, QTabWidget, QWidget

class Window(QMainWindow):
    def showEvent(self, event):
        super().showEvent(event)
        QTimer.singleShot(0, lambda: print("turn", time.time(), flush=True))

app = QApplication([])
tabs = QTabWidget()
for name in ("Catalog", "Trending", "Installed", "Runtime", "Papers", "Settings"):
    tabs.addTab(QWidget(), name)
window = Window()
window.setCentralWidget(tabs)
window.resize(1280, 800)
window.show()
QTimer.singleShot(1000, lambda: print("settled", flush=True))
app.exec()
"""

_OURS = """
import time
from PySide6.QtCore import QTimer
from venom_desktop.app import desktop

class Window(desktop.MainWindow):
    def showEvent(self, event):
        super().showEvent(event)
        QTimer.singleShot(0, lambda: print("turn", time.time(), flush=True))
    def set_pages(self, pages):
        super().set_pages(pages)
        QTimer.singleShot(2000, lambda: print("settled", flush=True))

desktop.MainWindow = Window
desktop.run()
"""


def _run(code: str, home: Path) -> tuple[float, float]:
    """Seconds from the start of the process to the first turn, and MB resident once it has settled."""
    environment = {
        **os.environ,
        "VENOM_HOME": str(home),
        **NOWHERE,
        "HF_ENDPOINT": "http://127.0.0.1:9",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
    began = time.time()
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment) as process:
        if process.stdout is None:
            raise RuntimeError("started without a pipe")
        turn = float(process.stdout.readline().split()[1]) - began
        if process.stdout.readline().strip() != "settled":
            raise RuntimeError("the window did not settle")
        resident = _resident_mb(process.pid)
        process.terminate()
    return turn, resident


def _resident_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("the kernel does not tell the resident size")


def main() -> None:
    found: dict[str, list[tuple[float, float]]] = {"bare": [], "venom": []}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(RUNS + 1):
            for name, code in (("bare", _BARE), ("venom", _OURS)):
                measured = _run(code, Path(folder))
                if number:
                    found[name].append(measured)
    turn = {name: statistics.median(one[0] for one in rows) for name, rows in found.items()}
    resident = {name: statistics.median(one[1] for one in rows) for name, rows in found.items()}
    for name in found:
        print(f"start_{name}_first_turn {turn[name] * 1000:.0f} ms")
        print(f"start_{name}_resident {resident[name]:.0f} MB")
    print(f"start_first_turn_over_bare {turn['venom'] / turn['bare']:.2f} ratio")
    print(f"start_first_turn_limit {TIME_LIMIT:.1f} ratio")
    print(f"start_resident_over_bare {resident['venom'] / resident['bare']:.2f} ratio")
    print(f"start_resident_limit {MEMORY_LIMIT:.1f} ratio")


if __name__ == "__main__":
    main()
