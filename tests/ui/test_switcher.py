"""The switcher: what was used last on top, narrowed while typing, Enter activates, and the loaded one can go."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copyfile
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot
from shiboken6 import delete

from tests.ui.installed.store_desk import open_desk_with_program
from tests.ui.settings.desk import until
from venom_desktop.app.compose import build
from venom_desktop.app.paths import Paths
from venom_desktop.core.operations.operation import OperationStatus
from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.registry.model import ModelKey, ModelMetadata, ModelProvider, ModelStatus
from venom_desktop.core.registry.registry import ModelRegistry
from venom_desktop.core.registry.store_rows import StoreView
from venom_desktop.core.secrets.masking import Redactor
from venom_desktop.core.tasks import TaskScope
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.main_window import MainWindow
from venom_desktop.ui.switcher import Switcher, SwitchModel
from venom_desktop.ui.switcher_rows import RowKind, first_choice, next_choice, switch_rows

# The offscreen platform knows neither stacking nor grabs, and says so.
pytestmark = pytest.mark.qt_log_ignore("This plugin does not support", extend=True)

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


def model(name: str, *, hours_ago: float | None = None, runtime: str = "llama_cpp", **fields: Any) -> ModelMetadata:
    used = None if hours_ago is None else NOW - timedelta(hours=hours_ago)
    return ModelMetadata(
        name=f"org/{name}-GGUF:Q4_K_M",
        provider=ModelProvider.HUGGINGFACE,
        display_name=name,
        runtime=runtime,
        size_bytes=2_500_000_000,
        last_used_at=used,
        **fields,
    )


GEMMA = model("Gemma 3 4B", hours_ago=1)
QWEN = model("Qwen3 8B", hours_ago=2)
PHI = model("Phi 4 mini")
LLAMA = model("Llama 3", hours_ago=3, runtime="ollama")
GONE = model("Gone", hours_ago=0, status=ModelStatus.FAILED)
ALL = InventorySnapshot(models=(GEMMA, LLAMA, PHI, QWEN, GONE), active=GEMMA.key)


def titles(inventory: InventorySnapshot, text: str = "") -> list[str]:
    return [row.title for row in switch_rows(inventory, text)]


def test_models_stand_under_their_runtime_what_was_used_last_on_top() -> None:
    assert titles(ALL) == [
        "llama.cpp", "Gemma 3 4B", "Qwen3 8B", "Phi 4 mini", "Ollama", "Llama 3", "Unload Gemma 3 4B",
    ]  # fmt: skip
    assert [row.title for row in switch_rows(ALL, "") if row.active] == ["Gemma 3 4B"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("qw", ["llama.cpp", "Qwen3 8B"]),
        ("8B QWEN", ["llama.cpp", "Qwen3 8B"]),
        ("ollama", ["Ollama", "Llama 3"]),
        ("gemma", ["llama.cpp", "Gemma 3 4B", "Unload Gemma 3 4B"]),
        ("nothing of the kind", []),
    ],
)
def test_typing_narrows_by_every_word(text: str, expected: list[str]) -> None:
    assert titles(ALL, text) == expected


def test_the_selection_starts_on_the_last_one_that_does_not_answer_and_passes_over_headings() -> None:
    rows = switch_rows(ALL, "")
    assert rows[first_choice(rows)].title == "Qwen3 8B"
    assert rows[next_choice(rows, 3, 1)].title == "Llama 3"
    assert rows[next_choice(rows, 5, -1)].title == "Phi 4 mini"
    assert next_choice(rows, 1, -1) == 1
    assert next_choice(rows, len(rows) - 1, 1) == len(rows) - 1
    assert first_choice(()) == -1


def test_nothing_can_be_unloaded_while_nothing_answers() -> None:
    rows = switch_rows(InventorySnapshot(models=(GEMMA,)), "")
    assert RowKind.UNLOAD not in [row.kind for row in rows]


def test_the_rows_make_a_good_model(themed: QApplication, qtmodeltester: ModelTester) -> None:
    rows = SwitchModel()
    rows.show_rows(switch_rows(ALL, ""))
    qtmodeltester.check(rows)  # type: ignore[no-untyped-call]
    assert "active" in str(rows.index(1).data(Qt.ItemDataRole.AccessibleTextRole))


@dataclass
class Desk:
    window: MainWindow
    registry: ModelRegistry
    switcher: Switcher
    browsed: list[bool]

    def press(self, key: Qt.Key) -> None:
        QTest.keyClick(self.switcher.search, key)

    async def install(self, name: str, file: Path | None, *, hours_ago: float) -> ModelKey:
        files: dict[str, Any] = {}
        if file is not None:
            relative = f"huggingface/{name}/model.gguf"
            path = self.registry.manifest.models_dir.resolve() / relative
            path.parent.mkdir(parents=True)
            copyfile(file, path)
            files = {"local_path": path, "files": (relative,)}
        row = model(name, hours_ago=hours_ago, **files)
        await self.registry.manifest.put(row)
        await self.registry.inventory.refresh()
        return row.key


@pytest.fixture
async def desk(themed: QApplication, qtbot: QtBot, private_home: Path) -> AsyncIterator[Desk]:
    environ = {"VENOM_HOME": str(private_home)}
    composition = build(Paths.from_environment(environ), environ, redactor=Redactor())
    async with AsyncExitStack() as stack:
        await composition.lifecycle.start()
        stack.push_async_callback(composition.lifecycle.stop)
        scope = await stack.enter_async_context(TaskScope("switcher"))
        window = MainWindow()
        qtbot.addWidget(window)
        window.show()
        browsed: list[bool] = []
        registry = composition.services.registry
        switcher = Switcher(
            Bridge(scope),
            registry,
            window.status.runtime,
            browse=lambda: browsed.append(True),
            on_cure=lambda _: None,
        )
        window.switcher_requested.connect(switcher.open)
        yield Desk(window, registry, switcher, browsed)
        switcher.close()


async def test_control_k_type_and_enter_activate_a_model_and_unload_takes_it_out_again(
    desk: Desk, tiny_llama: Path
) -> None:
    await desk.install("Big", tiny_llama, hours_ago=1)
    tiny = await desk.install("Tiny", tiny_llama, hours_ago=2)
    desk.window.activateWindow()
    await until(desk.window.isActiveWindow)
    QTest.keyClick(desk.window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert desk.switcher.isVisible()
    QTest.keyClicks(desk.switcher.search, "tin")
    desk.press(Qt.Key.Key_Return)
    await until(lambda: not desk.switcher.isVisible())
    (operation,) = desk.registry.operations.operations
    assert operation.model_name == tiny.name
    assert (await desk.registry.wait(operation.operation_id)).status is OperationStatus.COMPLETED
    assert desk.registry.inventory.snapshot.active == tiny
    desk.switcher.open()
    rows = desk.switcher.rows.rows
    assert rows[-1].title == "Unload Tiny"
    for _ in rows:
        desk.press(Qt.Key.Key_Down)
    desk.press(Qt.Key.Key_Return)
    await until(lambda: desk.registry.inventory.snapshot.active is None)


async def test_a_model_that_cannot_be_activated_is_told_in_the_switcher(desk: Desk, tiny_llama: Path) -> None:
    await desk.install("Tiny", tiny_llama, hours_ago=2)
    desk.switcher.open()
    (desk.registry.manifest.models_dir / "huggingface" / "Tiny" / "model.gguf").unlink()
    desk.press(Qt.Key.Key_Return)
    await until(desk.switcher.problem.isVisible)
    assert "no longer at" in desk.switcher.problem.sentence
    assert desk.switcher.isVisible()


async def test_esc_closes_it_and_what_was_typed_is_forgotten(desk: Desk, tiny_llama: Path) -> None:
    await desk.install("Tiny", tiny_llama, hours_ago=2)
    desk.switcher.open()
    assert desk.window.geometry().contains(desk.switcher.geometry())
    QTest.keyClicks(desk.switcher.search, "zzz")
    assert desk.switcher.nothing.text() == "No installed model is called so."
    QTest.keyClick(desk.switcher, Qt.Key.Key_Escape)
    assert not desk.switcher.isVisible()
    desk.switcher.open()
    assert desk.switcher.search.text() == ""
    assert desk.switcher.rows.rows


async def test_with_nothing_installed_it_leads_to_the_catalog(desk: Desk) -> None:
    desk.switcher.open()
    assert desk.switcher.nothing.text() == "Nothing is installed yet."
    desk.switcher.browse_button.click()
    assert desk.browsed == [True]
    assert not desk.switcher.isVisible()


def test_a_server_that_is_not_running_says_that_it_is_started_first() -> None:
    down = InventorySnapshot(models=(GEMMA, LLAMA), stores={"ollama": StoreView(runtime="ollama", listed=True)})
    heads = {row.title: row.trailing for row in switch_rows(down, "") if row.kind is RowKind.RUNTIME}
    assert heads == {"llama.cpp": "", "Ollama": "Not running, is started first"}


async def test_a_model_of_a_server_that_is_down_is_activated_by_starting_it(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_desk_with_program(tmp_path, "gemma3:4b", "phi4:latest") as store:
        registry = store.bench.registry
        await store.server.start()
        await store.listed("gemma3:4b", "phi4:latest")
        await store.server.stop()
        await store.seen_down()
        button = QWidget()
        switcher = Switcher(store.bench.bridge, registry, button, browse=lambda: None, on_cure=lambda _: None)
        switcher.open()
        try:
            QTest.keyClicks(switcher.search, "phi")
            QTest.keyClick(switcher.search, Qt.Key.Key_Return)
            await until(lambda: registry.inventory.snapshot.active == ModelKey(name="phi4:latest", runtime="ollama"))
            await until(lambda: not switcher.isVisible())
        finally:
            delete(switcher)
            delete(button)
