"""Asks before a model goes, with the numbers; deleting a file of the user's own is a second, named choice."""

from collections.abc import Sequence

from PySide6.QtWidgets import QCheckBox, QWidget

from venom_desktop.core.registry.model import ModelMetadata
from venom_desktop.ui import theme
from venom_desktop.ui.dialogs import Dialog
from venom_desktop.ui.i18n import gigabytes, tr
from venom_desktop.ui.installed.file_facts import short_path
from venom_desktop.ui.installed.groups import size_of
from venom_desktop.ui.installed.words import removal_consequence
from venom_desktop.ui.widgets import Label


class RemoveDialog(Dialog):
    """`deletes_own_file` tells whether the second choice was made; `shared_with` are other names of that content."""

    def __init__(
        self,
        parent: QWidget,
        model: ModelMetadata,
        *,
        runtime: str,
        bytes_per_s: float | None,
        shared_with: Sequence[str] = (),
    ) -> None:
        self._model = model
        in_place = model.used_in_place
        super().__init__(
            parent,
            tr("Remove {name} from the list?" if in_place else "Remove {name}?", name=model.name),
            safe=tr("Keep"),
            action=tr("Remove from the list") if in_place else _remove_words(model, frees=not shared_with),
            destroys=not in_place,
        )
        consequence = (
            self._stays() if in_place else removal_consequence(model, runtime, bytes_per_s, shared_with=shared_with)
        )
        self.body.addWidget(Label(consequence, tone="text2", wrap=True))
        self._too = QCheckBox(tr("Delete the file too ({size})", size=gigabytes(size_of(model))))
        theme.set_font(self._too, "body")
        self._too.setVisible(in_place)
        self._too.toggled.connect(self._show_choice)
        self.body.addWidget(self._too)

    @property
    def deletes_own_file(self) -> bool:
        return self._too.isChecked()

    def choose_to_delete(self, delete: bool) -> None:
        self._too.setChecked(delete)

    def _stays(self) -> str:
        path = self._model.local_path
        return tr("Its file stays at {path}.", path=short_path(path)) if path else tr("Its file stays where it is.")

    def _show_choice(self, delete: bool) -> None:
        self.action.set_content(_delete_words(self._model) if delete else tr("Remove from the list"))
        self.action.set_kind("destroy" if delete else "primary")


def _remove_words(model: ModelMetadata, *, frees: bool) -> str:
    size = size_of(model)
    return tr("Remove") if size is None or not frees else tr("Remove {size}", size=gigabytes(size))


def _delete_words(model: ModelMetadata) -> str:
    size = size_of(model)
    return tr("Delete the file") if size is None else tr("Delete {size}", size=gigabytes(size))
