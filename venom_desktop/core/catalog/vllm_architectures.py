"""Which classes of models vLLM can serve, from a dated list that ships with the program."""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from venom_desktop.core.resources import resource


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownArchitectures:
    """The names in the registry of one release; `version` is empty when the list could not be read."""

    version: str
    read_on: str
    names: frozenset[str]

    def lacks(self, model_class: str | None) -> bool:
        """True when the class is known and stands on no list; without a list nothing is claimed."""
        return model_class is not None and bool(self.names) and model_class not in self.names

    def note(self, model_class: str | None, *, needs_own_code: bool) -> str | None:
        """What to say of a model before it is fetched; None when vLLM knows it and needs nothing of the publisher's.

        Without a list, or while the class is not known, nothing is claimed.
        """
        parts = []
        if self.lacks(model_class):
            parts.append(f"vLLM may not know the architecture {model_class} (its list is that of {self.version}).")
        if needs_own_code:
            parts.append("The model brings code of its own, which is neither fetched nor trusted.")
        return " ".join(parts) or None


@lru_cache(maxsize=1)
def known_architectures() -> KnownArchitectures:
    """The shipped list. Reads a small file on the first call."""
    return read_architectures(resource("vllm_architectures.json"))


def read_architectures(path: Path) -> KnownArchitectures:
    """Blocks. A damaged file gives an empty list: then nothing is said about any model."""
    try:
        content = json.loads(path.read_bytes())
        return KnownArchitectures(
            version=str(content["version"]), read_on=str(content["read_on"]), names=frozenset(content["architectures"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return KnownArchitectures(version="", read_on="", names=frozenset())
