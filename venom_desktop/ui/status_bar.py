"""The line at the bottom: who answers, and what the machine has left."""

from PySide6.QtCore import QSize
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QWidget

from venom_desktop.core.host.sample import GpuSample, HostSample
from venom_desktop.core.runtimes.state import RuntimeState
from venom_desktop.ui import icons, theme
from venom_desktop.ui.i18n import NO_BREAK, facts, isolate, number, percent, tr, unknown
from venom_desktop.ui.runtime_state import state_look
from venom_desktop.ui.theme_tokens import ColorRole
from venom_desktop.ui.widgets.buttons import Button
from venom_desktop.ui.widgets.charts import Sparkline
from venom_desktop.ui.widgets.frames import Frame
from venom_desktop.ui.widgets.labels import Icon, Label
from venom_desktop.ui.widgets.layouts import row

HEIGHT = 32


class Meter(QWidget):
    """A word, a sparkline, a value: "RAM 21.4 / 64 GB", or "RAM 33 %" where room is short."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._line = Sparkline(name)
        self._value = Label("", "small")
        self._texts = ("", "")
        self._narrow = False
        self.setLayout(row(Label(name, "small", tone="text2"), self._line, self._value, spacing=6))

    def add(self, fraction: float | None, text: str) -> None:
        """Take the newest value; None is unknown and leaves a gap in no line."""
        if fraction is not None:
            self._line.add(fraction)
        self._texts = (text, percent(fraction))
        self._show()

    def set_narrow(self, narrow: bool) -> None:
        self._narrow = narrow
        self._show()

    @property
    def text(self) -> str:
        return self._value.text()

    def _show(self) -> None:
        self._value.setText(self._texts[1 if self._narrow else 0])
        self.setToolTip(f"{self._name} {self._texts[0]}")
        self.setAccessibleName(f"{self._name} {self._texts[0]}")


class StatusBar(Frame):
    """Takes snapshots; `switcher_requested` tells that runtime and model were clicked."""

    switcher_requested = QtSignal()

    def __init__(self) -> None:
        super().__init__("status")
        self.runtime = Button("", "quiet", size="dense", on_click=self.switcher_requested.emit)
        self.runtime.setIconSize(QSize(10, 10))
        self.detail = Label("", "small", tone="text2")
        self.processor, self.memory = Meter(tr("CPU")), Meter(tr("RAM"))
        self.graphics, self.graphics_memory = Meter(tr("GPU")), Meter(tr("VRAM"))
        self.no_graphics = Label(tr("No GPU found"), "small", tone="text2")
        self.disk = Label("", "small")
        self._disk = QWidget()
        self._disk.setLayout(row(Icon("disk", 14), self.disk, spacing=6))
        meters = (self.processor, self.memory, self.graphics, self.graphics_memory, self.no_graphics)
        self.setLayout(row(self.runtime, self.detail, None, *meters, self._disk, spacing=16, margins=(8, 0, 16, 0)))
        self.setFixedHeight(max(HEIGHT, theme.metrics("small").height() + 14))
        self.setAccessibleName(tr("Status"))
        self._meters = meters[:4]
        self.show_runtime(None, None, None)
        self._show_graphics(())
        self._disk.hide()
        for meter in self._meters[:2]:
            meter.add(None, unknown())

    def show_runtime(
        self, runtime: str | None, model: str | None, state: RuntimeState | None, detail: str = ""
    ) -> None:
        """Who answers. None for both: nothing runs. `detail` is a fact such as "47 tok/s"."""
        words, icon, role = _look(state)
        name = facts(runtime, model) or tr("No model running")
        self.runtime.set_content(name, icon)
        self.runtime.setText(f"{NO_BREAK}{NO_BREAK}{name}")
        self.runtime.setIcon(icons.icon(icon, role))
        self.runtime.set_help(tr("Switch runtime or model (Ctrl+K)"))
        self.runtime.setAccessibleName(facts(name, words) if runtime else name)
        self.detail.setText(facts(words, detail) if runtime else "")

    def show_host(self, sample: HostSample) -> None:
        """The machine's newest sample; without a graphics card the bar says so."""
        load = sample.cpu_percent / 100
        self.processor.add(load, percent(load))
        used, total = sample.memory_used_bytes, sample.memory_total_bytes
        self.memory.add(used / total if total else None, _of(used, total))
        self._show_graphics(sample.gpus)

    def show_disk(self, used_bytes: int | None, limit_bytes: int | None) -> None:
        """Bytes that models use of the quota; no limit leaves only the use."""
        self._disk.setVisible(used_bytes is not None)
        self.disk.setText(_of(used_bytes, limit_bytes))
        self._disk.setToolTip(tr("Models use {amount} of the quota", amount=_of(used_bytes, limit_bytes)))
        self._disk.setAccessibleName(self._disk.toolTip())

    def set_narrow(self, narrow: bool) -> None:
        """Give amounts way to percents."""
        for meter in self._meters:
            meter.set_narrow(narrow)

    def _show_graphics(self, cards: tuple[GpuSample, ...]) -> None:
        for widget in (self.graphics, self.graphics_memory):
            widget.setVisible(bool(cards))
        self.no_graphics.setVisible(not cards)
        if not cards:
            return
        loads = [card.load_percent for card in cards if card.load_percent is not None]
        load = max(loads) / 100 if loads else None
        self.graphics.add(load, percent(load))
        used = _sum([card.memory_used_bytes for card in cards])
        total = _sum([card.memory_total_bytes for card in cards])
        self.graphics_memory.add(used / total if used is not None and total else None, _of(used, total))


def _look(state: RuntimeState | None) -> tuple[str, str, ColorRole]:
    if state is None:
        return "", "ring", "text3"
    look = state_look(state)
    # Beside the name of a model "running" would say less than that it can be asked.
    return (tr("Ready") if state is RuntimeState.RUNNING else look.text), look.glyph, look.state


def _sum(amounts: list[int | None]) -> int | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None


def _of(used_bytes: float | None, total_bytes: float | None) -> str:
    """ "21.4 / 64 GB"."""
    if used_bytes is None:
        return unknown()
    used = number(used_bytes / 1e9, 1 if used_bytes >= 0.05e9 else 0)
    if not total_bytes:
        return isolate(f"{used}{NO_BREAK}GB")
    return isolate(f"{used} / {number(total_bytes / 1e9, 0 if total_bytes >= 9.95e9 else 1)}{NO_BREAK}GB")
