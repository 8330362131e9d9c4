"""One switch from its first check to the state that is saved, and back again after a failure."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from datetime import UTC, datetime

from venom_desktop.core.errors import InternalError, LoadCancelled, VenomError
from venom_desktop.core.operations.operation import Progress
from venom_desktop.core.registry.capabilities import merge
from venom_desktop.core.registry.drain import Drain
from venom_desktop.core.registry.load_steps import told_while_loading
from venom_desktop.core.registry.making_room import Leaving, leaving_for, let_go, until_gone
from venom_desktop.core.registry.model import ModelCapabilities, ModelKey, ModelMetadata
from venom_desktop.core.registry.put_back import put_back
from venom_desktop.core.registry.switch_steps import SwitchStep, progress
from venom_desktop.core.registry.unloading import give_up
from venom_desktop.core.registry.workplace import Workplace
from venom_desktop.core.runtimes.base import ServerRuntime

_log = logging.getLogger(__name__)


class Switch:
    """To `key`. It can be cancelled until it takes something away from whoever uses the model of now."""

    def __init__(self, place: Workplace, key: ModelKey, drain: Drain, *, release: Callable[[], object]) -> None:
        """`release` lets the next switch in; it is called before anybody hears that this one is done."""
        self._place = place
        self._key = key
        self._release = release
        self._before: ModelKey | None = None
        self._touched = False
        self.drain = drain

    async def steps(self) -> AsyncGenerator[Progress, None]:
        """Raises what the check, the runtimes and the disk raise, with what became of the model before."""
        yield progress(SwitchStep.VALIDATE, "Checking the model", can_cancel=True)
        await self._place.require_usable(self._key.runtime)
        model = await self._place.found_there(self._key)
        self._before = self._place.answering()
        try:
            async with aclosing(self._forward(model)) as steps:
                async for done in steps:
                    yield done
        except (asyncio.CancelledError, GeneratorExit):
            # The user while nothing else answered, or the end of the program, after which nothing is to be put back.
            if self._touched:
                with suppress(VenomError):
                    await give_up(self._place.runtimes[self._key.runtime], self._key.name)
            raise
        except Exception as error:
            if not self._touched:
                raise
            if self._before is not None and self._before != self._key:
                yield progress(SwitchStep.PUT_BACK, f"Putting {self._before.name} back", can_cancel=False)
            raise await self._with_aftermath(error) from error

    async def _forward(self, model: ModelMetadata) -> AsyncGenerator[Progress, None]:
        leaving: tuple[Leaving, ...] = ()
        settled = False
        while not settled:
            async with aclosing(self.drain.steps()) as waits:
                async for waiting in waits:
                    yield waiting
            leaving = await leaving_for(self._place, model)
            # While it was looked at, somebody may have asked something.
            settled = self.drain.is_over
        for one in leaving:
            self._touched = True
            yield progress(SwitchStep.STOP, one.words, can_cancel=False)
            await let_go(one, break_off=self.drain.breaks_off)
            yield progress(SwitchStep.MEMORY_RETURNED, "Waiting for its memory")
            await until_gone(one, within_s=self._place.unloaded_within_s())
        self._touched = True
        async with aclosing(self._bring_up(model)) as steps:
            async for done in steps:
                yield done

    async def _bring_up(self, model: ModelMetadata) -> AsyncGenerator[Progress, None]:
        runtime = self._place.runtimes[model.runtime]
        may_cancel = None if self._before is None else False
        if isinstance(runtime, ServerRuntime) and self._place.is_local(model.runtime):
            yield progress(SwitchStep.START, f"Starting {runtime.snapshot.title}", can_cancel=may_cancel)
            await runtime.start()
            yield progress(SwitchStep.HEALTHY, f"Asking {runtime.snapshot.title} whether it is ready")
            await self._place.require_healthy(model.runtime)
            yield progress(SwitchStep.LOADED, f"Loading {model.name}")
            await self._place.load(model)
        else:
            # Here a start is a load, and a server elsewhere is started there.
            yield progress(SwitchStep.START, f"Loading {model.name}", can_cancel=may_cancel)
            async with aclosing(told_while_loading(self._place.load(model), runtime, SwitchStep.START)) as steps:
                async for told in steps:
                    yield told
            yield progress(SwitchStep.HEALTHY, f"Asking {runtime.snapshot.title} whether it is ready")
            await self._place.require_healthy(model.runtime)
        yield progress(SwitchStep.ANSWERED, "Waiting for the first token")
        learned = await self._place.answer_once(model)
        yield progress(SwitchStep.SAVED, "Saving", can_cancel=False)
        await self._save(model, learned)

    async def _save(self, model: ModelMetadata, learned: ModelCapabilities) -> None:
        """That it is active comes last: what fails before puts the other model back, and the state must say so.

        Nothing may be awaited after it: the next switch is let in.
        """
        now = datetime.now(UTC).astimezone()
        await self._place.manifest.upsert(
            model,
            lambda current: replace(current, last_used_at=now, capabilities=merge(current.capabilities, learned)),
        )
        await self._place.inventory.refresh()
        await self._place.active.activate(model.key, before_told=self._end)

    async def _end(self) -> None:
        """A server here that died since its first token is this switch's to tell; later it is everybody's news."""
        if self._place.is_local(self._key.runtime):
            await self._place.require_healthy(self._key.runtime)
        self._release()

    async def _with_aftermath(self, error: Exception) -> VenomError:
        if isinstance(error, VenomError):
            failure = error
        else:
            _log.error("The switch to %s failed", self._key.name, exc_info=error)
            failure = InternalError()
        after = await put_back(self._place, self._before, self._key, stopped=isinstance(error, LoadCancelled))
        return failure if after is None else failure.followed_by(after)
