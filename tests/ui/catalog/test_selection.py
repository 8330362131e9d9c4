"""What happens between a click on a row and an exact verdict."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from tests.ui.catalog.rows import GB, entry, host, inventory, quantization
from venom_desktop.core.catalog.base import CatalogEntry, FitGrade, FitPlace, FitVerdict, Quantization
from venom_desktop.core.catalog.entry_fit import estimated_fit
from venom_desktop.core.catalog.fit import DeviceMemory, LoadSettings
from venom_desktop.core.catalog.kv_cache import KvType
from venom_desktop.core.errors import ProfileForbidsRuntime, SourceUnreachable
from venom_desktop.core.host.sample import GpuSample, HostSample
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.runtimes.profiles import RuntimeProfile
from venom_desktop.core.tasks import TaskScope
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.catalog.run_with import RunWith
from venom_desktop.ui.catalog.selection import Chosen, Selection


class Hub:
    """A source that answers at once, or fails, and notes what it was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, CatalogEntry] = {}
        self.asked: list[str] = []
        self.judged: list[tuple[str, int]] = []
        self.down = False

    async def details(self, model_name: str, *, refresh: bool = False) -> CatalogEntry:
        self.asked.append(model_name)
        if self.down:
            raise SourceUnreachable(source="Hugging Face")
        return self.pages[model_name]

    async def exact_fit(
        self,
        entry: CatalogEntry,
        quantization: Quantization,
        *,
        settings: LoadSettings,
        host: HostSample,
        gpu: DeviceMemory | None = None,
    ) -> FitVerdict | None:
        self.judged.append((quantization.label, settings.context))
        rough = estimated_fit(entry, quantization, settings=settings, host=host, gpu=gpu)
        return rough and replace(rough, grade=FitGrade.EXACT)


class Desk:
    """A selection at work, with everything it published."""

    def __init__(self, scope: TaskScope) -> None:
        self.hub, self.library = Hub(), Hub()
        self.usual: dict[str, LoadSettings] = {}
        self.host = host()
        self.stored: dict[str, int] = {}
        self.of_model: dict[str, LoadSettings] = {}
        self.remembered: str | None = None
        self.installed: list[tuple[str, str]] = []
        self.profile = RuntimeProfile.LIGHT
        self.run_with = RunWith(
            ("llama_cpp", "ollama"),
            profile=lambda: self.profile,
            inventory=lambda: inventory(*self.installed),
            remembered=lambda: self.remembered,
            remember=self._remember,
        )
        self.selection = Selection(
            {ModelProvider.HUGGINGFACE: self.hub, ModelProvider.OLLAMA: self.library},
            Bridge(scope),
            lambda: self.host,
            run_with=self.run_with,
            settings=self._usual,
            settings_of_model=lambda key: self.of_model.get(key.name) or self._usual(key.runtime),
            stored_context=lambda key: self.stored.get(key.name),
        )
        self.published: list[Chosen | None] = []
        self._news = asyncio.Event()
        self.selection.changed.subscribe(self._note)

    def _usual(self, runtime: str) -> LoadSettings:
        return self.usual.get(runtime) or LoadSettings(runtime=runtime)

    def _remember(self, runtime: str) -> None:
        self.remembered = runtime

    def _note(self, chosen: Chosen | None) -> None:
        self.published.append(chosen)
        self._news.set()

    async def until_exact(self) -> Chosen:
        async with asyncio.timeout(60):
            while True:
                chosen = self.selection.chosen
                if chosen and chosen.verdict and chosen.verdict.grade is FitGrade.EXACT:
                    return chosen
                await self._wait()

    async def until_error(self) -> Chosen:
        async with asyncio.timeout(60):
            while not (self.selection.chosen and self.selection.chosen.error):
                await self._wait()
            return self.selection.chosen

    async def _wait(self) -> None:
        self._news.clear()
        await self._news.wait()


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with TaskScope("test") as scope:
        yield Desk(scope)


async def test_a_row_is_shown_at_once_and_exactly_soon_after(desk: Desk) -> None:
    row = entry()
    desk.hub.pages[row.model_name] = replace(row, description="From the page")

    desk.selection.select(row)

    first = desk.published[0]
    assert first is not None
    assert first.reading
    assert first.quantization is not None
    assert first.quantization.label == "Q4_K_M"
    exact = await desk.until_exact()
    assert exact.entry.description == "From the page"
    assert not exact.reading


async def test_running_down_the_list_asks_for_the_last_row_only(desk: Desk) -> None:
    rows = [entry(f"org/Model-{number}-GGUF") for number in range(5)]
    desk.hub.pages = {row.model_name: row for row in rows}

    for row in rows:
        desk.selection.select(row)
        for _ in range(5):
            await asyncio.sleep(0)
    await desk.until_exact()

    assert desk.hub.asked == ["org/Model-4-GGUF"]


