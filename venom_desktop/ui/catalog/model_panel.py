"""The details panel at work: shows the selected model with all that changes it, and does what its buttons say."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from PySide6.QtCore import QObject
from PySide6.QtCore import Signal as QtSignal

from venom_desktop.core.catalog.base import CatalogEntry
from venom_desktop.core.errors import Cure
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus
from venom_desktop.core.runtimes.live import RuntimeNews
from venom_desktop.core.secrets.base import HUGGING_FACE, CredentialSource
from venom_desktop.ui.bridge import Bridge, Named
from venom_desktop.ui.catalog.details import CatalogDetails
from venom_desktop.ui.catalog.going_on import GoingOn
from venom_desktop.ui.catalog.offers import exact_size
from venom_desktop.ui.catalog.parts import PanelParts, make_selection
from venom_desktop.ui.catalog.presenter import NextStep, Step, next_step
from venom_desktop.ui.catalog.primary import impossible
from venom_desktop.ui.catalog.run_with import RunWith, readiness_in
from venom_desktop.ui.catalog.selection import Chosen
from venom_desktop.ui.links import open_link
from venom_desktop.ui.messages import message_of, message_of_operation

PRIMARY_KEY: Final = "primary"
VAULT_KEY: Final = "vault"
_AGAIN: Final = frozenset({Cure.TRY_AGAIN, Cure.RETRY, Cure.DOWNLOAD_AGAIN})


class ModelPanel(QObject):
    """`cure_wanted` carries the cures that lie in other tabs; `another_wanted` asks for another model to be chosen.

    `judged` carries entries whose verdict is exact now. `name` keeps what one tab starts apart from what another does.
    """

    cure_wanted = QtSignal(object)
    another_wanted = QtSignal()
    runtime_chosen = QtSignal()
    judged = QtSignal(object)

    def __init__(
        self, bridge: Bridge, parts: PanelParts, run_with: RunWith, *, name: str, closable: bool = False
    ) -> None:
        super().__init__()
        self._bridge, self._starter, self._parts = bridge, Named(bridge, name), parts
        self._registry = parts.registry
        self._run_with = run_with
        self._next = NextStep(step=Step.READING)
        self._token_asked = False
        self._going_on = GoingOn(parts.registry, parts.model_settings, parts.runtimes)
        self._selection = make_selection(parts, self._starter, run_with)
        self.details = CatalogDetails(closable=closable)
        self._connect()
        self._listen()

    @property
    def chosen(self) -> Chosen | None:
        """What the panel shows; None when no model is selected."""
        return self._selection.chosen

    def select(self, entry: CatalogEntry | None) -> None:
        self._selection.select(entry)

    def press_primary(self) -> None:
        if not self.details.primary.isEnabled():
            return
        self.details.show_failure(None)
        if self._next.step is Step.GET_RUNTIME:
            self.cure_wanted.emit(Cure.INSTALL_RUNTIME)
        else:
            going_on = self._going_on.go_on(self._next, self._selection.chosen)
            self._starter.start(PRIMARY_KEY, going_on, on_error=self._show_failure)

    def _connect(self) -> None:
        self.details.quantization_chosen.connect(self._selection.choose_quantization)
        self.details.context_chosen.connect(self._selection.choose_context)
        self.details.runtime_chosen.connect(self._choose_runtime)
        self.details.primary_pressed.connect(self.press_primary)
        self.details.page_wanted.connect(self._open_page)
        self.details.again_wanted.connect(self._selection.read_again)
        self.details.cure_wanted.connect(self._cure)

    def _listen(self) -> None:
        bridge, registry, parts = self._bridge, self._registry, self._parts
        owner, selection = self.details, self._selection
        bridge.listen(selection.changed, owner, self._show_chosen)
        bridge.listen(selection.judged, owner, self.judged.emit)
        bridge.listen(RuntimeNews(parts.runtimes), owner, lambda _: self._show_next())
        bridge.listen(registry.inventory.changed, owner, lambda _: self._show_next())
        bridge.listen_merged(
            registry.operations.changed, owner, self._take_operations, key=lambda operation: operation.operation_id
        )
        bridge.listen(parts.vault.changed, owner, self._take_secret)
        bridge.listen(parts.settings.changed, owner, lambda _: selection.runtimes_changed())
        bridge.listen(parts.host, owner, selection.host_changed)
        for news in (parts.model_settings.changed, parts.learned):
            bridge.listen(news, owner, lambda _: selection.settings_changed())

    def _show_chosen(self, chosen: Chosen | None) -> None:
        self.details.show_chosen(chosen)
        self._show_next()
        if chosen is not None and chosen.entry.gated and not self._token_asked:
            # Only now: a keyring may ask for its password.
            self._token_asked = True
            self._starter.start(VAULT_KEY, self._look_for_token())

    async def _look_for_token(self) -> None:
        status = await self._parts.vault.status(HUGGING_FACE)
        self.details.show_token(status.source is not CredentialSource.NONE)

    def _take_secret(self, name: str) -> None:
        chosen = self._selection.chosen
        if name == HUGGING_FACE and self._token_asked:
            self._starter.start(VAULT_KEY, self._look_for_token())
            if chosen is not None and chosen.entry.gated:
                self._selection.read_again()

    def _show_next(self) -> None:
        chosen = self._selection.chosen
        if chosen is None:
            return
        self._next = next_step(
            chosen.entry,
            chosen.quantization,
            reading=chosen.reading,
            runtime=chosen.runtime,
            inventory=self._registry.inventory.snapshot,
            operations=self._registry.operations.operations,
            context_moved=chosen.context_moved,
            readiness=readiness_in(self._parts.runtimes, chosen.runtime),
            possible=impossible(chosen) is None,
        )
        if chosen.quantization is not None:
            size = exact_size(chosen.quantization, chosen.verdict)
            self._next = replace(self._next, size_bytes=size)
        self.details.show_runtimes({name for name in chosen.offered if self._run_with.has(chosen.entry, name)})
        self.details.show_next(self._next)

    def _choose_runtime(self, name: str) -> None:
        self._selection.choose_runtime(name)
        self.runtime_chosen.emit()

    def _take_operations(self, operations: Sequence[ModelOperation]) -> None:
        for operation in operations:
            failed = operation.status is OperationStatus.FAILED
            if failed and operation.model_name == self._next.model_name:
                self.details.show_failure(message_of_operation(operation))
        self._show_next()

    def _show_failure(self, error: Exception) -> None:
        self.details.show_failure(message_of(error))

    def _open_page(self) -> None:
        chosen = self._selection.chosen
        if chosen is not None and chosen.entry.page_url:
            open_link(chosen.entry.page_url)

    def _cure(self, cure: Cure) -> None:
        if cure is Cure.OPEN_MODEL_PAGE:
            self._open_page()
        elif cure is Cure.CHOOSE_ANOTHER:
            self.another_wanted.emit()
        elif cure in _AGAIN and self._selection.chosen is not None and self._selection.chosen.error is not None:
            self._selection.read_again()
        elif cure in _AGAIN:
            self.press_primary()
        else:
            self.cure_wanted.emit(cure)
