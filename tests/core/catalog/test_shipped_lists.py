"""The list and the recommendations that ship with the program."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.core.catalog.test_search import ListedCatalog
from tests.fakes import gguf_files, gguf_profiles
from venom_desktop.core.catalog.base import CatalogEntry, Quantization, RemoteFile
from venom_desktop.core.catalog.fit import LoadSettings, exact_verdict
from venom_desktop.core.catalog.gguf_header import parse_gguf_header
from venom_desktop.core.catalog.hugging_face_wire import parse_rows
from venom_desktop.core.catalog.ollama_entries import parse_rows as parse_library_rows
from venom_desktop.core.catalog.recommended import Recommendation, first_available, read_recommended, recommend
from venom_desktop.core.catalog.snapshot import BundledRows, read_bundled_rows
from venom_desktop.core.errors import GatedRepository, SourceUnreachable, UnknownRepository, VenomError
from venom_desktop.core.host.sample import HostSample
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.resources import resource

GB = 10**9
SHIPPED = read_recommended(resource("recommended.json"))


def host(free_gb: float) -> HostSample:
    return HostSample(
        taken_at=datetime(2026, 11, 1, tzinfo=UTC),
        cpu_percent=1,
        cpu_count=2,
        memory_total_bytes=64 * GB,
        memory_available_bytes=int(free_gb * GB),
    )


class Offering(ListedCatalog):
    """Answers for each repository with an entry or an error."""

    def __init__(self, **answers: CatalogEntry | VenomError) -> None:
        super().__init__(ModelProvider.HUGGINGFACE, [])
        self.answers = {name.replace("__", "/"): answer for name, answer in answers.items()}

    async def details(self, model_name: str, *, refresh: bool = False) -> CatalogEntry:
        answer = self.answers[model_name.partition(":")[0]]
        if isinstance(answer, VenomError):
            raise answer
        return answer


def offered(name: str, *, gated: bool = False, label: str = "Q4_K_M") -> CatalogEntry:
    files = (RemoteFile(name="a.gguf", size_bytes=5),)
    return CatalogEntry(
        provider=ModelProvider.HUGGINGFACE,
        model_name=name,
        display_name=name,
        gated=gated,
        quantizations=(Quantization(label=label, files=files),),
    )


def candidate(name: str) -> Recommendation:
    return Recommendation(title=name, model_name=f"{name}:Q4_K_M", size_bytes=1, memory_bytes=GB)


def test_the_shipped_list_is_dated_and_every_row_can_be_shown() -> None:
    shipped = read_bundled_rows(resource("catalog_snapshot.json"), ModelProvider.HUGGINGFACE)
    assert shipped.as_of == datetime(2026, 5, 5, tzinfo=UTC)
    rows = parse_rows(shipped.rows, endpoint="https://huggingface.co")
    assert len(rows) > 90
    assert all(row.quantizations and row.description is None for row in rows)
    (qwen,) = [row for row in rows if row.model_name == "Qwen/Qwen3-14B-GGUF"]
    sizes = {choice.label: choice.size_bytes for choice in qwen.quantizations or ()}
    # The published sizes are 9.00 and 15.70 GB.
    assert abs((sizes["Q4_K_M"] or 0) - 9.0 * GB) < 0.1 * GB
    assert abs((sizes["Q8_0"] or 0) - 15.7 * GB) < 0.1 * GB
    assert qwen.parameters == 14 * GB


def test_the_shipped_library_is_dated_and_every_row_has_its_tags_or_runs_in_the_cloud() -> None:
    shipped = read_bundled_rows(resource("catalog_snapshot.json"), ModelProvider.OLLAMA)
    assert shipped.as_of == datetime(2026, 8, 21, tzinfo=UTC)
    rows = {row.model_name: row for row in parse_library_rows(list(shipped.rows), endpoint="https://ollama.com")}
    assert len(rows) == 160
    assert all(row.only_cloud is not bool(row.quantizations) and row.description is None for row in rows.values())
    assert all(row.updated is not None and row.downloads is not None for row in rows.values())
    llama = rows["llama3.1"]
    latest = next(choice for choice in llama.quantizations or () if choice.label == "latest")
    assert (latest.same_as, latest.level, latest.size_bytes) == ("8b", "Q4_K_M", 4_900_000_000)
    assert (llama.parameters, llama.context_length, llama.publisher) == (8 * GB, 131_072, "Meta")
    assert rows["minimax-m2.7"].only_cloud


def test_the_shipped_lists_are_small_and_told_a_row_a_line() -> None:
    text = resource("catalog_snapshot.json").read_text(encoding="utf-8")
    assert len(text) < 200_000
    assert text.count("\n") < 300


@pytest.mark.parametrize("damage", ["", "[]", "{}", '{"huggingface": {"rows": []}}', '{"huggingface": 3}'])
def test_a_damaged_list_gives_no_rows_and_no_crash(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "list.json"
    path.write_text(damage)
    assert read_bundled_rows(path, ModelProvider.HUGGINGFACE) == BundledRows()
    assert read_bundled_rows(path, ModelProvider.OLLAMA) == BundledRows()
    assert read_recommended(path) == ()
    assert read_bundled_rows(tmp_path / "missing.json", ModelProvider.HUGGINGFACE) == BundledRows()


@pytest.mark.parametrize(
    ("free_gb", "title"),
    [(60, "Gemma 3 4B"), (4.7, "Gemma 3 4B"), (4, "Qwen3.5 2B"), (2, "LFM2.5 1.2B Instruct"), (1, None)],
)
def test_the_first_model_suggested_fits_the_memory_that_is_free(free_gb: float, title: str | None) -> None:
    found = recommend(SHIPPED, host(free_gb))
    assert (found[0].title if found else None) == title


def test_the_memory_of_the_suggested_gemma_agrees_with_the_verdict() -> None:
    header = parse_gguf_header(gguf_files.header_of(gguf_profiles.GEMMA_3_4B, vocabulary_size=262_144), complete=True)
    verdict = exact_verdict(
        header, weights_bytes=2_490_000_000, projector_bytes=851_000_000, settings=LoadSettings(), host=host(8)
    )
    assert abs(verdict.needed_bytes - SHIPPED[0].memory_bytes) <= verdict.error_bytes


async def test_a_suggestion_that_is_gone_gated_or_without_the_quantization_gives_way_to_the_next() -> None:
    catalog = Offering(
        a__gone=UnknownRepository(model_name="a/gone"),
        b__closed=GatedRepository(model_name="b/closed"),
        c__gated=offered("c/gated", gated=True),
        d__other=offered("d/other", label="Q8_0"),
        e__good=offered("e/good"),
    )
    names = ("a/gone", "b/closed", "c/gated", "d/other", "e/good")
    found = await first_available([candidate(name) for name in names], catalog)
    assert found is not None
    assert (found.model_name, found.checked, found.size_bytes) == ("e/good:Q4_K_M", True, 5)
    assert await first_available([candidate("a/gone")], catalog) is None


async def test_a_suggestion_stands_unchecked_while_the_hub_does_not_answer() -> None:
    silence = SourceUnreachable(source="Hugging Face")
    found = await first_available([candidate("a/down")], Offering(a__down=silence))
    assert found == replace(candidate("a/down"), error=silence)
