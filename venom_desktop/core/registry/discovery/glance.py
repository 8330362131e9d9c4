"""Looks at single files for a look at the disk: status and first bytes, each file once as long as it stays the same."""

import os
import stat
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from venom_desktop.core.catalog.gguf_header import GgufHeader, read_gguf_header
from venom_desktop.core.errors import FileMissing, InvalidInput, UnreadableModelFile, VenomError
from venom_desktop.core.registry.discovery.found import NOTHING_SKIPPED, FoundFile, Identity, Skipped

Headers = dict[tuple[Identity, int, int], GgufHeader]
"""By identity, size and time of writing."""

MOST_KEYS = 200
LONGEST_TEXT = 200


class Glances:
    """Counts what it had to pass over. `known` are the headers of an earlier look."""

    def __init__(self, known: Headers | None = None) -> None:
        self.skipped = NOTHING_SKIPPED
        self.headers: Headers = {}
        """What is to be handed to the next look."""
        self._known = known or {}

    def file(self, path: Path) -> FoundFile | None:
        """None for what is no file, is empty, or has gone since."""
        try:
            status = os.stat(path)  # noqa: PTH116 - the call it makes costs as much again
        except OSError:
            return None
        return FoundFile.of(path, status) if stat.S_ISREG(status.st_mode) and status.st_size else None

    def header(self, file: FoundFile) -> GgufHeader | None:
        """What stands before the vocabulary; None, and counted, where that cannot be read."""
        key = (file.identity, file.size_bytes, file.written_ns)
        known = self._known.get(key)
        try:
            self.headers[key] = known or _slim(read_gguf_header(file.path, stop_at_vocabulary=True))
        except UnreadableModelFile as error:
            self.break_off(error)
            return None
        except FileMissing:
            # It went meanwhile, and is not there to be told of.
            return None
        return self.headers[key]

    def break_off(self, error: VenomError) -> None:
        """Count a file that is called like a model and is none."""
        self.skipped += Skipped(broken=1, problems=(error,))

    def miss_a_part(self, path: Path) -> None:
        """Count a model of which a part is missing."""
        problem = InvalidInput(problem=f"{path.name} is one of several files of a model, and others are missing.")
        self.skipped += Skipped(incomplete=1, problems=(problem,))


def _slim(header: GgufHeader) -> GgufHeader:
    """Without what nothing here asks for: a file may carry megabytes of it, and there may be thousands of files."""
    kept = {
        key: value
        for key, value in header.keys.items()
        if (key == "general.type" or key.startswith(f"{header.architecture}."))
        and not (isinstance(value, str) and len(value) > LONGEST_TEXT)
    }
    return replace(
        header,
        keys=MappingProxyType(dict(list(kept.items())[:MOST_KEYS])),
        name=None if header.name is None else header.name[:LONGEST_TEXT],
        chat_template=None,
    )
