"""What the panel shows: the selected model with every choice made for it so far."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from venom_desktop.core.catalog.base import CatalogEntry, FitVerdict, Quantization
from venom_desktop.core.catalog.run_on import BUILT_IN
from venom_desktop.core.errors import VenomError
from venom_desktop.core.host.sample import HostSample


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """`reading` until the details are there; `error` when they could not be read.

    `opened` tells whether the hub gave the file's header, None while it was not asked: a gated model is open to this
    account then. `kept_context` is what the chosen quantization is loaded with unless another `context` is kept for it.
    `runtime` is the chosen one of those `offered`; None with a `refusal` where none may run it.
    """

    entry: CatalogEntry
    runtime: str | None = BUILT_IN
    offered: tuple[str, ...] = (BUILT_IN,)
    refusal: VenomError | None = None
    reading: bool = True
    error: Exception | None = None
    quantization: Quantization | None = None
    verdicts: Mapping[str, FitVerdict | None] = field(default_factory=lambda: MappingProxyType({}))
    steps: tuple[int, ...] = ()
    context: int = 0
    kept_context: int = 0
    opened: bool | None = None
    host: HostSample | None = None

    @property
    def variants(self) -> tuple[Quantization, ...]:
        """What can be installed for the chosen runtime."""
        return self.entry.variants(self.runtime) or ()

    @property
    def verdict(self) -> FitVerdict | None:
        """Of the chosen quantization with the chosen context."""
        return self.verdicts.get(self.quantization.label) if self.quantization else None

    @property
    def context_moved(self) -> bool:
        return self.context != self.kept_context
