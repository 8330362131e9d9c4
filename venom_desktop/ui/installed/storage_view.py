"""How the models' share of the disk is told: a line, a stacked bar with legend, and what to do when it is too much."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.registry.names import is_remote
from venom_desktop.core.registry.quota import QuotaSnapshot
from venom_desktop.ui.i18n import facts, gigabytes, isolate, number, tr, unknown, with_unit
from venom_desktop.ui.installed.groups import bytes_of, size_of
from venom_desktop.ui.installed.words import runtime_title
from venom_desktop.ui.theme_tokens import ColorRole
from venom_desktop.ui.widgets import Segment

_ROLES: Final[Mapping[str, ColorRole]] = {"ollama": "chart", "llama_cpp": "seg2", "vllm": "seg4"}
LEAST_SHARE: Final = 0.005
LEAST_TOLD_BYTES: Final = 10_000_000
"""Other files are told from half a percent of what is used: a manifest and a lock file are nobody's question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageView:
    """`warning` is empty while everything is in order; `raise_to_gb` None: raising the limit would not help."""

    title: str
    detail: str
    short_detail: str
    segments: tuple[Segment, ...]
    total_bytes: float
    warning: str = ""
    raise_to_gb: int | None = None


def storage_view(
    inventory: InventorySnapshot,
    quota: QuotaSnapshot,
    titles: Mapping[str, str],
    *,
    locked_by: str | None = None,
    unseen: Collection[str] = (),
) -> StorageView:
    """`titles` name the runtimes; `locked_by` is the environment variable that fixes the limit.

    `unseen` are runtimes with a store of their own that is there and was never heard.
    """
    limit = quota.limit_bytes
    left = None if quota.left_bytes is None else gigabytes(quota.left_bytes)
    free = tr("{amount} free on this disk", amount=gigabytes(quota.free_bytes))
    return StorageView(
        title=_title(quota),
        detail=facts(left and tr("{amount} left in the quota", amount=left), free),
        short_detail=tr("{amount} left", amount=left) if left else free,
        segments=_segments(inventory, titles, unseen),
        total_bytes=float(limit if limit is not None else quota.used_bytes + quota.free_bytes),
        warning=_warning(quota, locked_by),
        raise_to_gb=None if locked_by else quota.raise_to_gb,
    )


def _title(quota: QuotaSnapshot) -> str:
    if quota.limit_bytes is None:
        return gigabytes(quota.used_bytes)
    used, limit = quota.used_bytes / 1e9, quota.limit_bytes / 1e9
    amount = number(used, 1 if used >= 0.05 else 0)
    return isolate(tr("{used} of {total}", used=amount, total=whole_gigabytes(limit)))


def whole_gigabytes(amount_gb: float) -> str:
    """ "50 GB", and "7.5 GB" where the half matters."""
    return with_unit(number(amount_gb, 0 if float(amount_gb).is_integer() else 1), "GB")


def _segments(inventory: InventorySnapshot, titles: Mapping[str, str], unseen: Collection[str]) -> tuple[Segment, ...]:
    found = []
    # What a server elsewhere keeps lies on its own disk.
    here = {runtime for runtime in (*inventory.by_runtime, *unseen) if not is_remote(runtime)}
    for runtime in sorted(here, key=lambda name: (name not in inventory.stores, name)):
        segment = _segment(runtime, inventory, runtime_title(runtime, titles.get(runtime)), unseen=runtime in unseen)
        if segment is not None:
            found.append(segment)
    others = inventory.total_bytes - inventory.partial_bytes - sum(segment.amount for segment in found)
    if others > max(LEAST_TOLD_BYTES, LEAST_SHARE * inventory.total_bytes):
        text = tr("Other files {amount}", amount=gigabytes(others))
        found.append(Segment(amount=others, role="seg3", text=text))
    if inventory.partial_bytes:
        text = tr("Unfinished downloads {amount}", amount=gigabytes(inventory.partial_bytes))
        found.append(Segment(amount=inventory.partial_bytes, role="control", text=text, hatched=True))
    return tuple(found)


def _segment(runtime: str, inventory: InventorySnapshot, title: str, *, unseen: bool) -> Segment | None:
    role = _ROLES.get(runtime, "seg3")
    if unseen:
        return Segment(amount=0, role=role, text=f"{title} {unknown()}")
    models = inventory.by_runtime.get(runtime, ())
    store = inventory.stores.get(runtime)
    if store is None:
        size = sum(size_of(model) or 0 for model in models if not model.used_in_place)
        return Segment(amount=size, role=role, text=f"{title} {gigabytes(size)}") if size else None
    listed = bytes_of(models)
    if store.disk_bytes is None:
        # Its folder may not be read, and names of one model may share parts: only its own list tells.
        return Segment(
            amount=listed, role=role, text=tr("{runtime} about {size}", runtime=title, size=gigabytes(listed))
        )
    # What lies in its folder beside its models is unfinished, or nobody's.
    size = min(listed, store.disk_bytes)
    return Segment(amount=size, role=role, text=f"{title} {gigabytes(size)}") if size else None


def _warning(quota: QuotaSnapshot, locked_by: str | None) -> str:
    if not quota.over or quota.limit_bytes is None:
        return ""
    values = {"used": gigabytes(quota.used_bytes), "limit": whole_gigabytes(quota.limit_bytes / 1e9)}
    if locked_by:
        sentence = "The models use {used} and {variable} allows {limit}. Remove models, or raise that variable."
        return tr(sentence, variable=locked_by, **values)
    return tr("The models use {used} and the quota is {limit}. Remove models, or raise the limit.", **values)
