"""What is said over the list: one line for each source that gave an old answer or none."""

from collections.abc import Sequence

from PySide6.QtCore import Signal as QtSignal
from PySide6.QtWidgets import QWidget

from venom_desktop.core.catalog.listing import SourceState
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.ui.catalog.source_words import source_sentence
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.messages import message_of
from venom_desktop.ui.widgets import Banner, column


class SourceBanners(QWidget):
    """`again_wanted` carries the provider whose line was pressed; without anything to say there is no room taken."""

    again_wanted = QtSignal(object)

    def __init__(self, providers: Sequence[ModelProvider]) -> None:
        super().__init__()
        self._banners = {provider: Banner("note") for provider in providers}
        self.setLayout(column(*self._banners.values(), spacing=6, margins=(16, 0, 12, 10)))
        self.hide()

    def of(self, provider: ModelProvider) -> Banner:
        """The line of one source."""
        return self._banners[provider]

    def show_sources(self, states: Sequence[SourceState]) -> None:
        """Take how the sources stand; one that is not asked now says nothing."""
        said = {state.provider: state for state in states if state.stale or state.error is not None}
        for provider, banner in self._banners.items():
            state = said.get(provider)
            if state is None:
                banner.hide()
            else:
                self._tell(banner, state)
        self.setVisible(bool(said))

    def _tell(self, banner: Banner, state: SourceState) -> None:
        banner.show_kind("note" if state.loaded else "cure")
        sentence = source_sentence(state)
        # The same words are not told twice: a screen reader would repeat them at every page.
        if banner.isHidden() or banner.sentence != sentence:
            code = message_of(state.error).tip if state.error else ""
            provider = state.provider
            banner.tell(sentence, tr("Try again"), lambda: self.again_wanted.emit(provider), icon="refresh", tip=code)
