"""Makes of a model and its settings what vLLM is to be started with."""

import secrets
from collections.abc import Callable
from pathlib import Path

from venom_desktop.core.errors import FileMissing, VllmMissing
from venom_desktop.core.registry.model import ModelKey, ModelMetadata
from venom_desktop.core.runtimes.base import LoadSettings
from venom_desktop.core.runtimes.vllm_command import command_for
from venom_desktop.core.runtimes.vllm_facts import TITLE
from venom_desktop.core.runtimes.vllm_server import Order
from venom_desktop.core.runtimes.vllm_settings import VllmOptions, VllmSettings, resolved


class Orders:
    """`program` is asked at every order: the path of the settings may have changed."""

    def __init__(
        self,
        program: Callable[[], Path | None],
        *,
        options: Callable[[], VllmOptions],
        settings_of: Callable[[ModelKey], VllmSettings],
    ) -> None:
        self._program = program
        self._options = options
        self._settings_of = settings_of

    def folder(self, model: ModelMetadata) -> Path:
        """Where its weights are. Raises `FileMissing`. Looks at the disk: call it in a thread."""
        path = model.local_path or self._options().model_path
        if path is None or not path.exists():
            raise FileMissing(model_name=model.name, path=path)
        return path

    def make(self, model: ModelMetadata, load: LoadSettings) -> Order:
        """With a fresh key. Raises `FileMissing`, `VllmMissing`. Looks at the disk: call it in a thread."""
        path = self.folder(model)
        program, options = self._program(), self._options()
        if program is None:
            raise VllmMissing(runtime=TITLE)
        settings = resolved(options, self._settings_of(model.key), load)
        command = command_for(program, path, name=model.name, options=options, settings=settings)
        name = settings.served_name or model.name
        return Order(model_path=path, name=name, command=command, api_key=secrets.token_urlsafe(32))
