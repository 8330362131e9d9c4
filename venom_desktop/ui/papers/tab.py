"""Says that there are no papers and news yet, and leads to the catalog."""

from collections.abc import Callable

from venom_desktop.ui.i18n import tr
from venom_desktop.ui.widgets import Button, EmptyState


class PapersTab(EmptyState):
    def __init__(self, browse: Callable[[], object]) -> None:
        super().__init__(
            "papers",
            tr("No papers and news yet"),
            tr("Papers and news arrive with a later version. Until then, the catalog is the place for new models."),
            Button(tr("Browse the catalog"), icon="right", trailing=True, on_click=browse),
        )
