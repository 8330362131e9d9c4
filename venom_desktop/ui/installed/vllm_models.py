"""Opens the settings of one model of vLLM and keeps what was chosen."""

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from venom_desktop.core.errors import OutOfGraphicsMemory, VenomError
from venom_desktop.core.operations.operation import OperationType
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.registry.registry import ModelRegistry
from venom_desktop.core.runtimes.base import Runtime
from venom_desktop.core.runtimes.model_settings import ModelSettingsStore
from venom_desktop.core.runtimes.vllm_facts import NAME
from venom_desktop.core.runtimes.vllm_lower import Proposal, proposal_for
from venom_desktop.core.runtimes.vllm_order import Preview, ShowsCommand
from venom_desktop.core.runtimes.vllm_settings import resolved
from venom_desktop.ui.dialogs import answer
from venom_desktop.ui.installed.vllm_settings_dialog import VllmSettingsDialog


@dataclass(frozen=True, slots=True, kw_only=True)
class VllmModels:
    """`window` is what the dialog stands over."""

    runtimes: Mapping[str, Runtime]
    registry: ModelRegistry
    model_settings: ModelSettingsStore
    window: QWidget

    async def edit(self, key: ModelKey) -> bool:
        """True when other settings were stored. Raises `UnknownModel`, `InvalidSetting`, `StorageFailed`."""
        return await self._open(key, None) is True

    async def mend(self, key: ModelKey, error: VenomError) -> None:
        """Offer what would let it run after `error`, and start it then. Raises as `edit` and as an activation."""
        if await self._open(key, error) is not None:
            await self._settled()
            await self.registry.start_activation(key.name, key.runtime)

    async def _settled(self) -> None:
        """What failed is put back in order before anything else is started."""
        for operation in self.registry.operations.operations:
            if operation.operation_type is OperationType.ACTIVATE and not operation.status.is_final:
                await self.registry.wait(operation.operation_id)

    async def _open(self, key: ModelKey, error: VenomError | None) -> bool | None:
        """Whether something else was stored; None where nothing was agreed to."""
        model = self.registry.inventory.find(key.name, key.runtime)
        runtime: object = self.runtimes.get(NAME)
        if not isinstance(runtime, ShowsCommand):
            return None
        preview = await runtime.preview(model)
        before, load = self.model_settings.get_vllm(key), self.model_settings.get(key)
        most = self.registry.get_model_capabilities(key.name, key.runtime).max_context_length
        dialog = VllmSettingsDialog(
            self.window,
            model.display_name,
            preview,
            before,
            load,
            most_context=most,
            error=error,
            proposal=self._proposal(error, preview, key, most),
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        agreed = await answer(dialog)
        if not isValid(dialog):
            return None
        settings, loading = dialog.settings, dialog.load
        dialog.deleteLater()
        if not agreed:
            return None
        is_new = (settings, loading) != (before, load)
        if is_new:
            await self.model_settings.save(key, loading)
            await self.model_settings.save_vllm(key, settings)
        return is_new

    def _proposal(
        self, error: VenomError | None, preview: Preview, key: ModelKey, most_context: int | None
    ) -> Proposal | None:
        if not isinstance(error, OutOfGraphicsMemory):
            return None
        now = resolved(preview.options, self.model_settings.get_vllm(key), self.model_settings.get(key))
        return proposal_for(error, now, most_context=most_context)
