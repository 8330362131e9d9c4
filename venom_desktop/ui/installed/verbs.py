"""The verbs on an installed model: each asks what must be asked, then makes one call to the core."""

from collections.abc import Callable, Coroutine, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from venom_desktop.core.errors import ModelActive
from venom_desktop.core.registry.model import ModelKey, ModelMetadata, ModelProvider
from venom_desktop.core.registry.registry import ModelRegistry
from venom_desktop.core.runtimes.base import Runtime, ServerRuntime
from venom_desktop.core.runtimes.model_settings import ModelSettingsStore
from venom_desktop.core.runtimes.vllm_facts import NAME as VLLM
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.dialogs import Dialog, answer
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.installed.capabilities_dialog import CapabilitiesDialog
from venom_desktop.ui.installed.file_facts import folder_of
from venom_desktop.ui.installed.load_settings_dialog import LoadSettingsDialog
from venom_desktop.ui.installed.name_dialog import NameDialog
from venom_desktop.ui.installed.name_field import NameField
from venom_desktop.ui.installed.presenter import Row, usual_speed
from venom_desktop.ui.installed.remove_dialog import RemoveDialog
from venom_desktop.ui.installed.vllm_models import VllmModels
from venom_desktop.ui.installed.words import runtime_title
from venom_desktop.ui.links import open_folder


class Verb(Enum):
    ACTIVATE = "activate"
    UNLOAD = "unload"
    INSTALL_AGAIN = "install_again"
    UPDATE = "update"
    VERIFY = "verify"
    COPY = "copy"
    RENAME = "rename"
    OPEN_FOLDER = "open_folder"
    CAPABILITIES = "capabilities"
    LOAD_SETTINGS = "load_settings"
    REMOVE = "remove"


class Verbs:
    """`on_error` hears what was refused; `on_settings_saved` that a model has other load settings now."""

    def __init__(
        self,
        registry: ModelRegistry,
        bridge: Bridge,
        *,
        runtimes: Mapping[str, Runtime],
        model_settings: ModelSettingsStore,
        window: QWidget,
        on_error: Callable[[Exception], None],
        on_settings_saved: Callable[[ModelKey], None],
        show_folder: Callable[[str], object] = open_folder,
    ) -> None:
        self._registry = registry
        self._bridge = bridge
        self._runtimes = runtimes
        self._model_settings = model_settings
        self._window = window
        self._vllm = VllmModels(runtimes=runtimes, registry=registry, model_settings=model_settings, window=window)
        self._on_error = on_error
        self._on_settings_saved = on_settings_saved
        self._show_folder = show_folder

    def do(self, verb: Verb, row: Row) -> None:
        """Begin; returns at once."""
        key = f"{verb.value} {row.model.name} {row.model.runtime}"
        self._bridge.start(key, self._steps(verb, row), on_error=self._on_error)

    def _steps(self, verb: Verb, row: Row) -> Coroutine[Any, Any, object]:
        model = row.model
        match verb:
            case Verb.ACTIVATE:
                return self._registry.start_activation(model.name, model.runtime)
            case Verb.UNLOAD:
                return self._unload(model)
            case Verb.INSTALL_AGAIN:
                source = ModelProvider.HUGGINGFACE if row.store is None else ModelProvider.OLLAMA
                return self._registry.install_model(model.name, source, model.runtime)
            case Verb.UPDATE:
                return self._registry.update_model(model.name, model.runtime)
            case Verb.VERIFY:
                return self._registry.verify_model(model.name, model.runtime)
            case Verb.OPEN_FOLDER:
                return self._open_folder(row)
            case Verb.COPY:
                return self._copy(model)
            case Verb.RENAME:
                return self._rename(model)
            case Verb.CAPABILITIES:
                return self._edit_capabilities(model)
            case Verb.LOAD_SETTINGS:
                return self._edit_load_settings(row)
            case Verb.REMOVE:
                return self._remove(model)

    async def _unload(self, model: ModelMetadata) -> None:
        runtime = self._runtimes.get(model.runtime)
        if self._registry.inventory.snapshot.active != model.key and isinstance(runtime, ServerRuntime):
            await runtime.unload_model(model.name)
        else:
            await self._registry.deactivate()

    async def _open_folder(self, row: Row) -> None:
        folder: Path | None = folder_of(row)
        if folder is not None:
            self._show_folder(str(folder))

    async def _copy(self, model: ModelMetadata) -> None:
        field = self._name_field(model)
        path, mark, tag = model.name.rpartition(":")
        field.propose(field.free_name(f"{path}-copy{mark}{tag}"))
        await answer(
            NameDialog(
                self._window,
                self._bridge,
                title=tr("Copy {name}", name=model.name),
                consequence=tr("Both names share one content, so the copy takes no further space."),
                action=tr("Copy"),
                field=field,
                take=lambda name: self._registry.copy_model(model.name, name, model.runtime),
            )
        )

    async def _rename(self, model: ModelMetadata) -> None:
        field = self._name_field(model, own=model.name)
        field.propose(model.name)
        await answer(
            NameDialog(
                self._window,
                self._bridge,
                title=tr("Rename {name}", name=model.name),
                consequence=tr("Your settings go along. Programs that use the old name no longer find it."),
                action=tr("Rename"),
                field=field,
                take=lambda name: self._registry.rename_model(model.name, name, model.runtime),
            )
        )

    def _name_field(self, model: ModelMetadata, *, own: str | None = None) -> NameField:
        return NameField(self._registry.inventory, model.runtime, self._title(model), own=own)

    async def _remove(self, model: ModelMetadata) -> None:
        inventory = self._registry.inventory.snapshot
        if inventory.active == model.key:
            raise ModelActive
        dialog = RemoveDialog(
            self._window,
            model,
            runtime=self._title(model),
            bytes_per_s=usual_speed(self._registry.operations.operations),
            shared_with=[other.name for other in inventory.models if _shares(other, model)],
        )
        if await self._agreed(dialog):
            await self._registry.remove_model(
                model.name, model.runtime, delete_own_file=model.used_in_place and dialog.deletes_own_file
            )

    async def _edit_capabilities(self, model: ModelMetadata) -> None:
        dialog = CapabilitiesDialog(self._window, model)
        if await self._agreed(dialog):
            await self._registry.set_model_capabilities(model.name, dialog.overrides, model.runtime)

    async def _edit_load_settings(self, row: Row) -> None:
        model = row.model
        if model.runtime == VLLM:
            if await self._vllm.edit(model.key):
                self._on_settings_saved(model.key)
            return
        before = self._model_settings.get(model.key)
        most = self._registry.get_model_capabilities(model.name, model.runtime).max_context_length
        server = None if row.store is None else self._title(model)
        dialog = LoadSettingsDialog(self._window, model.display_name, before, most_context=most, server=server)
        if await self._agreed(dialog) and dialog.settings != before:
            await self._model_settings.save(model.key, dialog.settings)
            self._on_settings_saved(model.key)

    @staticmethod
    async def _agreed(dialog: Dialog) -> bool:
        """What the fields say is read after the answer, so the dialog outlives it until the next turn of the loop."""
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        agreed = await answer(dialog)
        if isValid(dialog):
            dialog.deleteLater()
        return agreed

    def _title(self, model: ModelMetadata) -> str:
        runtime = self._runtimes.get(model.runtime)
        return runtime_title(model.runtime, runtime.snapshot.title if runtime else None)


def _shares(other: ModelMetadata, model: ModelMetadata) -> bool:
    """Whether it is the same content in the same store under another name."""
    same = other.revision is not None and other.revision == model.revision and other.runtime == model.runtime
    return same and other.name != model.name
