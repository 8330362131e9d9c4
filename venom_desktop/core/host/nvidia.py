"""Asks NVIDIA's driver for its cards and what their memory holds; a driver that hangs is given up."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from venom_desktop.core.errors import GraphicsUntold, VenomError
from venom_desktop.core.host.sample import GpuSample
from venom_desktop.core.signals import Signal

ANSWERS_WITHIN_S = 3.0
PCI_DEVICES = Path("/sys/bus/pci/devices")
T = TypeVar("T")
_NVIDIA, _DISPLAY = "0x10de", "0x03"


class Library(Protocol):
    """The part of NVML that is used, by the names of `pynvml`; every call may block and may raise."""

    def nvmlDeviceGetCount(self) -> int: ...  # noqa: N802 - NVML's own names

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Any: ...  # noqa: N802

    def nvmlDeviceGetName(self, handle: Any) -> str: ...  # noqa: N802

    def nvmlDeviceGetMemoryInfo(self, handle: Any) -> Any: ...  # noqa: N802

    def nvmlDeviceGetUtilizationRates(self, handle: Any) -> Any: ...  # noqa: N802

    def nvmlDeviceGetComputeRunningProcesses(self, handle: Any) -> Iterable[Any]: ...  # noqa: N802

    def nvmlDeviceGetGraphicsRunningProcesses(self, handle: Any) -> Iterable[Any]: ...  # noqa: N802


def load_library() -> Library:
    """NVML as `pynvml` gives it; raises when there is no driver."""
    import pynvml

    pynvml.nvmlInit()
    library: Library = pynvml
    return library


def all_asleep(devices: Path = PCI_DEVICES) -> bool:
    """Whether every NVIDIA card is powered down: asking would wake it, and what sleeps holds nothing."""
    states = [
        _text(device / "power" / "runtime_status")
        for device in (devices.iterdir() if devices.is_dir() else ())
        if _text(device / "vendor") == _NVIDIA and _text(device / "class").startswith(_DISPLAY)
    ]
    return bool(states) and all(state == "suspended" for state in states)


class Nvidia:
    """Implements `GraphicsMemory`. One question at a time, each in a thread with a deadline.

    A machine without a card is found out once. `gave_up` tells that the driver hangs; it is not asked again.
    """

    def __init__(
        self,
        load: Callable[[], Library] = load_library,
        *,
        asleep: Callable[[], bool] = all_asleep,
        within_s: float = ANSWERS_WITHIN_S,
    ) -> None:
        self.gave_up: Signal[VenomError] = Signal()
        self._load = load
        self._asleep = asleep
        self._within_s = within_s
        self._library: Library | None = None
        self._absent = False
        self._cards: tuple[GpuSample, ...] = ()
        """As last told."""
        self._turn = asyncio.Lock()

    async def process_bytes(self) -> Mapping[int, int | None] | None:
        return await self._answer(_held)

    async def cards(self) -> tuple[GpuSample, ...] | None:
        """Every card in the driver's order; None without a driver or an answer. What sleeps is as it was, and empty."""
        told = await self._answer(_cards, asleep=self._sleeping)
        self._cards = told or ()
        return told

    def _sleeping(self) -> tuple[GpuSample, ...] | None:
        return tuple(replace(card, load_percent=0.0, memory_used_bytes=0) for card in self._cards) or None

    async def _answer(
        self, question: Callable[[Library], T], *, asleep: Callable[[], T | None] = lambda: None
    ) -> T | None:
        async with self._turn:
            if self._absent:
                return None
            answer = _in_daemon_thread(lambda: self._ask(question, asleep))
            await asyncio.wait((answer,), timeout=self._within_s)
            if answer.done():
                return answer.result()
            self._absent = True
            self.gave_up.publish(GraphicsUntold())
            return None

    def _ask(self, question: Callable[[Library], T], asleep: Callable[[], T | None]) -> T | None:
        if self._asleep():
            return asleep()
        try:
            if self._library is None:
                self._library = self._load()
            return question(self._library)
        except Exception:  # noqa: BLE001 - a library of C with errors of its own; no driver is the normal case
            self._absent = self._library is None
            return None


def _cards(library: Library) -> tuple[GpuSample, ...]:
    return tuple(_card(library, index) for index in range(library.nvmlDeviceGetCount()))


def _card(library: Library, index: int) -> GpuSample:
    """A card may keep single facts to itself, as one that is split into instances does its load."""
    handle = library.nvmlDeviceGetHandleByIndex(index)
    memory = _told(lambda: library.nvmlDeviceGetMemoryInfo(handle))
    load = _told(lambda: float(library.nvmlDeviceGetUtilizationRates(handle).gpu))
    return GpuSample(
        index=index,
        name=_told(lambda: library.nvmlDeviceGetName(handle)) or "NVIDIA",
        load_percent=load,
        memory_used_bytes=None if memory is None else int(memory.used),
        memory_total_bytes=None if memory is None else int(memory.total),
    )


def _told(ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except Exception:  # noqa: BLE001 - as above
        return None


def _held(library: Library) -> dict[int, int | None]:
    found: dict[int, int | None] = {}
    for index in range(library.nvmlDeviceGetCount()):
        handle = library.nvmlDeviceGetHandleByIndex(index)
        # A process that computes and draws is in both lists of a card, with the same bytes.
        on_card = {
            process.pid: process.usedGpuMemory
            for ask in (library.nvmlDeviceGetGraphicsRunningProcesses, library.nvmlDeviceGetComputeRunningProcesses)
            for process in ask(handle)
        }
        for pid, count in on_card.items():
            before = found.get(pid, 0)
            found[pid] = None if count is None or before is None else before + count
    return found


def _in_daemon_thread(work: Callable[[], T]) -> asyncio.Future[T]:
    """Run `work` in a thread that cannot hold up the end of the program, as an executor's would."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(value: T) -> None:
        if not answer.done():
            answer.set_result(value)

    def run() -> None:
        value = work()
        with contextlib.suppress(RuntimeError):  # the loop was closed before the driver answered
            loop.call_soon_threadsafe(settle, value)

    threading.Thread(target=run, name="nvml", daemon=True).start()
    return answer


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
