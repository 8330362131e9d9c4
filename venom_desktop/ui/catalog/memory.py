"""How much context is wanted, and what the model then takes of the machine's memory."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QSlider, QWidget

from venom_desktop.ui.catalog.presenter import MemoryUse
from venom_desktop.ui.i18n import NO_BREAK, gigabytes, gigabytes_of, number, plural, tokens, tokens_short, tr
from venom_desktop.ui.widgets import Label, Legend, Segment, Stack, column, row

LEAST_SHOWN_BYTES = 50_000_000
"""Below this a figure with one decimal would read 0.0."""


class ContextSlider(QWidget):
    """Stops at 4 K, 8 K, ... and the model's own limit; `chosen(int)` tells tokens while it is moved."""

    chosen = QtSignal(int)

    def __init__(self) -> None:
        super().__init__()
        self._steps: tuple[int, ...] = ()
        self._value = Label(tone="text2")
        self._least, self._most = Label("", "small", tone="text3"), Label("", "small", tone="text3")
        self._slider = QSlider(Qt.Orientation.Horizontal)
        self._slider.setPageStep(1)
        self._slider.setAccessibleName(tr("Context"))
        self._slider.valueChanged.connect(self._tell)
        head = row(Label(tr("Context"), "strong"), None, self._value)
        self.setLayout(column(head, 6, self._slider, 2, row(self._least, None, self._most), spacing=0))

    @property
    def slider(self) -> QSlider:
        return self._slider

    @property
    def tokens(self) -> int:
        """Where it stands."""
        return self._steps[self._slider.value()] if self._steps else 0

    def show_steps(self, steps: Sequence[int], chosen: int) -> None:
        """Take the stops, in tokens, and stand on `chosen`; tells nothing."""
        self._steps = tuple(steps)
        with QSignalBlocker(self._slider):
            self._slider.setRange(0, max(len(self._steps) - 1, 0))
            self._slider.setValue(self._steps.index(chosen) if chosen in self._steps else 0)
        self._slider.setEnabled(len(self._steps) > 1)
        self._least.setText(tokens_short(self._steps[0]) if self._steps else "")
        self._most.setText(tokens_short(self._steps[-1]) if len(self._steps) > 1 else "")
        self._show_value()

    def _show_value(self) -> None:
        place = self._slider.value()
        text = tr("{count} tokens", count=tokens(self._steps[place])) if place < len(self._steps) else ""
        self._value.setText(text)
        self._slider.setAccessibleDescription(text)

    def _tell(self, place: int) -> None:
        self._show_value()
        self.chosen.emit(self._steps[place])


class MemoryBar(QWidget):
    """One bar: other programs, weights, KV cache; over the whole when the model is too big."""

    def __init__(self) -> None:
        super().__init__()
        self._title, self._amount = Label("", "strong"), Label(tone="text2")
        self._stack, self._legend = Stack(tr("Memory")), Legend()
        self._grounds = Label("", "small", tone="text3", wrap=True)
        head = row(self._title, None, self._amount)
        self.setLayout(column(head, 8, self._stack, 8, self._legend, 6, self._grounds, spacing=0))

    @property
    def amount(self) -> str:
        """ "6.0 of 12.0 GB"."""
        return self._amount.text()

    @property
    def grounds(self) -> str:
        """What the figure rests on; "" for an estimate."""
        return self._grounds.text()

    def show_use(self, use: MemoryUse) -> None:
        self._title.setText(tr("Graphics memory") if use.graphics else tr("Memory"))
        self._amount.setText(gigabytes_of(use.used, use.total))
        self._amount.setAccessibleName(self._amount.text())
        segments = _segments(use)
        marks = [use.total] if use.used > use.total else []
        self._stack.show_segments(segments, use.total, marks=marks)
        self._legend.show_segments(segments)
        self._grounds.setText(_grounds(use))
        self._grounds.setVisible(use.loads is not None)
        tip = tr(
            "{needed} needed, give or take {error}; the engine's own memory is counted with the KV cache",
            needed=gigabytes(use.weights + use.context),
            error=gigabytes(use.error),
        )
        self._stack.setToolTip(tip)
        self._legend.setToolTip(tip)


def _grounds(use: MemoryUse) -> str:
    """The model's own memory, how far it may be off, and how that is known."""
    if use.loads is None:
        return ""
    needed, error = gigabytes(use.weights + use.context), gigabytes(use.error)
    if not use.loads:
        share = number(100 * use.error / max(1, use.weights + use.context))
        return tr("{needed} \u00b1 {share}\u00a0%, by the formula alone", needed=needed, share=share)
    return plural(
        "{needed} \u00b1 {error}, from {count} load on this computer",
        "{needed} \u00b1 {error}, from {count} loads on this computer",
        use.loads,
        needed=needed,
        error=error,
    )


def _segments(use: MemoryUse) -> tuple[Segment, ...]:
    def amount(size_bytes: int) -> str:
        if 0 < size_bytes < LEAST_SHOWN_BYTES:
            return f"<{NO_BREAK}{number(0.1, 1)}"
        return number(size_bytes / 1e9, 1)

    if use.error < LEAST_SHOWN_BYTES:
        cache = tr("KV cache {amount}", amount=amount(use.context))
    else:
        cache = tr("KV cache {amount} ± {error}", amount=amount(use.context), error=amount(use.error))
    return (
        Segment(amount=use.others, role="seg2", text=tr("Other apps {amount}", amount=amount(use.others))),
        Segment(amount=use.weights, text=tr("Weights {amount}", amount=amount(use.weights))),
        Segment(amount=use.context, text=cache, hatched=True),
    )
