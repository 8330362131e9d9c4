"""What is said over the list: one line for each source that gave an old answer or none."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QWidget

from venom_desktop.core.catalog.listing import SourceState
from venom_desktop.core.errors import Cure, StayingOffline
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.ui.catalog.source_words import source_sentence
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.messages import cure_words, message_of
from venom_desktop.ui.widgets import Banner, column


class SourceBanner(Banner):
    """The line of one source, hidden while there is nothing to say; `again_wanted`: its button was pressed."""

    again_wanted = QtSignal()

    def __init__(self) -> None:
        super().__init__("note")

    def show_source(self, state: SourceState | None) -> None:
        """Take how the source stands; None when it is not asked now."""
        if state is None or not (state.stale or state.error is not None):
            self.hide()
            return
        self.show_kind("note" if state.loaded else "cure")
        sentence = source_sentence(state)
        # The same words are not told twice: a screen reader would repeat them at every page.
        if self.isHidden() or self.sentence != sentence:
            code = message_of(state.error).tip if state.error else ""
            offline = isinstance(state.error, StayingOffline)
            words, icon = (cure_words(Cure.GO_ONLINE), None) if offline else (tr("Try again"), "refresh")
            self.tell(sentence, words, self.again_wanted.emit, icon=icon, tip=code)


class SourceBanners(QWidget):
    """`again_wanted` carries the provider whose line was pressed; without anything to say there is no room taken."""

    again_wanted = QtSignal(object)

    def __init__(self, providers: Sequence[ModelProvider]) -> None:
        super().__init__()
        self._banners = {provider: SourceBanner() for provider in providers}
        for provider, banner in self._banners.items():
            banner.again_wanted.connect(partial(self.again_wanted.emit, provider))
        self.setLayout(column(*self._banners.values(), spacing=6, margins=(16, 0, 12, 10)))
        self.hide()

    def of(self, provider: ModelProvider) -> Banner:
        """The line of one source."""
        return self._banners[provider]

    def show_sources(self, states: Sequence[SourceState]) -> None:
        """Take how the sources stand; one that is not asked now says nothing."""
        asked = {state.provider: state for state in states}
        for provider, banner in self._banners.items():
            banner.show_source(asked.get(provider))
        self.setVisible(not all(banner.isHidden() for banner in self._banners.values()))
