"""Ties the tuning editor to the settings of this program and to the server that runs."""

from collections.abc import Awaitable, Callable, Mapping

from venom_desktop.core.runtimes.control.drop_in import DropIn
from venom_desktop.core.runtimes.tuning import PROFILE_VARIABLE, Tuning
from venom_desktop.core.settings.store import SettingsStore, Source
from venom_desktop.ui.runtime.server_tools import TuningDesk


def tuning_desk(
    tuning: Tuning,
    settings: SettingsStore,
    *,
    server_environment: Callable[[], Mapping[str, str] | None],
    drop_in: Callable[[], DropIn | None] = lambda: None,
    write_drop_in: Callable[[], Awaitable[object]] | None = None,
) -> TuningDesk:
    """`server_environment` is what the running server was given, None while none runs or that is unknown."""
    locked = settings.source("ollama_profile") is Source.ENVIRONMENT
    return TuningDesk(
        rows=lambda: tuning.rows(server_environment()),
        profile=lambda: settings.snapshot.ollama_profile,
        chosen=lambda: dict(settings.snapshot.ollama_variables),
        store_profile=lambda profile: settings.set("ollama_profile", profile),
        store_chosen=lambda chosen: settings.set("ollama_variables", dict(chosen)),
        changed=settings.changed,
        profile_variable=PROFILE_VARIABLE if locked else None,
        drop_in=drop_in,
        write_drop_in=write_drop_in,
    )
