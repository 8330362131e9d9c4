"""Follows an Ollama server while somebody looks: its state often while it runs, and the models it keeps with it."""

from dataclasses import dataclass

from venom_desktop.core.polling import Poller
from venom_desktop.core.runtimes.base import RuntimeSnapshot
from venom_desktop.core.runtimes.model_store import ModelStore
from venom_desktop.core.runtimes.ollama_state import OllamaState
from venom_desktop.core.signals import Unsubscribe
from venom_desktop.core.tasks import TaskScope


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds between two looks."""

    running_s: float = 2.0
    absent_s: float = 5.0


class OllamaWatch:
    """`look` and `look_at_models` go on by themselves in the background, whoever watches."""

    def __init__(self, state: OllamaState, models: ModelStore, pace: Pace) -> None:
        self._state = state
        self._models = models
        self._pace = pace
        self._tasks = TaskScope("ollama")
        self._poller = Poller(self._tasks, "watch", self._follow, every_s=pace.running_s)

    def subscribe(self) -> Unsubscribe:
        return self._poller.subscribe(lambda _: None)

    def look(self, *, thoroughly: bool = False) -> None:
        if not self._tasks.is_closed:
            self._tasks.start("look", self._state.look(thoroughly=thoroughly))

    def look_at_models(self) -> None:
        """A look that is under way may have begun before what is to be seen, so another one follows it."""
        if not self._tasks.is_closed:
            self._tasks.start("models", self._models.refresh())

    async def close(self) -> None:
        await self._tasks.close()

    async def _follow(self) -> RuntimeSnapshot:
        await self._state.look(thoroughly=not self._state.was_looked_at)
        if not self._tasks.is_running("models"):
            self.look_at_models()
        self._poller.set_interval(self._pace.running_s if self._state.is_running else self._pace.absent_s)
        return self._state.snapshot
