"""The verbs on an installed model: each asks what must be asked, then makes one call to the core."""

from collections.abc import Callable, Coroutine, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from venom_desktop.core.errors import ModelActive
from venom_desktop.core.registry.model import ModelKey, ModelMetadata
from venom_desktop.core.registry.registry import ModelRegistry
from venom_desktop.core.runtimes.base import Runtime
from venom_desktop.core.runtimes.model_settings import ModelSettingsStore
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.dialogs import Dialog, answer
from venom_desktop.ui.installed.capabilities_dialog import CapabilitiesDialog
from venom_desktop.ui.installed.load_settings_dialog import LoadSettingsDialog
from venom_desktop.ui.installed.presenter import usual_speed
from venom_desktop.ui.installed.remove_dialog import RemoveDialog
from venom_desktop.ui.installed.words import folder_of, runtime_title
from venom_desktop.ui.links import open_folder


class Verb(Enum):
    ACTIVATE = "activate"
    UNLOAD = "unload"
    INSTALL_AGAIN = "install_again"
    VERIFY = "verify"
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
        self._on_error = on_error
        self._on_settings_saved = on_settings_saved
        self._show_folder = show_folder

    def do(self, verb: Verb, model: ModelMetadata) -> None:
        """Begin; returns at once."""
        key = f"{verb.value} {model.name} {model.runtime}"
        self._bridge.start(key, self._steps(verb, model), on_error=self._on_error)

    def _steps(self, verb: Verb, model: ModelMetadata) -> Coroutine[Any, Any, object]:
        match verb:
            case Verb.ACTIVATE:
                return self._registry.start_activation(model.name, model.runtime)
            case Verb.UNLOAD:
                return self._registry.deactivate()
            case Verb.INSTALL_AGAIN:
                return self._registry.install_model(model.name, runtime=model.runtime)
            case Verb.VERIFY:
                return self._registry.verify_model(model.name, model.runtime)
            case Verb.OPEN_FOLDER:
                return self._open_folder(model)
            case Verb.CAPABILITIES:
                return self._edit_capabilities(model)
            case Verb.LOAD_SETTINGS:
                return self._edit_load_settings(model)
            case Verb.REMOVE:
                return self._remove(model)

    async def _open_folder(self, model: ModelMetadata) -> None:
        folder: Path | None = folder_of(model)
        if folder is not None:
            self._show_folder(str(folder))

    async def _remove(self, model: ModelMetadata) -> None:
        if self._registry.inventory.snapshot.active == model.key:
            raise ModelActive
        speed = usual_speed(self._registry.operations.operations)
        dialog = RemoveDialog(self._window, model, runtime=self._title(model), bytes_per_s=speed)
        if await self._agreed(dialog):
            await self._registry.remove_model(
                model.name, model.runtime, delete_own_file=model.used_in_place and dialog.deletes_own_file
            )

    async def _edit_capabilities(self, model: ModelMetadata) -> None:
        dialog = CapabilitiesDialog(self._window, model)
        if await self._agreed(dialog):
            await self._registry.set_model_capabilities(model.name, dialog.overrides, model.runtime)

    async def _edit_load_settings(self, model: ModelMetadata) -> None:
        before = self._model_settings.get(model.key)
        most = self._registry.get_model_capabilities(model.name, model.runtime).max_context_length
        dialog = LoadSettingsDialog(self._window, model.display_name, before, most_context=most)
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
