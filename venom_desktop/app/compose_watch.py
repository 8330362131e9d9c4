"""Builds what looks after the runtimes: notices deaths and brings back what died."""

from collections.abc import Callable, Mapping

from venom_desktop.core.operations.operation import OperationType
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.registry.registry import ModelRegistry
from venom_desktop.core.runtimes.active import ActiveModelStore
from venom_desktop.core.runtimes.base import Runtime, ServerRuntime
from venom_desktop.core.runtimes.crash_watch import CrashWatch
from venom_desktop.core.settings.store import SettingsStore


def build_crash_watch(
    registry: ModelRegistry,
    runtimes: Mapping[str, Runtime],
    *,
    active: ActiveModelStore,
    settings: SettingsStore,
    require_runtime: Callable[[str], None],
) -> CrashWatch:
    """What it brings back goes the way of every activation."""

    async def bring_back(name: str, held: ModelKey | None) -> None:
        require_runtime(name)
        runtime = runtimes[name]
        if held is not None:
            await registry.activate_model(held.name, held.runtime)
        elif isinstance(runtime, ServerRuntime):
            await runtime.start()

    def is_switching() -> bool:
        activations = (one for one in registry.operations.operations if one.operation_type is OperationType.ACTIVATE)
        return any(not one.status.is_final for one in activations)

    return CrashWatch(
        runtimes,
        bring_back=bring_back,
        active=lambda: active.snapshot.key,
        restarts=lambda: settings.snapshot.restart_after_crash,
        is_switching=is_switching,
    )
