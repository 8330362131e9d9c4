"""Makes of a model and its settings what vLLM is to be started with."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from venom_desktop.core.errors import FileMissing, VllmMissing
from venom_desktop.core.registry.model import ModelKey, ModelMetadata
from venom_desktop.core.runtimes.base import LoadSettings
from venom_desktop.core.runtimes.vllm_command import command_for
from venom_desktop.core.runtimes.vllm_facts import TITLE
from venom_desktop.core.runtimes.vllm_program import PROGRAM
from venom_desktop.core.runtimes.vllm_server import Order
from venom_desktop.core.runtimes.vllm_settings import VllmOptions, VllmSettings, resolved


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a start of one model depends on beside its settings, so that a command can be shown while they are typed.

    `program` is a bare name where none was found, and `folder` the model's name where it has none.
    """

    program: Path
    folder: Path
    name: str
    options: VllmOptions

    def command(self, settings: VllmSettings, load: LoadSettings) -> str:
        """For a shell, without any key."""
        chosen = resolved(self.options, settings, load)
        return command_for(self.program, self.folder, name=self.name, options=self.options, settings=chosen).shown


@runtime_checkable
class ShowsCommand(Protocol):
    """A runtime whose command line can be shown before it runs."""

    async def preview(self, model: ModelMetadata) -> Preview:
        """What a load of `model` would run with settings that are not stored yet."""


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

    def preview(self, model: ModelMetadata) -> Preview:
        """Looks for the program: call it in a thread."""
        options = self._options()
        return Preview(
            program=self._program() or Path(PROGRAM),
            folder=model.local_path or options.model_path or Path(model.name),
            name=model.name,
            options=options,
        )

    def make(self, model: ModelMetadata, load: LoadSettings) -> Order:
        """With a fresh key. Raises `FileMissing`, `VllmMissing`. Looks at the disk: call it in a thread."""
        path = self.folder(model)
        program, options = self._program(), self._options()
        if program is None:
            raise VllmMissing(runtime=TITLE)
        settings = resolved(options, self._settings_of(model.key), load)
        command = command_for(program, path, name=model.name, options=options, settings=settings)
        return Order(
            model_path=path,
            model_name=model.name,
            name=settings.served_name or model.name,
            command=command,
            api_key=secrets.token_urlsafe(32),
        )
