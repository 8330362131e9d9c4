"""The first step of an install: asks the source what there is, and decides which files will stand where."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Protocol, TypeVar

from venom_desktop.core.catalog.base import SAFETENSORS_RUNTIME, CatalogEntry, Quantization
from venom_desktop.core.catalog.model_config import MOST_BYTES, parse_config
from venom_desktop.core.catalog.safetensors_files import CONFIG
from venom_desktop.core.errors import (
    InvalidInput,
    NoSafetensors,
    NoUsableFile,
    PickleOnly,
    UnknownQuantization,
    UnusableConfig,
    UpstreamSlow,
)
from venom_desktop.core.registry.install_plan import InstallPlan, make_folder_plan, make_plan
from venom_desktop.core.registry.names import parse_repository

DESCRIBED_WITHIN_S = 60.0

T = TypeVar("T")


class Source(Protocol):
    """The catalog's half of an install."""

    async def details(self, model_name: str, *, refresh: bool = False) -> CatalogEntry: ...

    async def small_file(self, model_name: str, revision: str, file_name: str) -> bytes: ...

    def resolve_url(self, repository: str, revision: str, file_name: str) -> str: ...

    @property
    def endpoint(self) -> str: ...


class Describe:
    """`choose` picks the quantization when the user named none."""

    def __init__(
        self,
        source: Source,
        *,
        models_dir: Path,
        choose: Callable[[CatalogEntry], Awaitable[Quantization]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._models_dir = models_dir
        self._choose = choose
        self._clock = clock

    async def plan(self, model_name: str, runtime: str) -> InstallPlan:
        """What an install of this name for this runtime fetches; nothing large is read for it.

        Raises `NoUsableFile`, `NoSafetensors`, `UnusableConfig`, `PickleOnly`, `UnknownQuantization`, `InvalidName`,
        and what the source raises.
        """
        repository, label = parse_repository(model_name)
        if runtime == SAFETENSORS_RUNTIME:
            return await self._folder_plan(repository, label)
        entry = await self._patiently(lambda: self._source.details(repository, refresh=True))
        if not entry.quantizations:
            raise PickleOnly(model_name=repository) if entry.only_pickle else NoUsableFile(model_name=repository)
        quantization = await self._choose(entry) if label is None else _named(entry, label)
        return make_plan(entry, quantization, models_dir=self._models_dir)

    async def _folder_plan(self, repository: str, label: str | None) -> InstallPlan:
        """`config.json` is read on its own, before anything large."""
        require_no_label(repository, label)
        entry = await self._patiently(lambda: self._source.details(repository, refresh=True))
        if entry.safetensors is None:
            raise PickleOnly(model_name=repository) if entry.only_pickle else NoSafetensors(model_name=repository)
        plan = make_folder_plan(entry, entry.safetensors, models_dir=self._models_dir)
        if any((file.size_bytes or 0) > MOST_BYTES for file in plan.files if file.remote == CONFIG):
            raise UnusableConfig(model_name=repository, problem="is larger than any real one")
        data = await self._patiently(lambda: self._source.small_file(repository, plan.revision, CONFIG))
        config = await asyncio.to_thread(parse_config, data, model_name=repository)
        return replace(plan, model_class=config.model_class, needs_own_code=config.needs_own_code)

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """A list must be there within 3 s; an install is better late than failed."""
        until = self._clock() + DESCRIBED_WITHIN_S
        while True:
            try:
                return await ask()
            except UpstreamSlow:
                if self._clock() >= until:
                    raise


def require_no_label(repository: str, label: str | None) -> None:
    """Raises `InvalidInput` where a quantization was named for vLLM, which takes the whole repository."""
    if label is not None:
        raise InvalidInput(problem=f"vLLM runs {repository} as a whole. Leave out :{label}.")


def _named(entry: CatalogEntry, label: str) -> Quantization:
    quantizations = entry.quantizations or ()
    for quantization in quantizations:
        if quantization.label.casefold() == label.casefold():
            return quantization
    offered = ", ".join(quantization.label for quantization in quantizations)
    raise UnknownQuantization(model_name=entry.model_name, quantization=label, offered=offered)
