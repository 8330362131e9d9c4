"""How far a load has come, as a server's log tells it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never


class LoadStep(StrEnum):
    STARTING = "starting"
    WEIGHTS = "weights"
    MEMORY = "memory"
    COMPILING = "compiling"
    GRAPHS = "graphs"
    SERVING = "serving"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadProgress:
    """A step, and its parts where they are counted. `str` gives the English words."""

    step: LoadStep
    done: int | None = None
    total: int | None = None

    @property
    def words(self) -> str:
        """A template for `tr`; `{done}` and `{total}` stand in it where they are known."""
        counted = self.done is not None and self.total is not None
        match self.step:
            case LoadStep.STARTING:
                return "Starting the engine"
            case LoadStep.WEIGHTS:
                return "Loading weights {done} of {total}" if counted else "Loading weights"
            case LoadStep.MEMORY:
                return "Measuring the memory"
            case LoadStep.COMPILING:
                return "Compiling the model"
            case LoadStep.GRAPHS:
                return "Recording graphs {done} of {total}" if counted else "Recording graphs"
            case LoadStep.SERVING:
                return "Starting to serve"
            case _:
                assert_never(self.step)

    def __str__(self) -> str:
        return self.words.format(done=self.done, total=self.total)
