"""Pills say a state with glyph and word; the same painter serves widgets and table rows."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from venom_desktop.core.catalog.base import SAFETENSORS_RUNTIME, FitGrade, FitPlace, FitVerdict
from venom_desktop.ui import icons, theme
from venom_desktop.ui.i18n import gigabytes, number, plural, tokens, tr
from venom_desktop.ui.theme_tokens import StateRole, soft
from venom_desktop.ui.widgets.pictures import paint_kept

HEIGHT = 22


@dataclass(frozen=True, slots=True, kw_only=True)
class PillLook:
    """What a pill shows; `glyph` is an icon's name or None."""

    text: str
    glyph: str | None = None
    state: StateRole = "off"
    tip: str = ""


class Pill(QWidget):
    """A state in a capsule, never clickable. Changes its width with the text."""

    def __init__(self, look: PillLook) -> None:
        super().__init__()
        self._look = look
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.show_look(look)

    @property
    def look(self) -> PillLook:
        return self._look

    def show_look(self, look: PillLook) -> None:
        self._look = look
        self.setAccessibleName(look.text)
        self.setToolTip(look.tip)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return pill_size(self._look)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_pill(QPainter(self), QRectF(self.rect()), self._look)


def pill(text: str, glyph: str | None = None, state: StateRole = "off", *, tip: str = "") -> Pill:
    return Pill(PillLook(text=text, glyph=glyph, state=state, tip=tip))


def pill_size(look: PillLook) -> QSize:
    metrics = theme.metrics("small_medium")
    glyph_width = 16 if look.glyph else 0
    return QSize(theme.advance(look.text, "small_medium") + 16 + glyph_width, max(HEIGHT, metrics.height() + 4))


def paint_pill(painter: QPainter, rect: QRectF, look: PillLook, *, selected: bool = False) -> None:
    """Draw a pill into `rect`, the text elided; on a selected row its ground is `surface`."""
    shown = (look.text, look.glyph, look.state, selected)
    paint_kept(painter, rect, shown, lambda brush, place: _paint(brush, place, look, selected=selected))


def _paint(painter: QPainter, rect: QRectF, look: PillLook, *, selected: bool) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("surface" if selected else soft(look.state)))
    radius = rect.height() / 2
    painter.drawRoundedRect(rect, radius, radius)
    start = 8.0
    if look.glyph:
        glyph = QRectF(rect.left() + start - 1, rect.center().y() - 6, 12, 12)
        icons.paint(painter, look.glyph, _mirrored(painter, glyph, rect), look.state)
        start += 15
    painter.setFont(theme.font("small_medium"))
    painter.setPen(theme.color(look.state))
    place = _mirrored(painter, rect.adjusted(start, 0, -5, 0), rect)
    text = theme.laid_out(look.text, "small_medium", width=int(place.width()) + 1)
    size = text.size()
    left = place.right() - size.width() if painter.layoutDirection() == Qt.LayoutDirection.RightToLeft else place.left()
    painter.drawStaticText(QPointF(left, place.top() + (place.height() - size.height()) / 2), text)
    painter.restore()


def _mirrored(painter: QPainter, rect: QRectF, within: QRectF) -> QRectF:
    if painter.layoutDirection() != Qt.LayoutDirection.RightToLeft:
        return rect
    return QRectF(within.right() - (rect.right() - within.left()), rect.top(), rect.width(), rect.height())


def fit_look(verdict: FitVerdict | None) -> PillLook:
    """The pill of a fit verdict: a disc that empties as the model leaves the GPU; the tooltip has the number."""
    if verdict is None:
        return PillLook(text=tr("Fit unknown"))
    if verdict.lacks_gpu:
        tip = tr("vLLM keeps the whole model in graphics memory, and this computer has no card it could use")
        return PillLook(text=tr("Needs a GPU"), glyph="cross", state="off", tip=tip)
    if verdict.lacks_cards:
        tip = tr("It is set to be spread over more graphics cards than this computer has")
        return PillLook(text=tr("Too few GPUs"), glyph="cross", state="off", tip=tip)
    text, glyph, state = _place_words(verdict.place)
    about = "\u2248\u00a0" if verdict.grade is FitGrade.ESTIMATED else ""
    return PillLook(text=f"{about}{text}", glyph=glyph, state=state, tip=_fit_tip(verdict))


def _place_words(place: FitPlace) -> tuple[str, str, StateRole]:
    match place:
        case FitPlace.GPU:
            return tr("Fits GPU"), "disc", "ok"
        case FitPlace.GPU_AND_RAM:
            return tr("GPU + RAM"), "half", "part"
        case FitPlace.RAM:
            return tr("RAM only"), "ring", "warn"
        case FitPlace.TOO_BIG:
            return tr("Too big"), "cross", "off"


def _fit_tip(verdict: FitVerdict) -> str:
    error = f"\u00b1\u00a0{number(verdict.error_bytes / 1e9, 1)}"
    context = tr("context {tokens}", tokens=tokens(verdict.context))
    kind = tr("KV {kind}", kind=verdict.kv_type)
    return ", ".join((*_need_words(verdict), error, context, kind, *_loads_words(verdict)))


def _need_words(verdict: FitVerdict) -> tuple[str, ...]:
    needed, free = gigabytes(verdict.needed_bytes), gigabytes(verdict.free_bytes)
    if verdict.runtime != SAFETENSORS_RUNTIME:
        return (tr("{needed} of {free} free", needed=needed, free=free),)
    share = tr("{needed} of the {share} that vLLM takes", needed=needed, share=gigabytes(verdict.total_bytes))
    return (share, tr("{free} of them free", free=free)) if verdict.free_bytes < verdict.total_bytes else (share,)


def _loads_words(verdict: FitVerdict) -> tuple[str, ...]:
    """Whether the error bar is the formula's, or that of loads of the kind; an estimate says by its sign what it is."""
    if verdict.grade is not FitGrade.EXACT:
        return ()
    if not verdict.loads:
        return (tr("formula only"),)
    return (plural("from {count} load here", "from {count} loads here", verdict.loads),)


def widest_fit_pill() -> int:
    """The width a fit column needs so that no verdict is cut."""
    looks = [_place_words(place) for place in FitPlace]
    widest = max(pill_size(PillLook(text=f"\u2248\u00a0{text}", glyph=glyph)).width() for text, glyph, _ in looks)
    return max(widest, pill_size(PillLook(text=tr("Needs a GPU"), glyph="cross")).width())
