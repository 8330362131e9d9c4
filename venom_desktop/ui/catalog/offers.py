"""One row of the radio table: a variant, what is known of its memory, and what is said of both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from venom_desktop.core.catalog.base import FitGrade, FitVerdict, Quantization
from venom_desktop.core.catalog.quantizations import LATEST
from venom_desktop.ui.catalog.words import ABOUT
from venom_desktop.ui.i18n import gigabytes, tokens_short, tr, unknown
from venom_desktop.ui.widgets import fit_look

DIGEST_SHOWN: Final = 12
"""Ollama shows so many letters of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A variant and what is known of its memory; at most one of them all is recommended for this machine."""

    quantization: Quantization
    verdict: FitVerdict | None = None
    is_recommended: bool = False

    @property
    def label(self) -> str:
        return self.quantization.label

    @property
    def beside(self) -> str:
        """What a tag stands for: another tag, else the quantization of its weights where the tag does not tell it."""
        choice = self.quantization
        if choice.label == LATEST and choice.same_as is not None:
            return f"= {choice.same_as}"
        return choice.level if choice.level and choice.level.lower() not in choice.label.lower() else ""

    @property
    def size(self) -> str:
        size = exact_size(self.quantization, self.verdict)
        if size is None and self.verdict is not None:
            return f"{ABOUT}{gigabytes(self.verdict.weights_bytes)}"
        return gigabytes(size)

    @property
    def memory(self) -> str:
        return gigabytes(self.verdict.needed_bytes) if self.verdict else ""

    @property
    def sentence(self) -> str:
        """What a screen reader says of the row."""
        # A bare "unknown" would not tell a listener what is.
        size = tr("size unknown") if self.size == unknown() else self.size
        best = tr("recommended") if self.is_recommended else ""
        parts = (self.label, self.beside, best, size, fit_look(self.verdict).text)
        return ", ".join(part for part in parts if part)

    @property
    def tip(self) -> str:
        choice = self.quantization
        lines = [choice.label]
        if choice.same_as:
            lines.append(tr("Now the same as {tag}", tag=choice.same_as))
        if choice.level and choice.level != choice.label:
            lines.append(tr("Quantization {level}", level=choice.level))
        if choice.context_length:
            lines.append(tr("{count} context", count=tokens_short(choice.context_length)))
        if choice.digest:
            lines.append(tr("Digest {digest}", digest=choice.digest[:DIGEST_SHOWN]))
        if self.is_recommended:
            lines.append(tr("Recommended for this machine"))
        return "\n".join(lines)


def exact_size(quantization: Quantization, verdict: FitVerdict | None) -> int | None:
    """Bytes of the download: of a tag, whose page rounds them, what its manifest told; None is unknown."""
    if quantization.digest is not None and verdict is not None and verdict.grade is FitGrade.EXACT:
        return verdict.weights_bytes
    return quantization.size_bytes


def offers_of(
    quantizations: Sequence[Quantization],
    verdicts: Mapping[str, FitVerdict | None],
    best: Quantization | None = None,
) -> tuple[Offer, ...]:
    return tuple(
        Offer(quantization=one, verdict=verdicts.get(one.label), is_recommended=best is not None and one == best)
        for one in quantizations
    )