async def test_the_chosen_context_moves_the_verdict(desk: Desk) -> None:
    row = entry()
    desk.hub.pages[row.model_name] = row
    desk.selection.select(row)
    before = (await desk.until_exact()).verdict

    desk.selection.choose_context(65536)
    at_once = desk.selection.chosen
    after = (await desk.until_exact()).verdict

    assert before is not None
    assert at_once is not None
    assert at_once.verdict is not None
    assert after is not None
    assert at_once.verdict.context == 65536
    assert after.kv_cache_bytes > before.kv_cache_bytes
    assert desk.hub.judged == [("Q4_K_M", 8192), ("Q4_K_M", 65536)]


async def test_dragging_the_slider_judges_exactly_where_it_rests(desk: Desk) -> None:
    row = entry()
    desk.hub.pages[row.model_name] = row
    desk.selection.select(row)
    await desk.until_exact()
    desk.hub.judged.clear()

    for tokens in (16384, 32768, 65536, 131072):
        desk.selection.choose_context(tokens)
    await desk.until_exact()

    assert desk.hub.judged == [("Q4_K_M", 131072)]


async def test_a_quantization_chosen_by_hand_survives_the_details(desk: Desk) -> None:
    row = entry()
    desk.hub.pages[row.model_name] = row
    desk.selection.select(row)

    desk.selection.choose_quantization("Q8_0")
    exact = await desk.until_exact()

    assert exact.quantization is not None
    assert exact.quantization.label == "Q8_0"
    assert not exact.reading


async def test_a_source_that_fails_leaves_what_the_row_told_and_reading_again_cures_it(desk: Desk) -> None:
    row = entry()
    desk.hub.pages[row.model_name] = row
    desk.hub.down = True
    desk.selection.select(row)

    failed = await desk.until_error()
    desk.hub.down = False
    desk.selection.read_again()
    cured = await desk.until_exact()

    assert isinstance(failed.error, SourceUnreachable)
    assert failed.quantization is not None
    assert cured.error is None


async def test_only_a_noticeable_change_of_free_memory_judges_anew(desk: Desk) -> None:
    row = entry()
    desk.hub.pages[row.model_name] = row
    desk.selection.select(row)
    await desk.until_exact()
    published = len(desk.published)

    desk.selection.host_changed(host(free_bytes=12 * GB - 10_000_000))
    assert len(desk.published) == published
    desk.host = host(free_bytes=6 * GB)
    desk.selection.host_changed(desk.host)

    assert len(desk.published) > published
    exact = await desk.until_exact()
    assert exact.host == desk.host


async def test_an_answer_for_a_row_left_meanwhile_is_dropped(desk: Desk) -> None:
    first, second = entry("org/First-GGUF"), entry("org/Second-GGUF")
    desk.hub.pages = {first.model_name: first, second.model_name: second}
    desk.selection.select(first)
    await desk.until_exact()

    desk.selection.select(second)
    desk.selection.select(None)

    assert desk.published[-1] is None
    assert desk.hub.asked == ["org/First-GGUF"]


async def test_the_stored_context_of_a_model_is_where_its_slider_stands(desk: Desk) -> None:
    row = entry(context_length=32_768)
    desk.hub.pages[row.model_name] = row
    desk.stored[f"{row.model_name}:Q8_0"] = 24_000
    desk.selection.select(row)

    assert desk.selection.chosen
    assert desk.selection.chosen.context == 8192
    desk.selection.choose_quantization("Q8_0")

    found = await desk.until_exact()
    assert (found.context, found.steps) == (24_000, (4096, 8192, 16_384, 24_000, 32_768))
    assert found.verdict
    assert found.verdict.context == 24_000
    assert not found.context_moved


async def test_a_model_is_judged_with_what_was_chosen_for_it_alone(desk: Desk) -> None:
    row = entry(context_length=32_768)
    desk.hub.pages[row.model_name] = row
    desk.of_model[f"{row.model_name}:Q4_K_M"] = LoadSettings(kv_type=KvType.Q4_0, parallel=3, context=1)

    desk.selection.select(row)

    found = await desk.until_exact()
    assert found.verdict
    assert (found.verdict.kv_type, found.verdict.context) == ("q4_0", 8192)
    assert "3 answers at once" in found.verdict.assumptions


async def test_a_moved_slider_stays_where_it_is_until_its_place_is_stored(desk: Desk) -> None:
    row = entry(context_length=32_768)
    desk.hub.pages[row.model_name] = row
    desk.selection.select(row)
    desk.selection.choose_context(16_384)

    desk.stored[f"{row.model_name}:Q4_K_M"] = 4096
    desk.selection.settings_changed()
    found = await desk.until_exact()
    assert (found.context, found.context_moved) == (16_384, True)

    desk.stored[f"{row.model_name}:Q4_K_M"] = 16_384
    desk.selection.settings_changed()
    assert desk.selection.chosen
    assert not desk.selection.chosen.context_moved
    desk.stored[f"{row.model_name}:Q4_K_M"] = 32_768
    desk.selection.settings_changed()
    assert desk.selection.chosen.context == 32_768


