"""vLLM: its program, where it listens, how much graphics memory it takes, and whose unit it may be."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtWidgets import QWidget

from venom_desktop.core.errors import InvalidSetting
from venom_desktop.core.runtimes.vllm_check import check_vllm
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.settings.path_row import ProgramRow
from venom_desktop.ui.settings.picking import Picker
from venom_desktop.ui.settings.rows import FieldRow
from venom_desktop.ui.settings.unit_rows import unit_rows

NUMBER_WIDTH: Final = 96
ADDRESS_WIDTH: Final = 180


class VllmProgramRow(ProgramRow):
    def __init__(self, bridge: Bridge, settings: SettingsStore, picker: Picker) -> None:
        super().__init__(
            bridge,
            settings,
            picker,
            "vllm_path",
            program="vllm",
            title=tr("Program"),
            help_text=tr("The vllm program in its own Python environment. Without a choice: the one on PATH."),
            undo=tr("Return to the one on PATH"),
        )

    def default_words(self) -> str:
        return tr("Found on PATH")

    async def tried(self, program: Path) -> str:
        version = await check_vllm(program)
        return tr("It is vLLM {version}. It is used from the next start on.", version=version)


class VllmShareRow(FieldRow):
    """Shown in percent, stored as a share of 1."""

    def __init__(self, bridge: Bridge, settings: SettingsStore) -> None:
        super().__init__(
            bridge,
            settings,
            "vllm_gpu_memory_utilization",
            title=tr("Graphics memory"),
            help_text=tr("The share of each graphics card that a model gets, unless it has one of its own."),
            width=NUMBER_WIDTH,
            write=percent_words,
            read=share_of,
            unit="%",
        )

    def show_problem(self, error: Exception) -> None:
        """In percent, as it was typed."""
        if isinstance(error, InvalidSetting):
            expected = tr("Give a percentage above 0, at most 100.")
            error = InvalidSetting(name=self.key, value=self.field.text(), expected=expected)
        super().show_problem(error)


def vllm_rows(bridge: Bridge, settings: SettingsStore, picker: Picker) -> Sequence[QWidget]:
    """The group of vLLM; units only where systemd can be."""
    return (
        VllmProgramRow(bridge, settings, picker),
        FieldRow(
            bridge,
            settings,
            "vllm_host",
            title=tr("Address"),
            help_text=tr("Where a server that is started here listens: 127.0.0.1 for this computer alone."),
            width=ADDRESS_WIDTH,
        ),
        FieldRow(
            bridge,
            settings,
            "vllm_port",
            title=tr("Port"),
            help_text=tr("Counts from the next start on."),
            width=NUMBER_WIDTH,
            read=number_of,
            number=True,
        ),
        VllmShareRow(bridge, settings),
        *unit_rows(bridge, settings, unit="vllm_systemd_unit", scope="vllm_systemd_scope", runtime="vLLM"),
    )


def percent_words(share: float) -> str:
    """85 for 0.85; what was stored with more digits shows them."""
    return f"{share * 100:.6g}"


def share_of(text: str) -> object:
    """A share of 1 where it is a number; what is none is refused by the setting itself."""
    bare = text.strip().removesuffix("%").strip().replace(",", ".")
    try:
        return round(float(bare) / 100, 6)
    except ValueError:
        return text.strip()


def number_of(text: str) -> object:
    bare = text.strip()
    return int(bare) if bare.isascii() and bare.isdigit() else bare
