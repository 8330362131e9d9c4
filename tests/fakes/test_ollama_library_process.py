"""The stand-ins of the library and its registry run beside a test as one process, and end with it."""

import json
import subprocess
import sys
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_it_lists_and_publishes_a_model_and_ends_when_its_input_closes(tmp_path: Path) -> None:
    (tmp_path / "tiny.gguf").write_bytes(b"GGUF" * 100)
    model = f"tiny:latest={tmp_path / 'tiny.gguf'}"
    command = [sys.executable, "-m", "tests.fakes.ollama_library_process", "--model", model, "--many", "3"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        library, registry = (process.stdout.readline().strip() for _ in range(2))
        with urllib.request.urlopen(f"{library}/library/tiny/tags", timeout=10) as answer:
            page = answer.read().decode()
        with urllib.request.urlopen(f"{registry}/v2/library/tiny/manifests/latest", timeout=10) as answer:
            manifest = json.load(answer)
        with urllib.request.urlopen(
            f"{registry}/v2/library/tiny/blobs/{manifest['layers'][0]['digest']}", timeout=10
        ) as answer:
            assert answer.read() == b"GGUF" * 100
        process.communicate(timeout=10)
    assert 'href="/library/tiny:latest"' in page
    assert process.returncode == 0
