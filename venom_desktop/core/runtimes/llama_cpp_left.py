"""What the guard of a llama.cpp server keeps for a later program: what is served, and with which key."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from venom_desktop.core.runtimes.llama_cpp_server import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """`version` of the engine; None where it does not tell."""

    order: Order
    version: str | None

    def as_text(self) -> str:
        return json.dumps({"order": asdict(self.order), "version": self.version})


def note_from(text: str | None) -> Note | None:
    """None for what another release of this program wrote in another way."""
    try:
        told: Any = json.loads(text or "")
        return Note(order=Order(**told["order"]), version=told["version"])
    except (ValueError, TypeError, KeyError):
        return None
