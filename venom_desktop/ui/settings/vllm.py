"""vLLM: its program, where it listens, how much graphics memory it takes, and whose unit it may be."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from PySide6.QtWidgets import QWidget

from venom_desktop.core.errors import InvalidSetting
from venom_desktop.core.runtimes.vllm_check import check_vllm
from venom_desktop.core.settings.schema import UnitScope
from venom_desktop.core.settings.store import SettingsStore
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.settings.path_row import PathRow
from venom_desktop.ui.settings.picking import Picker
from venom_desktop.ui.settings.rows import FieldRow, SegmentedRow

NUMBER_WIDTH: Final = 96
NAME_WIDTH: Final = 180


class VllmProgramRow(PathRow):
    """A program is tried before it is kept."""

    def __init__(self, bridge: Bridge, settings: SettingsStore, picker: Picker) -> None:
        self._picker = picker
        super().__init__(
            bridge,
            settings,
            "vllm_path",
            title=tr("Program"),
            help_text=tr("The vllm program in its own Python environment. Without a choice: the one on PATH."),
            undo=tr("Return to the one on PATH"),
        )

    def default_words(self) -> str:
        return tr("Found on PATH")

    async def choose(self) -> None:
        start = self.stored.parent if self.stored is not None else Path.home()
        program = await self._picker.file(self, tr("Choose vllm"), start)
        if program is None:
            return
        self.show_result(tr("Trying {name}…", name=program.name), "text2")
        version = await check_vllm(program)
        await self.save(program)
        self.show_result(tr("It is vLLM {version}. It is used from the next start on.", version=version), "ok")


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


class VllmFieldRow(FieldRow):
    """A line about where it listens or what keeps it."""


class VllmScopeRow(SegmentedRow):
    def __init__(self, bridge: Bridge, settings: SettingsStore) -> None:
        super().__init__(
            bridge,
            settings,
            "vllm_systemd_scope",
            title=tr("Whose unit"),
            help_text=tr("Either looks at your own units first, then at the system's."),
            choices=[
                (UnitScope.AUTO, tr("Either")),
                (UnitScope.SYSTEM, tr("The system's")),
                (UnitScope.USER, tr("Mine")),
            ],
        )


def vllm_rows(bridge: Bridge, settings: SettingsStore, picker: Picker) -> Sequence[QWidget]:
    """The group of vLLM; units only where systemd can be."""
    rows: list[QWidget] = [
        VllmProgramRow(bridge, settings, picker),
        VllmFieldRow(
            bridge,
            settings,
            "vllm_host",
            title=tr("Address"),
            help_text=tr("Where a server that is started here listens: 127.0.0.1 for this computer alone."),
            width=NAME_WIDTH,
        ),
        VllmFieldRow(
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
    ]
    if sys.platform == "linux":
        unit = VllmFieldRow(
            bridge,
            settings,
            "vllm_systemd_unit",
            title=tr("systemd unit"),
            help_text=tr("Where there is one, vLLM is started and stopped through it."),
            width=NAME_WIDTH,
        )
        rows += [unit, VllmScopeRow(bridge, settings)]
    return rows


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
