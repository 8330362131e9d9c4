"""Live charts of the machine, fed once a second while somebody can see them."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from venom_desktop.core.host.monitor import HostMonitor
from venom_desktop.core.host.sample import GpuSample, HostSample
from venom_desktop.ui.bridge import Bridge, Subscription
from venom_desktop.ui.i18n import NO_BREAK, number, tr
from venom_desktop.ui.widgets import Chart, Frame, Label, clear, column, row

SECONDS = 120
GIGABYTE = 1e9
Pick = Callable[[HostSample], float | None]


def by_second(history: Sequence[HostSample], pick: Pick, *, seconds: int = SECONDS) -> list[float]:
    """The value at every second up to the newest sample: samples are not evenly spaced, charts are."""
    if not history:
        return []
    newest = history[-1].taken_at
    waiting = list(history)
    values: list[float] = []
    current: float | None = None
    for back in range(seconds - 1, -1, -1):
        moment = newest - timedelta(seconds=back)
        while waiting and waiting[0].taken_at <= moment:
            current = pick(waiting.pop(0))
        if current is not None:
            values.append(current)
    return values


class MetricCard(Frame):
    """A name, the newest value in strong, and two minutes of it."""

    def __init__(self, title: str, *, limit: float | None = None) -> None:
        self._title = title
        self.value = Label("", "strong")
        self._unit = Label("", "small", tone="text2")
        self.chart = Chart(title, limit=limit)
        head = row(Label(title, "small", tone="text2"), None, self.value, self._unit, spacing=4)
        super().__init__("card", column(head, (self.chart, 1), spacing=6, margins=(14, 10, 14, 12)))
        _size(self)

    def show_values(self, values: Sequence[float], value: str, unit: str) -> None:
        self.value.setText(value)
        self._unit.setText(unit)
        self.chart.show_values(values, f"{value} {unit}")


class NoGpuCard(Frame):
    """Stands in the row where graphics cards would."""

    def __init__(self) -> None:
        title = Label(tr("Graphics card"), "small", tone="text2")
        heading = Label(tr("No graphics card found"), "medium", wrap=True)
        sentence = Label(tr("Models run on the processor, in main memory."), "small", tone="text2", wrap=True)
        content = column(title, 6, heading, sentence, None, spacing=2, margins=(14, 10, 14, 12))
        super().__init__("card", content)
        _size(self)


class HostCharts(QWidget):
    """CPU and RAM always, load and memory of each graphics card that there is."""

    def __init__(self, bridge: Bridge, host: HostMonitor) -> None:
        super().__init__()
        self._bridge = bridge
        self._host = host
        self._watching: Subscription | None = None
        self._gpus: tuple[int, ...] | None = None
        self.cpu = MetricCard(tr("CPU"))
        self.memory = MetricCard(tr("RAM"))
        self.gpu_cards: list[tuple[MetricCard, MetricCard]] = []
        self._more: QHBoxLayout = row(spacing=12)
        self._row: QHBoxLayout = row((self.cpu, 1), (self.memory, 1), (self._more, 1), spacing=12)
        self.setLayout(self._row)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._watching is None:
            self._watching = self._bridge.listen(_Closely(self._host), self, self._show_sample)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self._watching is not None:
            self._watching.end()
            self._watching = None

    def _show_sample(self, sample: HostSample) -> None:
        history = self._host.history
        cpu = by_second(history, lambda one: one.cpu_percent / 100)
        self.cpu.show_values(cpu, number(sample.cpu_percent), "%")
        memory = by_second(history, lambda one: one.memory_used_bytes / one.memory_total_bytes)
        self.memory.show_values(memory, *_of(sample.memory_used_bytes, sample.memory_total_bytes))
        self._show_gpus(sample.gpus, history)

    def _show_gpus(self, gpus: Sequence[GpuSample], history: Sequence[HostSample]) -> None:
        indexes = tuple(gpu.index for gpu in gpus)
        if indexes != self._gpus:
            self._gpus = indexes
            self._place_gpus(gpus)
        for place, (gpu, (load, memory)) in enumerate(zip(gpus, self.gpu_cards, strict=True)):
            loads = by_second(history, lambda one, place=place: _load(one, place))  # type: ignore[misc]
            load.show_values(loads, _whole(gpu.load_percent), "%")
            used = by_second(history, lambda one, place=place: _memory(one, place))  # type: ignore[misc]
            memory.show_values(used, *_of(gpu.memory_used_bytes, gpu.memory_total_bytes))

    def _place_gpus(self, gpus: Sequence[GpuSample]) -> None:
        clear(self._more)
        several = len(gpus) > 1
        self.gpu_cards = [
            (
                MetricCard(f"{tr('GPU')}{NO_BREAK}{gpu.index}" if several else tr("GPU")),
                MetricCard(f"{tr('VRAM')}{NO_BREAK}{gpu.index}" if several else tr("VRAM"), limit=0.9),
            )
            for gpu in gpus
        ]
        for gpu, pair in zip(gpus, self.gpu_cards, strict=True):
            for card in pair:
                card.setToolTip(gpu.name)
                self._more.addWidget(card, 1)
        self._row.setStretch(2, max(1, 2 * len(gpus)))
        if not gpus:
            self._more.addWidget(NoGpuCard(), 1)


def _size(card: QWidget) -> None:
    """All cards of the row are of one width, whatever stands in them."""
    card.setMinimumSize(1, 112)
    card.setMaximumHeight(140)
    card.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)


class _Closely:
    """The monitor as a source that is asked for a sample every second."""

    def __init__(self, host: HostMonitor) -> None:
        self._host = host

    def subscribe(self, listener: Callable[[HostSample], None], /) -> Callable[[], None]:
        return self._host.subscribe(listener, closely=True)


def _load(sample: HostSample, place: int) -> float | None:
    percent = sample.gpus[place].load_percent if place < len(sample.gpus) else None
    return None if percent is None else percent / 100


def _memory(sample: HostSample, place: int) -> float | None:
    gpu = sample.gpus[place] if place < len(sample.gpus) else None
    if gpu is None or gpu.memory_used_bytes is None or not gpu.memory_total_bytes:
        return None
    return gpu.memory_used_bytes / gpu.memory_total_bytes


def _whole(percent: float | None) -> str:
    return tr("unknown") if percent is None else number(percent)


def _of(used_bytes: int | None, total_bytes: int | None) -> tuple[str, str]:
    """ "21.4" and "of 64 GB"."""
    if used_bytes is None or total_bytes is None:
        return tr("unknown"), ""
    total = f"{number(total_bytes / GIGABYTE)}{NO_BREAK}GB"
    return number(used_bytes / GIGABYTE, 1), tr("of {total}", total=total)
