"""Activating a model: one switch at a time, refused before anything stops or done to its proven end."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial

from venom_desktop.core.errors import SwitchInProgress, VenomError, WrongState
from venom_desktop.core.operations.operation import ModelOperation, OperationType, Progress
from venom_desktop.core.operations.service import Kind, OperationService
from venom_desktop.core.registry.drain import FINISH_WITHIN_S, Drain
from venom_desktop.core.registry.look_up import find_now
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.registry.switch import Switch
from venom_desktop.core.registry.switch_steps import WhenBusy
from venom_desktop.core.registry.workplace import Workplace


class ActivateModel:
    """The one way for tab, tray, API and command line; any failure puts the model that answered before back."""

    def __init__(
        self, place: Workplace, *, operations: OperationService, finish_within_s: Callable[[], float] | None = None
    ) -> None:
        """`finish_within_s`: how long running answers are waited for before anybody is asked."""
        self._place = place
        self._operations = operations
        self.finish_within_s = finish_within_s or (lambda: FINISH_WITHIN_S)
        self._holder: object = None
        """The id of the operation that switches, or what stands for one that begins."""
        self._switch: Switch | None = None
        self._last_failure: tuple[str, VenomError] | None = None
        operations.register(OperationType.ACTIVATE, Kind(work=self._activate))
        operations.changed.subscribe(self._on_operation)

    async def start(self, model_name: str, runtime: str | None = None, *, when_busy: WhenBusy = WhenBusy.ASK) -> str:
        """Begin a switch and return its operation id.

        Raises `UnknownModel`, `AmbiguousName`, `UnknownRuntime`, `ProfileForbidsRuntime`, `FileMissing`,
        `SwitchInProgress`, `FolderLocked`, and why a runtime cannot be used, all before anything is stopped.
        """
        self._place.manifest.require_writable()
        model = await find_now(self._place.inventory, self._place.stores, model_name, runtime)
        await self._place.require_usable(model.runtime)
        beginning = object()
        self._take(beginning)
        try:
            model = await self._place.found_there(model.key)
            operation_id = await self._operations.start(
                OperationType.ACTIVATE, model.name, runtime=model.runtime, payload={"when_busy": when_busy.value}
            )
        except BaseException:
            self._give(beginning)
            raise
        # Cancelled while it was written down, it has ended already.
        self._holder = None if self._operations.get(operation_id).status.is_final else operation_id
        return operation_id

    async def activate(self, model_name: str, runtime: str | None = None, *, confirm: bool = False) -> ModelOperation:
        """Switch and wait for the end; raises what `start` raises, and the failure of the switch itself.

        Nobody is there to be asked: answers that still run when their time is over are broken off with `confirm`, and
        without it nothing is stopped and `AnswersRunning` raised.
        """
        when_busy = WhenBusy.BREAK_OFF if confirm else WhenBusy.REFUSE
        operation_id = await self.start(model_name, runtime, when_busy=when_busy)
        operation = await self._operations.wait(operation_id)
        if self._last_failure is not None and self._last_failure[0] == operation_id:
            raise self._last_failure[1]
        return operation

    @property
    def is_switching(self) -> bool:
        """From the first step of a switch until the next one is let in."""
        return self._switch is not None

    def stop_and_switch(self, operation_id: str) -> ModelOperation:
        """Break off the answers that a switch asks about. Raises `WrongState` when it does not ask."""
        self._asking(operation_id).break_off()
        return self._operations.get(operation_id)

    def keep_waiting(self, operation_id: str) -> ModelOperation:
        """Ask again in a while. Raises `WrongState` when it does not ask."""
        self._asking(operation_id).wait_longer()
        return self._operations.get(operation_id)

    async def deactivate(self) -> None:
        """Unload what answers now; nothing answers until a model is activated again. Raises `SwitchInProgress`."""
        unloading = object()
        self._take(unloading)
        try:
            key = self._place.active.snapshot.key
            if key is not None and key.runtime in self._place.runtimes:
                await self._place.runtimes[key.runtime].unload()
            await self._place.inventory.refresh()
            # Told last: whoever hears of it can switch again at once.
            await self._place.active.deactivate()
        finally:
            self._give(unloading)

    async def _activate(self, operation: ModelOperation) -> AsyncGenerator[Progress, None]:
        self._take(operation.operation_id)
        key = ModelKey(name=operation.model_name, runtime=operation.runtime or "")
        when_busy = WhenBusy(operation.payload.get("when_busy", WhenBusy.ASK))
        involved = self._place.locals() if self._place.is_local(key.runtime) else ()
        self._switch = Switch(
            self._place,
            key,
            Drain(involved, when_busy=when_busy, within_s=self.finish_within_s()),
            release=partial(self._give, operation.operation_id),
        )
        try:
            async with aclosing(self._switch.steps()) as steps:
                async for progress in steps:
                    yield progress
        except VenomError as error:
            self._last_failure = (operation.operation_id, error)
            raise

    def _asking(self, operation_id: str) -> Drain:
        operation = self._operations.get(operation_id)
        if operation_id != self._holder or self._switch is None or not self._switch.drain.asks:
            raise WrongState(state=operation.status.value, verb="be decided on")
        return self._switch.drain

    def _take(self, who: object) -> None:
        if self._holder not in (None, who):
            raise SwitchInProgress
        self._holder = who

    def _give(self, who: object) -> None:
        if self._holder == who:
            self._holder = self._switch = None

    def _on_operation(self, operation: ModelOperation) -> None:
        """However it ended, also before its first step."""
        if operation.status.is_final:
            self._give(operation.operation_id)
