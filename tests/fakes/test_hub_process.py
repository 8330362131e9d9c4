"""The stand-in hub runs beside a bench as a process of its own and ends with it."""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_it_serves_a_folder_and_ends_when_its_input_closes(tmp_path: Path) -> None:
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    command = [sys.executable, "-m", "tests.fakes.hub_process", "--repo", f"acme/Folder={tmp_path}", "--many", "3"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        with urllib.request.urlopen(f"{url}/api/models", timeout=10) as answer:
            rows = json.load(answer)
        with urllib.request.urlopen(f"{url}/acme/Folder/resolve/main/model.gguf", timeout=10) as answer:
            assert answer.read() == b"GGUF"
        process.communicate(timeout=10)
    assert len(rows) == 4
    assert process.returncode == 0
