"""Suggests the first model for this machine, and makes sure that it is still there to be installed."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from venom_desktop.core.catalog.base import Catalog, CatalogEntry, Quantization
from venom_desktop.core.catalog.quantizations import find_quantization
from venom_desktop.core.errors import Forbidden, InvalidInput, NotFound, UpstreamFailed, UpstreamSlow, VenomError
from venom_desktop.core.host.sample import HostSample


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """`model_name` is `org/name:QUANT`; `size_bytes` is the download, None when unknown.

    `checked` says that the hub has it, ungated; `entry` and `quantization` are then what it told. `error` is why
    the hub could not be asked: everything else is then what was shipped.
    """

    title: str
    model_name: str
    size_bytes: int | None
    memory_bytes: int
    license: str | None = None
    checked: bool = False
    entry: CatalogEntry | None = None
    quantization: Quantization | None = None
    error: VenomError | None = None


def read_recommended(path: Path) -> tuple[Recommendation, ...]:
    """Every candidate, best first. Blocking. A damaged file gives none: the first-run card then points to the list."""
    try:
        classes = json.loads(path.read_bytes())["classes"]
        return tuple(_read(found, candidate) for found in classes for candidate in found["candidates"])
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def recommend(
    candidates: Sequence[Recommendation], host: HostSample, *, gpu_free_bytes: int = 0
) -> tuple[Recommendation, ...]:
    """Those that fit the memory free now, best first; empty when the machine has room for none."""
    free = max(host.memory_available_bytes, gpu_free_bytes)
    return tuple(candidate for candidate in candidates if candidate.memory_bytes <= free)


async def first_available(
    candidates: Sequence[Recommendation],
    catalog: Catalog,
    *,
    fits: Callable[[CatalogEntry, Quantization], bool] = lambda entry, quantization: True,
) -> Recommendation | None:
    """The first one that the hub offers ungated and that fits; None when there is none.

    While the hub does not answer, the first candidate unchecked, with the `error`.
    """
    for candidate in candidates:
        try:
            entry = await catalog.details(candidate.model_name)
            label = candidate.model_name.rpartition(":")[2]
            choice = find_quantization(entry.model_name, entry.quantizations or (), label)
        except (NotFound, Forbidden, InvalidInput):
            continue
        except (UpstreamFailed, UpstreamSlow) as error:
            return replace(candidate, error=error)
        if entry.gated or not fits(entry, choice):
            continue
        size = choice.size_bytes
        return replace(
            candidate,
            checked=True,
            entry=entry,
            quantization=choice,
            size_bytes=candidate.size_bytes if size is None else size,
            license=entry.license or candidate.license,
        )
    return None


def _read(found: dict[str, Any], candidate: dict[str, Any]) -> Recommendation:
    return Recommendation(
        title=found["title"],
        model_name=candidate["model"],
        size_bytes=candidate["size_bytes"],
        memory_bytes=found["memory_bytes"],
        license=found["license"],
    )
