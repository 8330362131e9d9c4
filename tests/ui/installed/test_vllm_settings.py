"""The settings of a vLLM model: stored for it alone, and the command line that follows from them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from tests.fakes.vllm import install_vllm, write_model
from tests.ui.installed.desk import Desk, on_screen
from tests.ui.workbench import open_workbench, plain, until
from venom_desktop.core.errors import OutOfGraphicsMemory, UnfitSettings, VenomError
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.base import LoadSettings
from venom_desktop.core.runtimes.control.ports import free_port
from venom_desktop.core.runtimes.vllm_settings import VllmSettings
from venom_desktop.ui.installed.vllm_models import VllmModels
from venom_desktop.ui.installed.vllm_settings_dialog import VllmSettingsDialog

KEY = ModelKey(name="acme/small", runtime="vllm")
TOO_LONG = OutOfGraphicsMemory(
    runtime="vLLM",
    what="it wanted 6.2 GB for the context, 3.3 GB were free.",
    advice="Lower the context to 16 384 tokens.",
    explanation="It ran out of graphics memory: it wanted 6.2 GB. Lower the context to 16 384 tokens.",
    context=16384,
    share=None,
    length=32768,
    wanted_bytes=6_200_000_000,
    free_bytes=3_300_000_000,
)


@asynccontextmanager
async def open_vllm(tmp_path: Path) -> AsyncIterator[Desk]:
    """Gone before the loop is."""
    program = install_vllm(tmp_path / "bin")
    environ = {
        "VENOM_RUNTIME_PROFILE": "full",
        "PATH": str(program.parent),
        "VLLM_PORT": str(free_port()),
    }
    async with open_workbench(tmp_path / "home", **environ) as bench, on_screen(bench, Desk) as opened:
        folder = write_model(tmp_path / "models" / "acme--small", context=40960)
        await opened.put(KEY.name, runtime="vllm", local_path=folder, files=())
        yield opened


async def dialog_of(desk: Desk) -> VllmSettingsDialog:
    dialog = await desk.dialog(VllmSettingsDialog)
    assert isinstance(dialog, VllmSettingsDialog)
    return dialog


async def opened(desk: Desk) -> VllmSettingsDialog:
    desk.tab.details.load_settings.click()
    return await dialog_of(desk)


async def mending(desk: Desk, error: VenomError) -> VllmSettingsDialog:
    """As the card does after a failed start."""
    services = desk.bench.services
    models = VllmModels(
        runtimes=services.runtimes,
        registry=services.registry,
        model_settings=services.model_settings,
        window=desk.tab,
    )
    desk.bench.bridge.start("mend", models.mend(KEY, error))
    return await dialog_of(desk)


def stored(desk: Desk) -> tuple[VllmSettings, LoadSettings]:
    kept = desk.bench.services.model_settings
    return kept.get_vllm(KEY), kept.get(KEY)


async def test_the_command_line_follows_what_is_typed(themed: QApplication, tmp_path: Path) -> None:
    async with open_vllm(tmp_path) as desk:
        dialog = await opened(desk)
        form, command = dialog.form, dialog.command
        before = command.command
        assert before.startswith(f"VLLM_NO_USAGE_STATS=1 {tmp_path}/bin/vllm serve {tmp_path}/models/acme--small ")
        assert "--gpu-memory-utilization 0.85" in before
        assert "--max-model-len" not in before
        form.context.setValue(8192)
        assert "--max-model-len 8192" in command.command
        form.context.lineEdit().setText("4096")
        form.share.setValue(60)
        form.at_once.setValue(32)
        form.tensor.setValue(2)
        form.pipeline.setValue(3)
        form.eager.setChecked(True)
        form.chat_template.setText("/srv/plain.jinja")
        form.served_name.setText("tiny")
        for words in (
            "--gpu-memory-utilization 0.6",
            "--max-num-seqs 32",
            "--tensor-parallel-size 2",
            "--pipeline-parallel-size 3",
            "--enforce-eager",
            "--chat-template /srv/plain.jinja",
            "--served-model-name=tiny",
        ):
            assert words in command.command
        dialog.safe.click()


async def test_the_command_line_can_be_copied_and_holds_no_key(themed: QApplication, tmp_path: Path) -> None:
    async with open_vllm(tmp_path) as desk:
        dialog = await opened(desk)
        dialog.command.copy.click()
        assert QGuiApplication.clipboard().text() == dialog.command.command
        assert "KEY" not in dialog.command.command
        dialog.safe.click()


async def test_a_cluster_is_asked_for_its_address_only_where_one_is_used(themed: QApplication, tmp_path: Path) -> None:
    async with open_vllm(tmp_path) as desk:
        dialog = await opened(desk)
        assert not dialog.form.ray_address.isEnabled()
        dialog.form.ray.setChecked(True)
        assert dialog.form.ray_address.isEnabled()
        dialog.form.ray_address.setText("10.0.0.7:6379")
        assert dialog.command.command.startswith("VLLM_NO_USAGE_STATS=1 RAY_ADDRESS=10.0.0.7:6379 ")
        assert "--distributed-executor-backend ray" in dialog.command.command
        dialog.safe.click()


async def test_code_of_the_model_runs_for_this_model_alone_and_its_risk_is_said(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_vllm(tmp_path) as desk:
        dialog = await opened(desk)
        assert not dialog.form.trust.isChecked()
        assert "--trust-remote-code" not in dialog.command.command
        warnings = [label.text() for label in dialog.findChildren(type(dialog.note))]
        assert any("read, change and send your files" in warning for warning in warnings)
        dialog.form.trust.setChecked(True)
        assert "--trust-remote-code" in dialog.command.command
        dialog.action.click()
        await until(lambda: stored(desk)[0].trust_remote_code)
        other = ModelKey(name="acme/other", runtime="vllm")
        assert not desk.bench.services.model_settings.get_vllm(other).trust_remote_code


async def test_what_was_chosen_is_stored_shown_and_found_again(themed: QApplication, tmp_path: Path) -> None:
    async with open_vllm(tmp_path) as desk:
        dialog = await opened(desk)
        dialog.form.context.setValue(8192)
        dialog.form.share.setValue(60)
        dialog.form.at_once.setValue(32)
        dialog.action.click()
        wanted: tuple[Any, ...] = (
            VllmSettings(gpu_memory_utilization=0.6, max_num_seqs=32),
            LoadSettings(context=8192),
        )
        await until(lambda: stored(desk) == wanted)
        shown = "context 8 192 · 32 answers at once · graphics memory 60 %"
        await until(lambda: shown in plain(desk.tab.details._settings.text()))
        again = await opened(desk)
        assert (again.form.context.number, again.form.share.number, again.form.at_once.number) == (8192, 60, 32)
        again.reset.click()
        again.action.click()
        await until(lambda: stored(desk) == (VllmSettings(), LoadSettings()))


async def test_a_share_with_more_digits_is_kept_as_it_was(themed: QApplication, tmp_path: Path) -> None:
    async with open_vllm(tmp_path) as desk:
        await desk.bench.services.model_settings.save_vllm(KEY, VllmSettings(gpu_memory_utilization=0.855))
        dialog = await opened(desk)
        dialog.form.eager.setChecked(True)
        dialog.action.click()
        await until(lambda: stored(desk)[0].enforce_eager)
        assert stored(desk)[0].gpu_memory_utilization == 0.855


async def test_what_makes_no_sense_cannot_be_stored_and_says_why(themed: QApplication, tmp_path: Path) -> None:
    async with open_vllm(tmp_path) as desk:
        dialog = await opened(desk)
        dialog.form.chat_template.setText("relative.jinja")
        assert not dialog.action.isEnabled()
        assert dialog.problem.text() == "Give the absolute path of a Jinja file."
        dialog.form.chat_template.setText("/srv/absolute.jinja")
        assert dialog.action.isEnabled()
        assert not dialog.problem.isVisible()
        dialog.safe.click()
        await until(lambda: not dialog.isVisible())
        assert stored(desk) == (VllmSettings(), LoadSettings())


async def test_lower_memory_use_fills_in_what_fits_and_says_what_it_saves(themed: QApplication, tmp_path: Path) -> None:
    async with open_vllm(tmp_path) as desk:
        dialog = await mending(desk, TOO_LONG)
        assert dialog.windowTitle() == "Lower memory use"
        assert plain(dialog.changes.text()) == "Context 32 768 → 16 384 needs 3.1 GB less"
        assert dialog.reason.text() == "Lower the context to 16 384 tokens."
        assert dialog.form.context.number == 16384
        assert "--max-model-len 16384" in dialog.command.command
        assert stored(desk)[1].context is None
        dialog.action.click()
        await until(lambda: stored(desk)[1].context == 16384)
        await until(lambda: desk.bench.services.runtimes["vllm"].snapshot.loaded)
        assert desk.bench.services.runtimes["vllm"].snapshot.loaded[0].context == 16384


async def test_settings_that_do_not_fit_are_opened_with_the_reason(themed: QApplication, tmp_path: Path) -> None:
    async with open_vllm(tmp_path) as desk:
        error = UnfitSettings(
            runtime="vLLM", explanation="Its 14 attention heads cannot be split over 4 GPUs. Use 1 or 2."
        )
        dialog = await mending(desk, error)
        assert dialog.windowTitle() == "Load settings"
        assert dialog.reason.text() == "Its 14 attention heads cannot be split over 4 GPUs. Use 1 or 2."
        dialog.safe.click()
        await until(lambda: not dialog.isVisible())
        assert not desk.bench.services.runtimes["vllm"].snapshot.loaded


async def test_in_a_low_window_the_fields_scroll_and_the_buttons_stay_in_sight(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_vllm(tmp_path) as desk:
        desk.tab.resize(960, 520)
        dialog = await opened(desk)
        assert dialog.height() <= 520
        dialog.safe.click()
