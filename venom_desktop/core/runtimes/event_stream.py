"""Reads server-sent events from bytes (HTML standard, 9.2), as model servers send them."""

from venom_desktop.core.errors import SourceChanged

LONGEST_EVENT_BYTES = 8 << 20


class EventStream:
    """Feed it bytes as they come; it gives back the data of every event that is complete.

    Lines end at LF or CRLF alone: JSON may hold other characters that Unicode counts as line ends.
    """

    def __init__(self, *, source: str) -> None:
        self._source = source
        self._rest = b""
        self._data: list[str] = []

    def feed(self, block: bytes) -> list[str]:
        """The data of the events that end in `block`. Raises `SourceChanged` when one grows beyond all measure."""
        lines = (self._rest + block).replace(b"\r\n", b"\n").split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > LONGEST_EVENT_BYTES:
            raise SourceChanged(source=self._source)
        events = []
        for line in lines:
            if line:
                self._take(line)
            elif self._data:
                events.append("\n".join(self._data))
                self._data = []
        return events

    def _take(self, line: bytes) -> None:
        field, _, value = line.decode("utf-8", "replace").partition(":")
        # llama.cpp once told failures in the middle of an answer as a field of their own.
        if field in ("data", "error"):
            text = value.removeprefix(" ")
            self._data.append(text if field == "data" else f'{{"error": {text}}}')
