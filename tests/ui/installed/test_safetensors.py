"""A folder of safetensors in the Installed tab: its group, its facts, its folder."""

from pathlib import Path

from PySide6.QtWidgets import QApplication

from tests.ui.installed.desk import open_desk
from tests.ui.workbench import until
from venom_desktop.ui.installed.file_facts import folder_of
from venom_desktop.ui.installed.groups import Group
from venom_desktop.ui.installed.presenter import Row
from venom_desktop.ui.installed.words import runtime_title

REPO = "org/Tiny-Qwen"


async def test_a_folder_stands_under_vllm_with_its_architecture_and_can_be_opened(
    themed: QApplication, tmp_path: Path
) -> None:
    async with open_desk(tmp_path) as desk:
        folder = desk.bench.models_dir / "vllm" / REPO
        folder.mkdir(parents=True)
        (folder / "config.json").write_text("{}")
        file = f"vllm/{REPO}/config.json"
        await desk.put(
            REPO,
            runtime="vllm",
            local_path=folder,
            files=(file,),
            model_class="BrandNewForCausalLM",
            checksums={file: "0" * 64},
        )
        details = desk.tab.details
        await until(lambda: details.name.text() == "Tiny-Qwen")
        (group,) = [row for row in desk.tab.list.rows.rows if isinstance(row, Group)]
        (row,) = [row for row in desk.tab.list.rows.rows if isinstance(row, Row)]
        assert runtime_title(group.runtime, group.title) == "vLLM"
        assert "vLLM may not know the architecture BrandNewForCausalLM" in details.capability_source
        assert details.verify.isEnabled()
        assert details.remove.isEnabled()
        assert details.open_folder.isEnabled()
        assert folder_of(row) == folder
