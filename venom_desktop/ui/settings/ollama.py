"""Ollama: its program, where it answers, how one started here is tuned, and whose unit it may be."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtWidgets import QWidget

from venom_desktop.core.runtimes.ollama_check import check_ollama
from venom_desktop.core.settings.environment import OLLAMA_PORT
from venom_desktop.core.settings.schema import OllamaProfile
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.runtime.tuning_words import profile_words
from venom_desktop.ui.settings.path_row import ProgramRow
from venom_desktop.ui.settings.picking import Picker
from venom_desktop.ui.settings.rows import FieldRow, SegmentedRow
from venom_desktop.ui.settings.unit_rows import unit_rows

ADDRESS_WIDTH: Final = 260


class OllamaProgramRow(ProgramRow):
    def __init__(self, bridge: Bridge, settings: SettingsStore, picker: Picker) -> None:
        super().__init__(
            bridge,
            settings,
            picker,
            "ollama_path",
            program="ollama",
            title=tr("Program"),
            help_text=tr("Without a choice: the one installed from here, else the one on PATH."),
            undo=tr("Return to the one that is found"),
        )

    def default_words(self) -> str:
        return tr("Found by itself")

    async def tried(self, program: Path) -> str:
        version = await check_ollama(program)
        return tr("It is Ollama {version}. It is used from the next start on.", version=version)


class OllamaHostRow(FieldRow):
    """Stored as it was typed: `0.0.0.0` says where a server listens, too."""

    def __init__(self, bridge: Bridge, settings: SettingsStore) -> None:
        super().__init__(
            bridge,
            settings,
            "ollama_host",
            title=tr("Address"),
            help_text=tr("This computer, or another one that lets this one in. It is asked from now on."),
            width=ADDRESS_WIDTH,
        )


class OllamaPortRow(FieldRow):
    """Empty is the usual one."""

    def __init__(self, bridge: Bridge, settings: SettingsStore) -> None:
        super().__init__(
            bridge,
            settings,
            "ollama_port",
            title=tr("Port"),
            help_text=tr("Counts where the address names none. Empty is the usual one."),
            width=96,
            write=_port_words,
            read=_port_of,
            number=True,
        )
        self.field.setPlaceholderText(str(OLLAMA_PORT))


class OllamaProfileRow(SegmentedRow):
    """What each of them sets is in the Runtime tab."""

    def __init__(self, bridge: Bridge, settings: SettingsStore) -> None:
        super().__init__(
            bridge,
            settings,
            "ollama_profile",
            title=tr("Tuning"),
            help_text=tr("For an Ollama that is started here. The Runtime tab has each value."),
            choices=[(profile, profile_words(profile).title) for profile in _IN_ORDER],
        )


class SiteRow(FieldRow):
    """The address of a site or of a mirror."""

    def __init__(self, bridge: Bridge, settings: SettingsStore, key: str, *, title: str, help_text: str) -> None:
        super().__init__(bridge, settings, key, title=title, help_text=help_text, width=ADDRESS_WIDTH)


def ollama_rows(bridge: Bridge, settings: SettingsStore, picker: Picker) -> Sequence[QWidget]:
    """The group of the server; units only where systemd can be."""
    return (
        OllamaProgramRow(bridge, settings, picker),
        OllamaHostRow(bridge, settings),
        OllamaPortRow(bridge, settings),
        OllamaProfileRow(bridge, settings),
        *unit_rows(bridge, settings, unit="ollama_systemd_unit", scope="ollama_systemd_scope", runtime="Ollama"),
    )


def site_rows(bridge: Bridge, settings: SettingsStore) -> Sequence[QWidget]:
    """Where models and releases come from."""
    mirror = tr("The site itself or a mirror of it.")
    return (
        SiteRow(bridge, settings, "ollama_library_url", title=tr("Library"), help_text=mirror),
        SiteRow(bridge, settings, "ollama_registry_url", title=tr("Registry"), help_text=mirror),
        SiteRow(bridge, settings, "ollama_releases_url", title=tr("Releases"), help_text=mirror),
    )


_IN_ORDER: Final = (OllamaProfile.LOW_VRAM, OllamaProfile.BALANCED, OllamaProfile.MAX_CONTEXT)


def _port_words(port: int | None) -> str:
    return "" if port is None else str(port)


def _port_of(text: str) -> object:
    """A number where it is one; what is none is refused by the setting itself."""
    text = text.strip()
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() else text
