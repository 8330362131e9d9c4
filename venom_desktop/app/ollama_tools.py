"""What the Runtime tab is given for Ollama: its setup, its tuning, its log, a free port, its systemd unit."""

import re
from pathlib import Path

from venom_desktop.app.compose_ollama import OllamaParts
from venom_desktop.app.own_service import own_service
from venom_desktop.core.runtimes.control.drop_in import DropIn, drop_in_for
from venom_desktop.core.runtimes.control.unit import Unit
from venom_desktop.core.runtimes.control.unit_file import UnitFile, unit_file_for
from venom_desktop.core.runtimes.ollama_facts import listen_text, local_address
from venom_desktop.core.runtimes.tuning import Source
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.ui.runtime.server_tools import ServerTools, ServiceDesk
from venom_desktop.ui.runtime.tuning_desk import tuning_desk


def ollama_tools(ollama: OllamaParts, settings: SettingsStore) -> ServerTools:
    def unit() -> Unit | None:
        seen = ollama.server.seen
        return None if seen is None else seen.unit

    def drop_in() -> DropIn | None:
        """What the unit lacks of the tuning; None when it has it all, when there is none, or when nobody can tell."""
        kept = unit()
        if kept is None or kept.environment is None:
            return None
        rows = ollama.tuning.rows(kept.environment)
        lacking = any(row.in_server is False and row.source is not Source.SERVER_DEFAULT for row in rows)
        return drop_in_for(kept, ollama.tuning.environment()) if lacking else None

    async def write_drop_in() -> None:
        wanted = drop_in()
        if wanted is not None:
            await ollama.server.write_drop_in(wanted)
            await ollama.runtime.restart()

    async def use_free_port(port: int) -> None:
        host = without_port(settings.snapshot.ollama_host)
        if host != settings.snapshot.ollama_host:
            await settings.set("ollama_host", host)
        await settings.set("ollama_port", port)

    return ServerTools(
        setup=ollama.setup,
        tuning=tuning_desk(
            ollama.tuning,
            settings,
            server_environment=lambda: ollama.server_environment,
            drop_in=drop_in,
            write_drop_in=write_drop_in,
        ),
        read_log=ollama.runtime.read_log,
        use_free_port=use_free_port,
        unit=unit,
        service=_service(ollama, settings),
    )


def _service(ollama: OllamaParts, settings: SettingsStore) -> ServiceDesk:
    def fill(unit: str, program: Path) -> UnitFile:
        environment = dict(ollama.tuning.environment())
        address = local_address(settings.snapshot.ollama_endpoint)
        if address is not None:
            environment["OLLAMA_HOST"] = listen_text(address, environment.get("OLLAMA_HOST"))
        return unit_file_for("ollama.service", unit, program, environment)

    return own_service(
        ollama.runtime,
        ollama.server,
        program=ollama.program.path,
        looked_for=lambda: (settings.snapshot.ollama_systemd_unit, settings.snapshot.ollama_systemd_scope),
        fill=fill,
    )


def without_port(host: str) -> str:
    """A port in the host would win over the setting of the port; what it lets in stays as it was."""
    scheme, divider, rest = host.rpartition("://")
    if rest.count(":") > 1 and "]" not in rest:
        return host
    return f"{scheme}{divider}{re.sub(r':[0-9]{1,5}(?=/|$)', '', rest)}"
