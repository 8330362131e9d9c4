"""The state file of SPEC section 5: what is stored comes back, and what cannot be read is kept and said."""

from pathlib import Path

import pytest

from venom_desktop.core.errors import ActiveStateLost, StorageUnreadable
from venom_desktop.core.registry.model import ModelKey
from venom_desktop.core.runtimes.active import ActiveModel, ActiveModelStore

KEY = ModelKey(name="gemma3:4b", runtime="ollama")


async def test_the_active_model_and_the_last_of_each_runtime_come_back(tmp_path: Path) -> None:
    store = ActiveModelStore(tmp_path)
    await store.activate(ModelKey(name="org/tiny", runtime="llama_cpp"))
    await store.activate(KEY)
    again = ActiveModelStore(tmp_path)
    assert again.snapshot.key == KEY
    assert again.snapshot.last_models == {"llama_cpp": "org/tiny", "ollama": "gemma3:4b"}
    assert again.notice is None
    assert "LLM_MODEL_NAME=gemma3:4b\n" in (tmp_path / "runtime.env").read_text()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b'{"LLM_MODEL_NAME": "gemma3:4b"',
        b"[]",
        b'{"LLM_MODEL_NAME": "a"}',
        b'{"LLM_MODEL_NAME": "../x", "ACTIVE_LLM_SERVER": "ollama", "LLM_SERVICE_TYPE": "local", "last_models": []}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
async def test_a_file_that_cannot_be_read_is_kept_and_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "active.json").write_bytes(content)
    store = ActiveModelStore(tmp_path)
    assert store.snapshot == ActiveModel()
    [kept] = tmp_path.iterdir()
    assert kept.name.startswith("active.json.damaged-")
    assert kept.read_bytes() == content
    assert isinstance(store.notice, ActiveStateLost)
    assert kept.name in str(store.notice)
    await store.activate(KEY)
    assert kept.read_bytes() == content
    assert ActiveModelStore(tmp_path).snapshot.key == KEY


async def test_a_file_that_may_not_be_read_stays_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "active.json").mkdir()
    store = ActiveModelStore(tmp_path)
    assert isinstance(store.notice, StorageUnreadable)
    assert (tmp_path / "active.json").is_dir()
