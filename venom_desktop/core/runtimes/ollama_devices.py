"""What an Ollama server computes on, as it writes into its log when it starts."""

import re
from collections.abc import Iterable

from venom_desktop.core.runtimes.base import Device

_TELLING = 'msg="inference compute"'
_FIELD = re.compile(r'(?P<key>\w+)=(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>\S*))')
_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?) (?P<unit>[KMGT]?i?B)")
_UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}


def devices_in(lines: Iterable[str]) -> tuple[Device, ...]:
    """The devices of the last start told in `lines`; empty where none is told.

    A server writes one line for each, one after the other (0.16: `msg="inference compute" id=... library=CUDA
    name=CUDA0 description="..." total="12.0 GiB" available="11.2 GiB"`).
    """
    found: list[Device] = []
    before = False
    for line in lines:
        telling = _TELLING in line
        if telling and not before:
            found.clear()
        if telling:
            found.append(_device(line))
        before = telling
    return tuple(found)


def _device(line: str) -> Device:
    told = {match["key"]: match["quoted"] or match["plain"] or "" for match in _FIELD.finditer(line)}
    return Device(
        name=told.get("name") or told.get("id") or "?",
        description=told.get("description") or told.get("name") or "?",
        kind=_kind(told),
        memory_free_bytes=_bytes(told.get("available", "")),
        memory_total_bytes=_bytes(told.get("total", "")),
    )


def _kind(told: dict[str, str]) -> str | None:
    match told.get("library"):
        case None | "":
            return None
        case "cpu":
            return "cpu"
        case _:
            return "igpu" if told.get("type") == "iGPU" else "gpu"


def _bytes(text: str) -> int | None:
    match = _SIZE.fullmatch(text)
    unit = None if match is None else _UNITS.get(match["unit"])
    return None if match is None or unit is None else round(float(match["number"]) * unit)
