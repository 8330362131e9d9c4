"""The state of vLLM as everybody sees it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from venom_desktop.core.errors import ServerKeyWanted, VenomError, VllmMissing
from venom_desktop.core.runtimes.base import Control, RuntimeSnapshot, RuntimeState
from venom_desktop.core.runtimes.load_progress import LoadProgress, LoadStep
from venom_desktop.core.runtimes.served_state import ServedState
from venom_desktop.core.runtimes.vllm_command import API_KEY
from venom_desktop.core.runtimes.vllm_facts import NAME, TITLE
from venom_desktop.core.runtimes.vllm_look import Sight


class VllmState(ServedState):
    """It tells how far a start has come."""

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        super().__init__(RuntimeSnapshot(name=NAME, title=TITLE, state=RuntimeState.STOPPED), now=now)

    @property
    def is_external(self) -> bool:
        return self.is_running and self.snapshot.control is Control.EXTERNAL

    def begin(self) -> None:
        progress = LoadProgress(step=LoadStep.STARTING)
        self.publish(state=RuntimeState.STARTING, error=None, exit_code=None, progress=progress)

    def advance(self, progress: LoadProgress) -> None:
        if self.snapshot.state is RuntimeState.STARTING:
            self.publish(progress=progress)

    def run(self, sight: Sight) -> None:
        """A server answers."""
        facts = sight.facts
        self.serve(
            sight.upstream,
            version=sight.version or self.snapshot.version,
            control=facts.control,
            endpoint=facts.endpoint,
            port=facts.port,
            pid=facts.pid,
            loaded=sight.loaded,
            progress=None,
        )

    def forget(self, state: RuntimeState, **facts: Any) -> None:
        gone: dict[str, Any] = {"error": None, "exit_code": None, "control": None, "progress": None}
        super().forget(state, **(gone | facts))

    def absent(self, *, startable: bool) -> None:
        """None was found; what was told of an end stays until the user acts."""
        if self.snapshot.state is RuntimeState.EXITED:
            return
        if startable:
            self.forget(RuntimeState.STOPPED)
        else:
            self.forget(RuntimeState.UNAVAILABLE, error=VllmMissing(runtime=TITLE))

    def why_not(self) -> VenomError:
        return ServerKeyWanted(runtime=TITLE, variable=API_KEY) if self.is_running else super().why_not()
