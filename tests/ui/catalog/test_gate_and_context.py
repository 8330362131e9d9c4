"""What the panel does before an install: names a closed gate, refuses pickles, keeps the context that was chosen."""

from pathlib import Path

from PySide6.QtWidgets import QApplication

from tests.fakes.gguf_files import write_tiny_llama
from tests.fakes.hub import HubServer
from tests.ui.catalog.desk import TINY, Desk, run_desk, settled
from venom_desktop.core.errors import Cure
from venom_desktop.core.operations.operation import OperationStatus
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.base import LoadSettings

TOKEN = "hf_0123456789"


def test_a_gated_model_says_so_and_its_failed_install_offers_the_cure(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    repo = filled.store.repos[TINY]
    files = {name: file for name, file in repo.files.items() if name.endswith(".gguf")}
    filled.remove_repo(TINY)
    small = (tmp_path / "tiny-Q8_0.gguf").read_bytes()
    filled.add_repo(TINY, dict.fromkeys(files, small), gated="manual", downloads=2_000_000)

    async def scenario(desk: Desk) -> None:
        await settled(desk)
        wanted: list[object] = []
        desk.tab.cure_wanted.connect(wanted.append)
        gate = desk.tab.details.gate
        await desk.until(lambda: "no Hugging Face token is stored" in gate.sentence)
        assert gate.token.isVisible()

        desk.tab.details.primary.click()
        await desk.until(lambda: not desk.tab.details.banner.isHidden())

        assert desk.services.registry.operations.operations[0].status is OperationStatus.FAILED
        assert "is gated" in desk.tab.details.banner.sentence
        desk.tab.details.cure_wanted.emit(Cure.OPEN_TOKEN_SETTINGS)
        assert wanted == [Cure.OPEN_TOKEN_SETTINGS]

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_a_gated_model_names_what_is_missing_the_token_or_the_licence(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    filled.remove_repo(TINY)
    small = (tmp_path / "tiny-Q8_0.gguf").read_bytes()
    filled.add_repo(TINY, {"tiny-Q4_K_M.gguf": small}, gated="manual", downloads=2_000_000)
    filled.add_account(TOKEN)

    async def scenario(desk: Desk) -> None:
        await settled(desk)
        gate = desk.tab.details.gate
        await desk.until(lambda: "no Hugging Face token is stored" in gate.sentence)
        assert gate.again.isHidden()

        await desk.services.vault.set("huggingface", TOKEN)
        await desk.until(lambda: "A Hugging Face token is stored" in gate.sentence)
        assert "accept the licence" in gate.sentence
        assert gate.token.isHidden()

        filled.accept_license(TOKEN, TINY)
        gate.again.click()
        await desk.until(gate.isHidden)

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_a_repository_with_only_pickle_weights_is_refused_with_the_reason(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    filled.add_repo("org/pickled", {"pytorch_model.bin": b"x" * 100})

    async def scenario(desk: Desk) -> None:
        await settled(desk)

        desk.tab.list.search.setText("org/pickled")
        await desk.until(lambda: desk.names == ["org/pickled"])
        await desk.until(lambda: not desk.tab.details.banner.isHidden())

        assert "only pickle weights" in desk.tab.details.banner.sentence
        assert not desk.tab.details.primary.isEnabled()
        assert "only pickle weights" in desk.tab.details.primary.toolTip()

    run_desk(themed, filled, tmp_path / "home", scenario)


def test_the_context_of_the_slider_is_what_the_model_is_loaded_with(
    themed: QApplication, filled: HubServer, tmp_path: Path
) -> None:
    key = ModelKey(name=f"{TINY}:Q4_K_M", runtime="llama_cpp")
    filled.remove_repo(TINY)
    small = write_tiny_llama(tmp_path / "long.gguf", context=16_384).read_bytes()
    filled.add_repo(
        TINY,
        {"tiny-Q4_K_M.gguf": small},
        downloads=2_000_000,
        gguf={"total": 1_000_000, "architecture": "llama", "context_length": 16_384},
    )

    async def scenario(desk: Desk) -> None:
        await settled(desk)
        slider, settings = desk.tab.details.context.slider, desk.services.model_settings
        assert (slider.value(), slider.maximum()) == (1, 2)
        await settings.save(key, LoadSettings(threads=1))

        slider.setValue(0)
        assert settings.get(key).context is None
        desk.tab.details.primary.click()
        await desk.until(lambda: desk.button == "Installed · Activate")
        assert settings.get(key) == LoadSettings(context=4096, threads=1)

        desk.tab.details.primary.click()
        await desk.until(lambda: desk.button == "Active")
        assert loaded_contexts(desk) == [4096]

        slider.setValue(1)
        assert desk.button == "Load again with 8 192 tokens"
        desk.tab.details.primary.click()
        await desk.until(lambda: loaded_contexts(desk) == [8192])
        await desk.until(lambda: desk.button == "Active")
        assert settings.get(key) == LoadSettings(context=8192, threads=1)

    async def later(desk: Desk) -> None:
        await desk.until(lambda: desk.names)
        await desk.until(lambda: desk.button in ("Installed · Activate", "Active"))
        await desk.services.model_settings.save(key, LoadSettings(context=6000))
        await desk.until(lambda: desk.tab.details.context.slider.value() == 1)
        assert desk.tab.details.context.tokens == 6000

    run_desk(themed, filled, tmp_path / "home", scenario)
    run_desk(themed, filled, tmp_path / "home", later)


def loaded_contexts(desk: Desk) -> list[int | None]:
    return [model.context for model in desk.services.runtimes["llama_cpp"].snapshot.loaded]
