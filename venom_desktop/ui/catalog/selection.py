"""The model that is selected: reads its details, keeps the choices, and judges whether it fits. No Qt in here."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final, Protocol

from venom_desktop.core.catalog.base import CatalogEntry, FitGrade, FitVerdict, Quantization
from venom_desktop.core.catalog.entry_fit import estimated_fit
from venom_desktop.core.catalog.fit import DeviceMemory, LoadSettings
from venom_desktop.core.catalog.run_on import BUILT_IN, SettingsOf, SettingsOfModel, memory_for, usual_settings
from venom_desktop.core.errors import VenomError
from venom_desktop.core.host.sample import HostSample
from venom_desktop.core.registry.model import ModelKey, ModelProvider
from venom_desktop.core.signals import Signal
from venom_desktop.core.tasks import OnError
from venom_desktop.ui.catalog.chosen import Chosen as Chosen
from venom_desktop.ui.catalog.presenter import context_steps, preselected, usual_step
from venom_desktop.ui.catalog.run_with import full_name

READ_AFTER_S: Final = 0.15
"""Whoever runs down the list with the arrow keys asks for the row where they stop."""

JUDGE_AFTER_S: Final = 0.12
NOTICEABLE_BYTES: Final = 256_000_000
"""A change of free memory below this moves no verdict: numbers that flicker help nobody."""

DETAILS_KEY: Final = "details"
FIT_KEY: Final = "fit"


class Source(Protocol):
    """The part of a catalog that the panel needs."""

    async def details(self, model_name: str, *, refresh: bool = False) -> CatalogEntry: ...

    async def exact_fit(
        self,
        entry: CatalogEntry,
        quantization: Quantization,
        *,
        settings: LoadSettings,
        host: HostSample,
        gpu: DeviceMemory | None = None,
    ) -> FitVerdict | None: ...


class Runners(Protocol):
    """Which runtimes can run an entry here (`RunWith`)."""

    def offered(self, entry: CatalogEntry) -> tuple[str, ...]: ...

    def meant(self, entry: CatalogEntry) -> str | None: ...

    def usual(self, entry: CatalogEntry) -> str: ...

    def choose(self, runtime: str) -> None: ...

    def refusal(self, entry: CatalogEntry) -> VenomError | None: ...


class Starter(Protocol):
    """The part of the bridge that starts and cancels coroutines."""

    def start(self, key: str, coroutine: Coroutine[Any, Any, object], *, on_error: OnError | None = None) -> None: ...

    def cancel(self, key: str) -> None: ...


class Selection:
    """`changed` publishes every new `Chosen`, None when nothing is selected.

    `stored_context` tells in tokens what somebody chose for an installed model, None where nobody did; `settings` what
    a runtime takes then, and `settings_of_model` how it loads this one.
    """

    def __init__(
        self,
        sources: Mapping[ModelProvider, Source],
        starter: Starter,
        host: Callable[[], HostSample | None],
        *,
        run_with: Runners,
        settings: SettingsOf = usual_settings,
        settings_of_model: SettingsOfModel | None = None,
        stored_context: Callable[[ModelKey], int | None] = lambda key: None,
    ) -> None:
        self.changed: Signal[Chosen | None] = Signal()
        self.judged: Signal[CatalogEntry] = Signal()
        """Entries whose verdict is exact now, for the row in the list."""
        self._sources = sources
        self._starter = starter
        self._host = host
        self._run_with = run_with
        self._settings = settings
        self._settings_of_model = settings_of_model or (lambda key: settings(key.runtime))
        self._stored_context = stored_context
        self._chosen: Chosen | None = None
        self._by_hand: str | None = None

    @property
    def chosen(self) -> Chosen | None:
        return self._chosen

    def select(self, entry: CatalogEntry | None) -> None:
        """Show another model: at once what its row knows, then what its page knows."""
        if entry is None:
            self._starter.cancel(DETAILS_KEY)
            self._starter.cancel(FIT_KEY)
            self._publish(None)
            return
        if self._chosen is not None and self._chosen.entry.key == entry.key:
            return
        self._by_hand = None
        self._starter.cancel(FIT_KEY)
        self._publish(self._known(self._runnable(Chosen(entry=entry, runtime=self._run_with.meant(entry)))))
        self._starter.start(DETAILS_KEY, self._read(entry), on_error=self._failed)

    def read_again(self) -> None:
        """After an error, or after a licence was accepted."""
        if self._chosen is not None:
            self._publish(replace(self._chosen, reading=True, error=None))
            self._starter.start(DETAILS_KEY, self._read(self._chosen.entry, refresh=True), on_error=self._failed)

    def choose_quantization(self, label: str) -> None:
        chosen = self._chosen
        if chosen is None or (chosen.quantization is not None and chosen.quantization.label == label):
            return
        self._by_hand = label
        self._publish(self._at_its_context(replace(chosen, quantization=_by_label(chosen, label))))
        self._judge_soon()

    def choose_runtime(self, runtime: str) -> None:
        """Judge for another runtime, now and for the models looked at next."""
        chosen = self._chosen
        if chosen is None or runtime == chosen.runtime or runtime not in chosen.offered:
            return
        self._run_with.choose(runtime)
        self._publish(self._known(replace(chosen, runtime=runtime)))
        self._judge_soon()

    def runtimes_changed(self) -> None:
        """After another profile was chosen: what may run it may be another."""
        if self._chosen is not None:
            self._publish(self._known(self._runnable(self._chosen)))
            self._judge_soon()

    def choose_context(self, tokens: int) -> None:
        chosen = self._chosen
        if chosen is None or tokens == chosen.context:
            return
        self._publish(self._estimated(replace(chosen, context=tokens)))
        self._judge_soon()

    def settings_changed(self) -> None:
        """Follow the stored context, unless the slider was moved away from it."""
        if self._chosen is not None:
            self._publish(self._at_its_context(self._chosen))
            self._judge_soon()

    def host_changed(self, host: HostSample) -> None:
        """Judge anew when noticeably more or less memory is free."""
        chosen = self._chosen
        if chosen is None:
            return
        before = chosen.host.memory_available_bytes if chosen.host else None
        if before is None or abs(host.memory_available_bytes - before) >= NOTICEABLE_BYTES:
            self._publish(self._estimated(chosen) if before is None else replace(chosen, host=host))
            self._judge_soon()

    async def _read(self, entry: CatalogEntry, *, refresh: bool = False) -> None:
        await asyncio.sleep(0 if refresh else READ_AFTER_S)
        details = await self._sources[entry.provider].details(entry.model_name, refresh=refresh)
        chosen = self._chosen
        if chosen is None or chosen.entry.key != details.key:
            return
        read = replace(chosen, entry=_joined(entry, details), reading=False, error=None)
        self._publish(self._known(self._runnable(read)))
        self._judge_soon()

    def _failed(self, error: Exception) -> None:
        if self._chosen is not None:
            self._publish(replace(self._chosen, reading=False, error=error))

    def _runnable(self, chosen: Chosen) -> Chosen:
        """With the runtimes that may run it; the chosen one stays while it is among them."""
        offered = self._run_with.offered(chosen.entry)
        runtime = chosen.runtime if chosen.runtime in offered else self._run_with.meant(chosen.entry)
        return replace(chosen, offered=offered, runtime=runtime, refusal=self._run_with.refusal(chosen.entry))

    def _known(self, chosen: Chosen) -> Chosen:
        """With stops, verdicts and a preselected quantization, as far as the entry tells."""
        chosen = self._estimated(self._placed(chosen))
        kept = _by_label(chosen, self._by_hand) if self._by_hand else None
        chosen = replace(chosen, quantization=kept or preselected(chosen.variants, chosen.verdicts))
        return self._at_its_context(chosen)

    def _at_its_context(self, chosen: Chosen) -> Chosen:
        placed = self._placed(chosen)
        return placed if placed.context == chosen.context else self._estimated(placed)

    def _placed(self, chosen: Chosen) -> Chosen:
        """On the context of the chosen quantization, or where the slider was moved to."""
        quantization, runtime = chosen.quantization, chosen.runtime
        key = self._key(chosen)
        stored = None if key is None else self._stored_context(key)
        most = (quantization.context_length if quantization else None) or chosen.entry.context_length
        steps = context_steps(most, stored)
        kept = stored or steps[usual_step(steps, self._settings(runtime or BUILT_IN).context)]
        moved = chosen.context_moved and chosen.context in steps
        return replace(chosen, steps=steps, kept_context=kept, context=chosen.context if moved else kept)

    def _key(self, chosen: Chosen) -> ModelKey | None:
        """What it is called once it is installed; None as long as no quantization is chosen."""
        if chosen.quantization is None or chosen.runtime is None:
            return None
        return ModelKey(name=full_name(chosen.entry, chosen.quantization, chosen.runtime), runtime=chosen.runtime)

    def _estimated(self, chosen: Chosen) -> Chosen:
        host = self._host()
        if host is None:
            return chosen
        settings, gpu = self._way_to_load(chosen, host)
        verdicts = {
            one.label: estimated_fit(chosen.entry, one, settings=settings, host=host, gpu=gpu)
            for one in chosen.variants
        }
        return replace(chosen, verdicts=MappingProxyType(verdicts), host=host)

    def _way_to_load(self, chosen: Chosen, host: HostSample) -> tuple[LoadSettings, DeviceMemory | None]:
        runtime = chosen.runtime or self._run_with.usual(chosen.entry)
        key = self._key(chosen)
        usual = self._settings(runtime) if key is None else self._settings_of_model(key)
        settings = replace(usual, context=chosen.context)
        return settings, memory_for(settings, host)

    def _judge_soon(self) -> None:
        chosen = self._chosen
        if chosen is not None and chosen.quantization is not None and not chosen.reading:
            self._starter.start(FIT_KEY, self._judge(chosen, chosen.quantization))

    async def _judge(self, asked: Chosen, quantization: Quantization) -> None:
        await asyncio.sleep(JUDGE_AFTER_S)
        host = self._host()
        if host is None:
            return
        settings, gpu = self._way_to_load(asked, host)
        source = self._sources[asked.entry.provider]
        verdict = await source.exact_fit(asked.entry, quantization, settings=settings, host=host, gpu=gpu)
        chosen = self._chosen
        if chosen is None or chosen.entry.key != asked.entry.key:
            return
        opened = verdict is not None and verdict.grade is FitGrade.EXACT
        verdicts = MappingProxyType({**chosen.verdicts, quantization.label: verdict})
        self._publish(replace(chosen, verdicts=verdicts, host=host, opened=opened))
        if verdict is not None and verdict.runtime == self._run_with.usual(asked.entry):
            self.judged.publish(replace(asked.entry, fit=verdict))

    def _publish(self, chosen: Chosen | None) -> None:
        self._chosen = chosen
        self.changed.publish(chosen)


def _by_label(chosen: Chosen, label: str) -> Quantization | None:
    return next((one for one in chosen.variants if one.label == label), None)


def _joined(row: CatalogEntry, details: CatalogEntry) -> CatalogEntry:
    """What only the list told stays: the page's answer may lack downloads or a description."""
    return replace(
        details,
        description=details.description or row.description,
        downloads=row.downloads if details.downloads is None else details.downloads,
        updated=details.updated or row.updated,
        license=details.license or row.license,
        parameters=details.parameters or row.parameters,
        context_length=details.context_length or row.context_length,
        fit=row.fit,
    )
