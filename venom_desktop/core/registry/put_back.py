"""After a switch that failed: the model that answered before answers again, or it is said why it cannot."""

from contextlib import suppress

from venom_desktop.core.errors import (
    EarlierModelAnswers,
    EarlierModelLost,
    RuntimeUnavailable,
    VenomError,
)
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.registry.unloading import give_up, was_stopped
from venom_desktop.core.registry.workplace import Workplace
from venom_desktop.core.runtimes.base import Runtime


async def put_back(
    place: Workplace, before: ModelKey | None, failed: ModelKey, *, stopped: bool = False
) -> VenomError | None:
    """What to tell beside the failure; None where nothing else answered before.

    `stopped`: the user ended the load, and perhaps the server with it.
    """
    target = place.runtimes[failed.runtime]
    if before is None or before == failed:
        with suppress(VenomError):
            await give_up(target, failed.name)
        return None
    try:
        if before.runtime != failed.runtime:
            await _make_room(place, target, failed.name)
        elif stopped and await was_stopped(target):
            raise RuntimeUnavailable(runtime=target.snapshot.title)
        model = place.inventory.find(before.name, before.runtime)
        await place.load(model)
        await place.answer_once(model)
    except VenomError as error:
        return EarlierModelLost(model_name=before.name, problem=str(error))
    return EarlierModelAnswers(model_name=before.name)


async def _make_room(place: Workplace, target: Runtime, name: str) -> None:
    """Whatever stays in the way is told by the load that it hinders."""
    with suppress(VenomError):
        until_returned = await place.memory.look(target)
        await give_up(target, name)
        await until_returned()
