"""Sums the layers of a pull, or the steps of a creation, to figures that never run backwards."""

import re
from collections.abc import Mapping
from typing import assert_never

from venom_desktop.core.operations.operation import Progress
from venom_desktop.core.runtimes.model_store import PullPhase, PullStep

MOST_LAYERS = 20_000
"""A model whose tensors are layers of their own has thousands; a stream without end may name more."""
_LAYER = re.compile(r"sha256:[0-9a-f]{64}")


class PullProgress:
    """`sizes` are the layers a registry told before (digest to bytes), None when it told nothing.

    Without them the total stays unknown until every layer was seen: a sum of the layers seen so far would say that all
    is done whenever one is. `at_least` is what an earlier run had reached.
    """

    def __init__(self, sizes: Mapping[str, int] | None, *, at_least: int = 0) -> None:
        self._sizes = dict(sizes or {})
        self._measured = sizes is not None
        self._whole: PullStep | None = None
        self._done: dict[str, int] = {}
        self._begun: dict[str, int] = {}
        self._moved = False
        self._shown = at_least

    @property
    def total_bytes(self) -> int | None:
        """Each layer once."""
        if self._whole is not None and not self._measured:
            return self._whole.total_bytes
        return sum(self._sizes.values()) if self._measured else None

    @property
    def done_bytes(self) -> int:
        total = self.total_bytes
        return self._shown if total is None else min(self._shown, total)

    @property
    def has_moved(self) -> bool:
        """Whether a byte came since `begin`."""
        return self._moved

    def begin(self) -> None:
        """A new request: what it tells first was there before it."""
        self._begun.clear()
        self._moved = False

    def add(self, step: PullStep) -> Progress:
        """What one more line of the stream comes to."""
        match step.phase:
            case PullPhase.MANIFEST:
                return self._progress("Reading the file list")
            case PullPhase.DOWNLOADING:
                self._add_layer(step)
                return self._progress(self._layer_words())
            case PullPhase.VERIFYING:
                self._complete()
                return self._progress("Verifying")
            case PullPhase.WRITING | PullPhase.DONE:
                self._complete()
                return self._progress("Recording")
            case _:
                assert_never(step.phase)

    def _add_layer(self, step: PullStep) -> None:
        layer, done = step.layer or "", step.done_bytes or 0
        if layer not in self._done and len(self._done) >= MOST_LAYERS:
            return
        self._moved = self._moved or done > self._begun.setdefault(layer, done)
        if _LAYER.fullmatch(layer) is None:
            # Ollama fetches models of many tensors at once, and tells of all their layers as one.
            self._whole = step
            self._show(done)
            return
        if step.total_bytes is not None:
            self._sizes[layer] = max(self._sizes.get(layer, 0), step.total_bytes)
        self._done[layer] = max(self._done.get(layer, 0), min(done, self._sizes.get(layer, done)))
        self._show(sum(self._done.values()))

    def _complete(self) -> None:
        """Every layer is here now, also those that were here before and came by in no line."""
        if self._whole is None:
            self._sizes = {**self._done, **self._sizes}
            self._measured = self._measured or bool(self._sizes)
            self._done = dict(self._sizes)
        self._show(self.total_bytes or 0)

    def _show(self, done: int) -> None:
        self._shown = max(self._shown, done)

    def _layer_words(self) -> str:
        if self._whole is not None:
            return "Downloading"
        here = sum(1 for layer, done in self._done.items() if done >= self._sizes.get(layer, done + 1))
        if not self._measured:
            return f"Downloading layer {max(1, len(self._done))}"
        return f"Downloading layer {min(here + 1, len(self._sizes))} of {len(self._sizes)}"

    def _progress(self, message: str) -> Progress:
        total = self.total_bytes
        known = total is not None or self._shown > 0
        return Progress(message=message, done_bytes=self.done_bytes if known else None, total_bytes=total)


class CreationProgress:
    """A file of `size_bytes` is read once for its checksum and once to hand it over: the total is twice its size."""

    def __init__(self, size_bytes: int, *, at_least: int = 0) -> None:
        self._size = size_bytes
        self._shown = at_least

    def add(self, step: PullStep) -> Progress:
        done = min(step.done_bytes or 0, self._size)
        match step.phase:
            case PullPhase.VERIFYING if step.done_bytes is not None:
                return self._progress("Reading the file", done)
            case PullPhase.DOWNLOADING:
                return self._progress("Handing the file over", self._size + done)
            case _:
                return self._progress("Creating the model", 2 * self._size)

    def _progress(self, message: str, done: int) -> Progress:
        self._shown = max(self._shown, done)
        return Progress(message=message, done_bytes=self._shown, total_bytes=2 * self._size)
