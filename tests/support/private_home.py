"""A home per test: no test reads or writes the folders, tokens or servers of the person who runs it."""

import os
from pathlib import Path

import pytest

_OURS = ("VENOM_", "HF_", "OLLAMA_", "VLLM_", "OPENAI_", "GOOGLE_", "HUGGING_FACE_", "LLM_", "ACTIVE_LLM_")
_KEPT = frozenset({"VENOM_SOAK", "VENOM_TEST_OLLAMA"})
NOWHERE = {
    "OLLAMA_HOST": "127.0.0.1:9",
    "VENOM_OLLAMA_LIBRARY_URL": "http://127.0.0.1:9",
    "VENOM_OLLAMA_REGISTRY_URL": "http://127.0.0.1:9",
    "VENOM_OLLAMA_RELEASES_URL": "http://127.0.0.1:9",
}
"""Nobody listens there: neither a real Ollama of this machine nor its library is asked by a test that wants neither."""


@pytest.fixture(autouse=True)
def private_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder VENOM_HOME names for this test; it is made by whoever first needs it."""
    for name in list(os.environ):
        if (name.startswith(_OURS) or name == "MAX_STORAGE_GB") and name not in _KEPT:
            monkeypatch.delenv(name)
    for name, value in NOWHERE.items():
        monkeypatch.setenv(name, value)
    home = tmp_path / "venom-home"
    monkeypatch.setenv("VENOM_HOME", str(home))
    return home
