"""What the tray looks at: the snapshots of one moment, and the questions that menu, icon and tooltip ask of them."""

from dataclasses import dataclass
from datetime import datetime

from venom_desktop.core.operations.operation import ModelOperation, OperationStatus
from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.runtimes.active import ActiveModel
from venom_desktop.core.runtimes.base import RuntimeSnapshot
from venom_desktop.ui.operations.presenter import visible


@dataclass(frozen=True, slots=True, kw_only=True)
class TrayFacts:
    """`runtimes` are those that the profile allows, in the order in which they are offered."""

    inventory: InventorySnapshot
    active: ActiveModel
    operations: tuple[ModelOperation, ...]
    runtimes: tuple[RuntimeSnapshot, ...]
    now: datetime
    alerts: int = 0
    """How many stand under the bell."""

    @property
    def unfinished(self) -> tuple[ModelOperation, ...]:
        """The oldest first."""
        return tuple(operation for operation in reversed(self.operations) if not operation.status.is_final)

    @property
    def asking(self) -> tuple[ModelOperation, ...]:
        """Those that wait for an answer of the user."""
        return tuple(operation for operation in self.unfinished if operation.question is not None)

    @property
    def failed(self) -> int:
        """How many failures nobody has dealt with."""
        listed = visible(self.operations, self.now)
        return sum(operation.status is OperationStatus.FAILED for operation in listed)

    def runtime(self, name: str) -> RuntimeSnapshot | None:
        return next((runtime for runtime in self.runtimes if runtime.name == name), None)
