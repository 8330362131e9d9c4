"""The foot of the details panel in words: what the one button does, and what follows from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.registry.names import is_remote
from venom_desktop.core.runtimes.base import RuntimeSnapshot
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.installed.presenter import Primary, Row, State, primary
from venom_desktop.ui.installed.words import runtime_title
from venom_desktop.ui.operations.words import going_on, phase
from venom_desktop.ui.widgets.buttons import ButtonKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Foot:
    """`forbidden` is the reason why the button cannot be pressed, empty when it can."""

    verb: Primary
    text: str
    note: str
    icon: str | None = None
    kind: ButtonKind = "primary"
    forbidden: str = ""


def foot_of(row: Row, inventory: InventorySnapshot, runtimes: Mapping[str, RuntimeSnapshot]) -> Foot:
    snapshot = runtimes.get(row.model.runtime)
    title = runtime_title(row.model.runtime, snapshot.title if snapshot else None)
    verb = primary(row, runtimes)
    match verb:
        case Primary.ACTIVATE:
            return Foot(
                verb=verb,
                text=tr("Activate on {runtime}", runtime=title),
                note=_what_comes_first(row, inventory, title),
                icon="bolt",
            )
        case Primary.UNLOAD:
            note = tr("Answers now. Unloading frees its memory.")
            return Foot(verb=verb, text=tr("Unload"), note=note, icon="eject", kind="default")
        case Primary.INSTALL_AGAIN:
            note = _gone(title) if row.state is State.GONE else tr("Its file is no longer where it was.")
            return Foot(verb=verb, text=tr("Install again"), note=note, icon="download")
        case Primary.WAIT:
            return _waiting(row, title)
        case Primary.NOTHING:
            return _impossible(row, title)
        case _:
            assert_never(verb)


def _gone(title: str) -> str:
    return tr("Another program removed it from {runtime}. Install it again, or activate another model.", runtime=title)


def _what_comes_first(row: Row, inventory: InventorySnapshot, title: str) -> str:
    """What an activation does before the model answers."""
    if row.is_reachable:
        return _what_is_replaced(row, inventory)
    if is_remote(row.model.runtime):
        return tr("{runtime} did not answer when it was last asked.", runtime=title)
    start = tr("{runtime} is started first.", runtime=title)
    active = inventory.active
    if active is None or active.runtime == row.model.runtime:
        # Nothing of a server that does not run is in memory.
        return start
    return f"{start} {_what_is_replaced(row, inventory)}"


def _what_is_replaced(row: Row, inventory: InventorySnapshot) -> str:
    if row.state is State.ACTIVE:
        return tr("Not in memory right now. Activating loads it again.")
    active = inventory.active
    if active is None:
        return tr("No model is active now.")
    return tr("Replaces {name}, which is unloaded first.", name=active.name)


def _waiting(row: Row, title: str) -> Foot:
    operation = row.operation
    note = phase(operation) if operation is not None else ""
    reason = going_on(operation) if operation is not None else ""
    return Foot(
        verb=Primary.WAIT,
        text=tr("Activate on {runtime}", runtime=title),
        note=note,
        icon="bolt",
        forbidden=reason or tr("Another operation on this model is not finished."),
    )


def _impossible(row: Row, title: str) -> Foot:
    if row.state is State.GONE:
        reason = tr("Another program removed it from {runtime}. Activate another model.", runtime=title)
    elif row.state is State.FILE_MISSING:
        reason = tr("Its file is no longer where it was. Put it back, or remove the model from the list.")
    else:
        reason = tr("{runtime} is not offered here, so this model cannot be activated.", runtime=title)
    text = tr("Activate on {runtime}", runtime=title)
    return Foot(verb=Primary.NOTHING, text=text, note=reason, icon="bolt", forbidden=reason)
