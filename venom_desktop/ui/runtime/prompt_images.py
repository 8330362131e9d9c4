"""Pictures that go with a question: chosen, pasted or dropped, looked at in a thread, shown small."""

import asyncio
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QSize, Qt
from PySide6.QtCore import Signal as QtSignal
from PySide6.QtGui import QImage, QImageReader, QImageWriter, QPixmap
from PySide6.QtWidgets import QLabel, QWidget

from venom_desktop.core.errors import InvalidInput, StorageUnreadable
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.settings.picking import Picker
from venom_desktop.ui.widgets import ToolButton, column, flow, row, wrapped
from venom_desktop.ui.widgets.layouts import FlowLayout, clear

KEY = "picture of a question"
SIDE = 48
MOST_IMAGES = 8
LARGEST_BYTES = 20 << 20
_FORMATS = (b"png", b"jpeg", b"jpg", b"webp")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A whole image file and its small form (`SIDE` pixels, device-independent)."""

    content: bytes
    small: QImage


def picture_of(content: bytes, scale: float = 1.0) -> Picture:
    """Blocking. Raises `InvalidInput` for what is no PNG, JPEG or WebP."""
    buffer = QBuffer()
    buffer.setData(QByteArray(content))
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    if reader.format().data() not in _FORMATS:
        raise InvalidInput(problem="This is no PNG, JPEG or WebP picture. Choose another file.")
    # Decoded at its small size: a picture of many megapixels costs neither memory nor time.
    side = round(SIDE * scale)
    reader.setScaledSize(reader.size().scaled(QSize(side, side), Qt.AspectRatioMode.KeepAspectRatio))
    small = reader.read()
    if small.isNull():
        raise InvalidInput(problem="This picture is damaged. Choose another file.")
    small.setDevicePixelRatio(scale)
    return Picture(content=content, small=small)


class AttachedImages(QWidget):
    """The pictures of the next question, each with a button that takes it away; hidden without any."""

    refused = QtSignal(object)
    """Why a picture could not be taken: an exception."""

    def __init__(self, bridge: Bridge, picker: Picker) -> None:
        super().__init__()
        self._bridge = bridge
        self._picker = picker
        self._pictures: tuple[Picture, ...] = ()
        self._taken = 0
        self._flow = flow(spacing=8)
        self.setLayout(column(self._flow, spacing=0))
        self.setAccessibleName(tr("Pictures of the question"))
        self.hide()

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return self._pictures

    def choose(self) -> None:
        """Ask for a file."""
        self._bridge.start(KEY, self._choose(), on_error=self.refused.emit)

    def take(self, given: Path | QImage) -> None:
        """Add a file, or an image of the clipboard."""
        self._taken += 1
        self._bridge.start(f"{KEY} {self._taken}", self._take(given), on_error=self.refused.emit)

    def take_all(self) -> tuple[Picture, ...]:
        """Hand the pictures over to a question; none are left here."""
        taken, self._pictures = self._pictures, ()
        self._show()
        return taken

    async def _choose(self) -> None:
        path = await self._picker.file(self, tr("Choose a picture"), Path.home())
        if path is not None:
            await self._take(path)

    async def _take(self, given: Path | QImage) -> None:
        if len(self._pictures) >= MOST_IMAGES:
            raise InvalidInput(problem=f"A question takes {MOST_IMAGES} pictures. Remove one first.")
        scale = self.devicePixelRatioF()
        picture = await asyncio.to_thread(_picture, given, scale)
        self._pictures = (*self._pictures, picture)
        self._show()

    def _remove(self, picture: Picture) -> None:
        self._pictures = tuple(one for one in self._pictures if one is not picture)
        self._show()

    def _show(self) -> None:
        layout = self._flow.layout()
        assert isinstance(layout, FlowLayout)  # noqa: S101 - what `flow` makes
        clear(layout)
        for number, picture in enumerate(self._pictures, start=1):
            remove = ToolButton(
                "close",
                tr("Remove picture {number}", number=number),
                icon_size=12,
                on_click=partial(self._remove, picture),
            )
            layout.addWidget(wrapped(row(thumbnail(picture), remove, spacing=0)))
        self.setVisible(bool(self._pictures))


def thumbnail(picture: Picture) -> QLabel:
    label = QLabel()
    label.setPixmap(QPixmap.fromImage(picture.small))
    label.setAccessibleName(tr("Picture"))
    return label


def _picture(given: Path | QImage, scale: float) -> Picture:
    return _from_file(given, scale) if isinstance(given, Path) else _from_image(given, scale)


def _from_file(path: Path, scale: float) -> Picture:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise StorageUnreadable(path=path, problem=error.strerror or str(error)) from error
    if len(content) > LARGEST_BYTES:
        raise InvalidInput(problem=f"The picture is larger than {LARGEST_BYTES >> 20}\u00a0MB. Choose a smaller one.")
    return picture_of(content, scale)


def _from_image(image: QImage, scale: float) -> Picture:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not QImageWriter(buffer, QByteArray(b"png")).write(image):
        raise InvalidInput(problem="The clipboard holds no picture. Copy one first.")
    return picture_of(bytes(buffer.data().data()), scale)
