"""A home per test: no test reads or writes the folders, tokens or servers of the person who runs it."""

import os
from pathlib import Path

import pytest

from tests.support.nowhere import NOWHERE

_OURS = ("VENOM_", "HF_", "OLLAMA_", "VLLM_", "OPENAI_", "GOOGLE_", "HUGGING_FACE_", "LLM_", "ACTIVE_LLM_")
_KEPT = frozenset({"VENOM_SOAK", "VENOM_TEST_OLLAMA"})


@pytest.fixture(autouse=True)
def private_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder VENOM_HOME names for this test; it is made by whoever first needs it."""
    for name in list(os.environ):
        if (name.startswith(_OURS) or name == "MAX_STORAGE_GB") and name not in _KEPT:
            monkeypatch.delenv(name)
    for name, value in NOWHERE.items():
        monkeypatch.setenv(name, value)
    # Other programs' models are looked for below it; nothing of ours is written there.
    monkeypatch.setenv("HOME", str(tmp_path / "user-home"))
    home = tmp_path / "venom-home"
    monkeypatch.setenv("VENOM_HOME", str(home))
    return home
