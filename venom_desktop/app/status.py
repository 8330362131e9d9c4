"""Keeps the status bar true: who answers, how fast, and what the machine has left."""

from venom_desktop.core.governance.base import CallRecord, Purpose
from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.runtimes.live import RuntimeNews
from venom_desktop.core.runtimes.profiles import RuntimeProfile
from venom_desktop.core.services import Services
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.i18n import tokens_per_second
from venom_desktop.ui.main_window import MainWindow
from venom_desktop.ui.while_seen import WhileSeen


def keep_status_true(window: MainWindow, services: Services, bridge: Bridge) -> WhileSeen:
    """Until the window is gone; what is returned asks how the machine is, and is to be closed before."""
    status = window.status
    speed = ""

    def show_runtime(_: object = None) -> None:
        key = services.active.snapshot.key
        runtime = services.runtimes.get(key.runtime) if key else None
        profile = RuntimeProfile(services.settings.snapshot.runtime_profile.value)
        if key is None or runtime is None or not profile.allows(key.runtime):
            status.show_runtime(None, None, None)
        else:
            status.show_runtime(runtime.snapshot.title, key.name, runtime.snapshot.state, speed)

    def take_call(record: CallRecord) -> None:
        nonlocal speed
        if record.usage.tokens_per_s is not None and record.request.purpose is not Purpose.PROBE:
            speed = tokens_per_second(record.usage.tokens_per_s)
            show_runtime()

    def forget_speed(_: object) -> None:
        nonlocal speed
        speed = ""
        show_runtime()

    def show_disk(inventory: InventorySnapshot) -> None:
        limit_bytes = round(services.settings.snapshot.max_storage_gb * 10**9)
        status.show_disk(inventory.total_bytes, limit_bytes)

    bridge.listen(services.active.changed, status, forget_speed)
    bridge.listen(services.gate.calls, status, take_call)
    bridge.listen_merged(RuntimeNews(services.runtimes), status, show_runtime)
    bridge.listen_merged(services.registry.inventory.changed, status, lambda batch: show_disk(batch[-1]))
    bridge.listen(services.settings.changed, status, show_runtime)
    bridge.listen(services.settings.changed, status, lambda _: show_disk(services.registry.inventory.snapshot))
    show_runtime()
    show_disk(services.registry.inventory.snapshot)
    return WhileSeen(window, lambda: services.host.subscribe(status.show_host))
