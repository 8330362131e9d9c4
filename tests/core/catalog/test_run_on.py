"""Which runtime a row is judged for, and which memory that runtime can use."""

from datetime import UTC, datetime

import pytest

from venom_desktop.core.catalog.base import CatalogEntry, FitPlace, Quantization, RemoteFile
from venom_desktop.core.catalog.fit import DeviceMemory, LoadSettings
from venom_desktop.core.catalog.judge import Judge
from venom_desktop.core.catalog.quantizations import default_quantization
from venom_desktop.core.catalog.run_on import runtime_of, usable_gpu, usual_settings
from venom_desktop.core.host.sample import GpuSample, HostSample
from venom_desktop.core.registry.model import ModelProvider

GB = 10**9


def card(used: int | None = GB, total: int | None = 12 * GB) -> GpuSample:
    return GpuSample(index=0, name="RTX", load_percent=None, memory_used_bytes=used, memory_total_bytes=total)


def host(*cards: GpuSample) -> HostSample:
    return HostSample(
        taken_at=datetime(2026, 11, 1, tzinfo=UTC),
        cpu_percent=1,
        cpu_count=8,
        memory_total_bytes=32 * GB,
        memory_available_bytes=16 * GB,
        gpus=cards,
    )


def tag(label: str, size_bytes: int | None, same_as: str | None = None) -> Quantization:
    return Quantization(label=label, files=(RemoteFile(name="model", size_bytes=size_bytes),), same_as=same_as)


def entry(*runtimes: str) -> CatalogEntry:
    return CatalogEntry(
        provider=ModelProvider.HUGGINGFACE,
        model_name="org/model",
        display_name="model",
        quantizations=(tag("Q4_K_M", 3 * GB),),
        runtimes=runtimes,
    )


def test_a_graphics_card_helps_the_runtime_that_can_use_it_and_no_other() -> None:
    both = host(card(), card(used=2 * GB))

    assert usable_gpu("ollama", both) == DeviceMemory(free_bytes=21 * GB, total_bytes=24 * GB)
    assert usable_gpu("llama_cpp", both) is None


@pytest.mark.parametrize("cards", [(), (card(used=None),), (card(total=None),)])
def test_a_card_whose_driver_tells_nothing_is_none(cards: tuple[GpuSample, ...]) -> None:
    assert usable_gpu("ollama", host(*cards)) is None


def test_a_row_is_judged_for_the_runtime_that_is_preferred_where_that_can_run_it() -> None:
    judge = Judge(usual_settings)
    judge.set_memory(host(card()))
    both, one = entry("llama_cpp", "ollama"), entry("llama_cpp")

    def judged(row: CatalogEntry) -> tuple[str, FitPlace]:
        fit = judge.judged(row).fit
        assert fit is not None
        return fit.runtime, fit.place

    assert judged(both) == ("llama_cpp", FitPlace.RAM)
    assert judge.prefer(["ollama", "llama_cpp"])
    assert not judge.prefer(["ollama", "llama_cpp"])
    assert judged(both) == ("ollama", FitPlace.GPU)
    assert judged(one) == ("llama_cpp", FitPlace.RAM)
    assert runtime_of(entry()) == "llama_cpp"


def test_a_runtimes_own_settings_count_in_its_verdict() -> None:
    def settings(runtime: str) -> LoadSettings:
        return LoadSettings(runtime=runtime, context=65_536 if runtime == "ollama" else 4096)

    judge = Judge(settings)
    judge.set_memory(host())
    judge.prefer(["ollama"])

    fit = judge.judged(entry("llama_cpp", "ollama")).fit

    assert fit is not None
    assert fit.context == 65_536


def test_memory_that_a_card_got_back_is_noticed() -> None:
    judge = Judge(usual_settings)

    assert judge.set_memory(host(card(used=10 * GB)))
    assert not judge.set_memory(host(card(used=10 * GB - 1000)))
    assert judge.set_memory(host(card(used=GB)))


TAGS = (tag("latest", 3 * GB, "4b"), tag("1b", GB), tag("4b", 3 * GB), tag("4b-q4", 2 * GB), tag("27b", 17 * GB))


@pytest.mark.parametrize(
    ("room", "label"), [(32 * GB, "4b"), (3 * GB, "4b"), (2 * GB + 1, "4b-q4"), (GB, "1b"), (1, None)]
)
def test_of_a_librarys_tags_the_one_behind_latest_comes_first_then_the_largest_below_it(
    room: int, label: str | None
) -> None:
    chosen = default_quantization(TAGS, lambda choice: (choice.size_bytes or 0) <= room)

    assert (chosen and chosen.label) == label
