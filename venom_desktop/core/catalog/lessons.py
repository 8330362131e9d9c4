"""What real loads on this machine teach about the next verdict: a better figure with a narrower error bar."""

import math
from dataclasses import dataclass
from typing import Final

LEAST_SCATTER: Final = 0.01
"""No two loads of one model take the very same memory; share of the whole."""
SCATTER_OF_ONE_LOAD: Final = 0.03
"""Taken for one load alone, which says nothing of how far loads differ."""
BAR_DEVIATIONS: Final = 2.0
"""An error bar is two standard deviations to each side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """Loads of one architecture on one runtime; `ratios` are measured over predicted bytes, one for each load."""

    ratios: tuple[float, ...]

    @property
    def loads(self) -> int:
        return len(self.ratios)

    def taught(self, needed_bytes: int, error_bytes: int) -> tuple[int, int]:
        """The formula's figure and its error bar after these loads, in bytes.

        The ratio of a load is normally distributed around one that the formula expects to be 1, within its own bar;
        each load is an observation of it (normal model with known variance: Gelman, Bayesian Data Analysis, 2.5). The
        bar is that of the next load: wider than the formula's only where the loads themselves differ that much.
        """
        if not self.ratios or needed_bytes <= 0:
            return needed_bytes, error_bytes
        prior = max(error_bytes / needed_bytes / BAR_DEVIATIONS, LEAST_SCATTER) ** 2
        scatter = self._scatter() ** 2
        precision = 1 / prior + self.loads / scatter
        ratio = (1 / prior + sum(self.ratios) / scatter) / precision
        deviation = math.sqrt(1 / precision + scatter)
        return round(needed_bytes * ratio), round(needed_bytes * ratio * deviation * BAR_DEVIATIONS)

    def _scatter(self) -> float:
        if self.loads == 1:
            return SCATTER_OF_ONE_LOAD
        mean = sum(self.ratios) / self.loads
        seen = math.sqrt(sum((ratio - mean) ** 2 for ratio in self.ratios) / (self.loads - 1))
        return max(seen, LEAST_SCATTER)
