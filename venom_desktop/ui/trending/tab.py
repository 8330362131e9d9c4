"""Says that there are no trending lists yet, and leads to the catalog."""

from collections.abc import Callable

from venom_desktop.ui.i18n import tr
from venom_desktop.ui.widgets import Button, EmptyState


class TrendingTab(EmptyState):
    def __init__(self, browse: Callable[[], object]) -> None:
        super().__init__(
            "trending",
            tr("No trending lists yet"),
            tr("Trending lists arrive with a later version. The catalog has every model they will name."),
            Button(tr("Browse the catalog"), icon="right", trailing=True, on_click=browse),
        )