def on_both(name: str = "org/Tiny-4B-GGUF") -> CatalogEntry:
    return entry(name, runtimes=("llama_cpp", "ollama"))


async def test_another_runtime_is_judged_with_its_own_settings_and_memory(desk: Desk) -> None:
    card = GpuSample(index=0, name="RTX", load_percent=None, memory_used_bytes=0, memory_total_bytes=24 * GB)
    desk.host = replace(host(), gpus=(card,))
    desk.usual["ollama"] = LoadSettings(runtime="ollama", context=32_768)
    row = on_both()
    desk.hub.pages[row.model_name] = row
    desk.selection.select(row)
    before = await desk.until_exact()
    assert (before.runtime, before.offered, before.context) == ("llama_cpp", ("llama_cpp", "ollama"), 8192)
    assert before.verdict is not None
    assert before.verdict.place is FitPlace.RAM

    desk.selection.choose_runtime("ollama")
    after = await desk.until_exact()

    assert (after.runtime, after.context) == ("ollama", 32_768)
    assert after.verdict is not None
    assert (after.verdict.runtime, after.verdict.place) == ("ollama", FitPlace.GPU)


async def test_the_runtime_chosen_last_is_meant_for_the_next_model_too(desk: Desk) -> None:
    first, second = on_both("org/First-GGUF"), on_both("org/Second-GGUF")
    desk.hub.pages = {one.model_name: one for one in (first, second)}
    desk.selection.select(first)

    desk.selection.choose_runtime("ollama")
    desk.selection.select(second)

    assert desk.remembered == "ollama"
    assert desk.selection.chosen
    assert desk.selection.chosen.runtime == "ollama"
    desk.selection.choose_runtime("vllm")
    assert desk.selection.chosen.runtime == "ollama"


async def test_a_model_keeps_the_context_stored_for_it_on_each_runtime(desk: Desk) -> None:
    row = on_both()
    desk.hub.pages[row.model_name] = row
    desk.stored[f"hf.co/{row.model_name}:Q4_K_M"] = 16_384
    desk.selection.select(row)
    assert desk.selection.chosen
    assert desk.selection.chosen.context == 8192

    desk.selection.choose_runtime("ollama")

    assert desk.selection.chosen.context == 16_384


async def test_a_profile_chosen_meanwhile_takes_the_runtimes_away_and_gives_them_back(desk: Desk) -> None:
    row = on_both()
    desk.hub.pages[row.model_name] = row
    desk.selection.select(row)
    desk.profile = RuntimeProfile.LLM_OFF

    desk.selection.runtimes_changed()
    assert desk.selection.chosen
    assert (desk.selection.chosen.runtime, desk.selection.chosen.offered) == (None, ())
    assert isinstance(desk.selection.chosen.refusal, ProfileForbidsRuntime)

    desk.profile = RuntimeProfile.LIGHT
    desk.selection.runtimes_changed()
    assert desk.selection.chosen.runtime == "llama_cpp"


async def test_each_source_is_asked_for_its_own_model_of_one_name(desk: Desk) -> None:
    of_hub, of_ollama = on_both("user/tiny"), entry("user/tiny", provider=ModelProvider.OLLAMA, runtimes=("ollama",))
    desk.hub.pages["user/tiny"] = of_hub
    desk.library.pages["user/tiny"] = of_ollama
    desk.selection.select(of_hub)
    await desk.until_exact()

    desk.selection.select(of_ollama)

    assert desk.selection.chosen
    assert desk.selection.chosen.entry.provider is ModelProvider.OLLAMA
    found = await desk.until_exact()
    assert found.entry.provider is ModelProvider.OLLAMA
    assert (desk.hub.asked, desk.library.asked) == (["user/tiny"], ["user/tiny"])


async def test_a_tags_own_context_is_where_its_slider_ends(desk: Desk) -> None:
    small = replace(quantization("1b", GB), context_length=32_768)
    large = replace(quantization("4b", 3 * GB), context_length=131_072)
    row = entry("gemma3", provider=ModelProvider.OLLAMA, runtimes=("ollama",), quantizations=(small, large))
    desk.library.pages["gemma3"] = row
    desk.selection.select(row)

    desk.selection.choose_quantization("1b")
    assert desk.selection.chosen
    assert desk.selection.chosen.steps[-1] == 32_768
    desk.selection.choose_quantization("4b")
    assert desk.selection.chosen.steps[-1] == 131_072
