"""Builds what looks after the runtimes: who died and comes back, and whether what was active still is."""

from collections.abc import Callable, Mapping
from contextlib import suppress

from venom_desktop.core.errors import StateDiffers, VenomError
from venom_desktop.core.operations.operation import OperationType
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.registry.registry import ModelRegistry
from venom_desktop.core.runtimes.active import ActiveModelStore
from venom_desktop.core.runtimes.base import Runtime, ServerRuntime
from venom_desktop.core.runtimes.crash_watch import CrashWatch
from venom_desktop.core.runtimes.live import RuntimeNews
from venom_desktop.core.runtimes.profile_change import ChangeProfile
from venom_desktop.core.runtimes.profiles import RuntimeProfile
from venom_desktop.core.runtimes.state_check import StateCheck, compare
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

    return CrashWatch(
        runtimes,
        bring_back=bring_back,
        active=lambda: active.snapshot.key,
        restarts=lambda: settings.snapshot.restart_after_crash,
        is_switching=lambda: registry.is_switching,
    )


def build_state_check(
    registry: ModelRegistry, runtimes: Mapping[str, Runtime], *, active: ActiveModelStore, settings: SettingsStore
) -> StateCheck:
    """It looks again at every change of what it compares, until there is no difference any more."""

    def is_installed(key: ModelKey) -> bool | None:
        inventory = registry.inventory.snapshot
        store = inventory.stores.get(key.runtime)
        if any(model.key == key for model in inventory.models):
            return True
        return None if store is not None and not store.reachable else False

    def look() -> StateDiffers | None:
        return compare(
            active.snapshot,
            {name: runtime.snapshot for name, runtime in runtimes.items()},
            profile=RuntimeProfile(settings.snapshot.runtime_profile.value),
            is_installed=is_installed,
        )

    check = StateCheck(look)
    active.changed.subscribe(check.look_again)
    settings.changed.subscribe(check.look_again)
    registry.inventory.changed.subscribe(check.look_again)
    RuntimeNews(runtimes).subscribe(check.look_again)
    return check


def pause_when_offline(registry: ModelRegistry, settings: SettingsStore) -> None:
    """What is on its way from elsewhere stops when the user begins to work offline; they resume it."""
    was_offline = settings.snapshot.offline

    def take(_: object) -> None:
        nonlocal was_offline
        begins, was_offline = settings.snapshot.offline and not was_offline, settings.snapshot.offline
        for operation in registry.operations.operations if begins else ():
            on_its_way = operation.operation_type in (OperationType.INSTALL, OperationType.UPDATE)
            if on_its_way and not operation.status.is_final:
                # One that ends in this moment, or is paused already, needs no pause.
                with suppress(VenomError):
                    registry.pause(operation.operation_id)

    settings.changed.subscribe(take)


def build_profiles(
    registry: ModelRegistry, runtimes: Mapping[str, Runtime], *, active: ActiveModelStore, settings: SettingsStore
) -> ChangeProfile:
    return ChangeProfile(
        runtimes,
        current=lambda: RuntimeProfile(settings.snapshot.runtime_profile.value),
        active=lambda: active.snapshot.key,
        deactivate=registry.deactivate,
        require_free=lambda: settings.require_free("runtime_profile"),
        save=lambda profile: settings.set("runtime_profile", profile),
    )
