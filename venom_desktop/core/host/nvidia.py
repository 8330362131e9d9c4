"""Asks NVIDIA's driver which process holds how much graphics memory; a driver that hangs is given up."""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from venom_desktop.core.errors import GraphicsUntold, VenomError
from venom_desktop.core.signals import Signal

ANSWERS_WITHIN_S = 3.0
PCI_DEVICES = Path("/sys/bus/pci/devices")
Answer = Mapping[int, int | None] | None
_NVIDIA, _DISPLAY = "0x10de", "0x03"


class Library(Protocol):
    """The part of NVML that is used, by the names of `pynvml`; every call may block and may raise."""

    def nvmlDeviceGetCount(self) -> int: ...  # noqa: N802 - NVML's own names

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Any: ...  # noqa: N802

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
        self._turn = asyncio.Lock()

    async def process_bytes(self) -> Answer:
        async with self._turn:
            if self._absent:
                return None
            answer = _in_daemon_thread(self._ask)
            await asyncio.wait((answer,), timeout=self._within_s)
            if answer.done():
                return answer.result()
            self._absent = True
            self.gave_up.publish(GraphicsUntold())
            return None

    def _ask(self) -> Answer:
        if self._asleep():
            return None
        try:
            if self._library is None:
                self._library = self._load()
            return _held(self._library)
        except Exception:  # noqa: BLE001 - a library of C with errors of its own; no driver is the normal case
            self._absent = self._library is None
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


def _in_daemon_thread(work: Callable[[], Answer]) -> asyncio.Future[Answer]:
    """Run `work` in a thread that cannot hold up the end of the program, as an executor's would."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Answer] = loop.create_future()

    def settle(value: Answer) -> None:
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
