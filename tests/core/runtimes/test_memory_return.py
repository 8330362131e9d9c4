"""The proof that memory came back: processes that end, cards that are emptied late, servers that stay."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.core.runtimes.ollama_bench import a_bench
from tests.fakes.ollama_process import install_ollama
from venom_desktop.core.errors import MemoryNotReturned
from venom_desktop.core.http import make_local_client
from venom_desktop.core.registry.model import ModelMetadata, ModelProvider
from venom_desktop.core.runtimes.base import LoadSettings
from venom_desktop.core.runtimes.llama_cpp import LlamaCpp
from venom_desktop.core.runtimes.memory_return import MemoryReturn
from venom_desktop.core.runtimes.ollama import Ollama

GIGABYTES = 5_300_000_000


@dataclass
class Cards:
    """Implements `GraphicsMemory`; each answer is the next of `answers`, the last one for ever."""

    answers: list[Mapping[int, int | None] | None] = field(default_factory=lambda: [None])
    asked: int = 0

    async def process_bytes(self) -> Mapping[int, int | None] | None:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def proof(cards: Cards, *, within_s: float = 20.0) -> MemoryReturn:
    return MemoryReturn(cards, within_s=lambda: within_s)


@pytest.fixture(name="engine")
async def _engine(tmp_path: Path, tiny_llama: Path) -> AsyncIterator[LlamaCpp]:
    async with make_local_client() as http:
        engine = LlamaCpp(http=http, runtime_folder=tmp_path / "run", log_folder=tmp_path / "log")
        model = ModelMetadata(
            name="tiny", provider=ModelProvider.LOCAL, display_name="tiny", runtime="llama_cpp", local_path=tiny_llama
        )
        await engine.load(model, LoadSettings(context=512))
        yield engine
        await engine.close()


async def test_a_process_that_lives_holds_its_memory_and_is_named(engine: LlamaCpp) -> None:
    pid = engine.snapshot.pid
    until_returned = await proof(Cards(), within_s=0.1).look(engine)
    with pytest.raises(MemoryNotReturned) as caught:
        await until_returned()
    assert f"(PID {pid}) still holds " in str(caught.value)
    assert "MB" in str(caught.value)


async def test_a_process_that_has_ended_gave_its_memory_back(engine: LlamaCpp) -> None:
    until_returned = await proof(Cards()).look(engine)
    await engine.stop()
    await until_returned()


async def test_a_card_that_is_emptied_a_while_after_the_process_is_waited_for(engine: LlamaCpp) -> None:
    pid = engine.snapshot.pid or 0
    cards = Cards([{pid: GIGABYTES}, {pid: GIGABYTES}, {pid: GIGABYTES}, {}])
    until_returned = await proof(cards).look(engine)
    await engine.stop()
    await until_returned()
    assert cards.answers == [{}]


async def test_a_card_that_is_not_emptied_names_process_and_gigabytes(engine: LlamaCpp) -> None:
    pid = engine.snapshot.pid or 0
    until_returned = await proof(Cards([{pid: GIGABYTES}]), within_s=0.2).look(engine)
    await engine.stop()
    with pytest.raises(MemoryNotReturned) as caught:
        await until_returned()
    assert f"(PID {pid}) still holds 5.3\u00a0GB" in str(caught.value)


async def test_a_runtime_that_does_not_run_is_not_waited_for(engine: LlamaCpp) -> None:
    await engine.stop()
    cards = Cards([{1: GIGABYTES}])
    await (await proof(cards, within_s=0.0).look(engine))()
    assert cards.asked == 0


@pytest.fixture(name="ollama")
async def _ollama(tmp_path: Path) -> AsyncIterator[Ollama]:
    async with a_bench(tmp_path / "server", program=install_ollama(tmp_path)) as bench:
        await bench.runtime.start()
        yield bench.runtime


async def test_a_server_that_stays_may_keep_what_an_empty_one_needs(ollama: Ollama) -> None:
    pid = ollama.snapshot.pid or 0
    cards = Cards([{pid: GIGABYTES}, {pid: GIGABYTES}, {pid: 400 << 20}])
    await (await proof(cards).look(ollama))()
    assert cards.answers == [{pid: 400 << 20}]


async def test_a_server_that_stays_and_keeps_a_model_on_its_card_is_named(ollama: Ollama) -> None:
    pid = ollama.snapshot.pid or 0
    with pytest.raises(MemoryNotReturned, match=rf"\(PID {pid}\) still holds 5\.3.GB"):
        await (await proof(Cards([{pid: GIGABYTES}]), within_s=0.2).look(ollama))()


async def test_a_server_without_a_card_is_judged_by_its_own_memory(ollama: Ollama) -> None:
    await (await proof(Cards()).look(ollama))()
