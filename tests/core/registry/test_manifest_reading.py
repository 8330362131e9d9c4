"""Manifests of the old system, of other versions and of nobody's making: read without losing a word."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.registry.rows import SEED_MANIFEST, SEED_ROW, model
from tests.support.counts import count
from venom_desktop.core.errors import AmbiguousName, StorageUnreadable, UnknownModel
from venom_desktop.core.registry.manifest import Manifest
from venom_desktop.core.registry.model import ModelCapabilities, ModelKey, ModelProvider, ModelStatus

Open = Callable[[object], Manifest]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Write a document as the manifest and open it."""
    manifests: list[Manifest] = []

    def write_and_open(document: object) -> Manifest:
        (tmp_path / "manifest.json").write_text(json.dumps(document))
        manifests.append(Manifest(tmp_path))
        manifests[-1].open()
        return manifests[-1]

    yield write_and_open
    for manifest in manifests:
        manifest.release()


def _saved(manifest: Manifest) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((manifest.models_dir / "manifest.json").read_bytes())
    return document


def test_a_manifest_of_the_old_system_loads(opened: Open) -> None:
    found = opened(SEED_MANIFEST)["llama3:latest"]
    assert found.key == ModelKey(name="llama3:latest", runtime="ollama")
    assert found.provider is ModelProvider.OLLAMA
    assert found.status is ModelStatus.INSTALLED
    assert found.size_gb == 4.5
    assert found.installed_at == datetime(2024, 12, 17, 10).astimezone()
    assert found.capabilities == ModelCapabilities(
        supports_system_role=True, allowed_roles=("system", "user", "assistant"), max_context_length=8192
    )


async def test_an_untouched_row_goes_back_as_it_came(opened: Open) -> None:
    manifest = opened(SEED_MANIFEST)
    await manifest.put(model())
    assert _saved(manifest)["models"][0] == SEED_ROW


async def test_fields_nobody_knows_survive_a_save(opened: Open) -> None:
    row = SEED_ROW | {"mood": {"good": [1]}, "capabilities": {"supports_dance": True, "quantization": "Q4_0"}}
    manifest = opened({"models": [row], "schema": 7, "owner": {"name": "me"}})
    await manifest.update(manifest["llama3:latest"].key, lambda model: replace(model, license="mit"))
    saved = _saved(manifest)
    assert saved["schema"] == 7
    assert saved["owner"] == {"name": "me"}
    assert saved["models"][0]["mood"] == {"good": [1]}
    assert saved["models"][0]["capabilities"]["supports_dance"] is True
    assert saved["models"][0]["capabilities"]["quantization"] == "Q4_0"
    assert saved["models"][0]["license"] == "mit"


async def test_enum_words_nobody_knows_survive_a_save(opened: Open) -> None:
    manifest = opened({"models": [SEED_ROW | {"provider": "modelscope", "status": "quarantined"}]})
    found = manifest["llama3:latest"]
    assert found.provider is None
    assert found.status is None
    await manifest.put(replace(found, license="mit"))
    assert _saved(manifest)["models"][0]["provider"] == "modelscope"
    assert _saved(manifest)["models"][0]["status"] == "quarantined"
    await manifest.put(replace(manifest["llama3:latest"], status=ModelStatus.FAILED))
    assert _saved(manifest)["models"][0]["status"] == "failed"


_WRONG_TYPES: dict[str, Any] = {
    "size_gb": "4.5",
    "size_bytes": -1,
    "status": 5,
    "provider": ["ollama"],
    "capabilities": ["system"],
    "local_path": {"path": "x"},
    "files": [1, 2],
    "checksums": {"file": 5},
    "sha256": 1.5,
    "installed_at": "yesterday",
    "last_used_at": 1700000000,
    "revision": False,
}


@pytest.mark.parametrize("field", _WRONG_TYPES)
async def test_a_field_of_the_wrong_type_is_unknown_and_kept(opened: Open, field: str) -> None:
    wrong = _WRONG_TYPES[field]
    manifest = opened({"models": [SEED_ROW | {field: wrong}]})
    found = manifest["llama3:latest"]
    assert getattr(found, field) in (None, (), {}, ModelCapabilities())
    await manifest.put(replace(found, license="mit"))
    assert _saved(manifest)["models"][0][field] == wrong


_OPAQUE: list[Any] = [
    "llama3",
    7,
    None,
    [],
    {},
    {"name": 3, "runtime": "ollama"},
    {"name": "../../etc/passwd", "runtime": "llama_cpp"},
    {"name": "a\nb", "runtime": "llama_cpp"},
    {"name": "fine", "runtime": ["ollama"]},
    {"name": "fine", "runtime": "../x"},
]


async def test_rows_that_are_no_models_are_not_shown_and_not_lost(opened: Open) -> None:
    manifest = opened({"models": [*_OPAQUE, SEED_ROW]})
    assert [key.name for key in manifest] == ["llama3:latest"]
    await manifest.remove(manifest["llama3:latest"].key)
    assert _saved(manifest)["models"] == _OPAQUE


@pytest.mark.parametrize(
    "local_path", ["../../home/me/thesis", "/etc", "huggingface/../..", "a\0b", "", ".", "data/models/../../x"]
)
async def test_a_path_that_leaves_the_folder_is_not_believed(opened: Open, local_path: str) -> None:
    row = SEED_ROW | {"provider": "huggingface", "runtime": "llama_cpp", "local_path": local_path}
    manifest = opened({"models": [row | {"files": ["../x", "a/b.gguf"], "projector_path": "/etc/passwd"}]})
    found = manifest["llama3:latest"]
    assert found.local_path is None
    assert found.files == ()
    assert found.projector_path is None
    await manifest.put(replace(found, license="mit"))
    assert (_saved(manifest)["models"][0]["local_path"] or "") == local_path


def test_only_a_model_used_in_place_may_lie_elsewhere(opened: Open) -> None:
    row = SEED_ROW | {"runtime": "llama_cpp", "used_in_place": True}
    elsewhere = opened({"models": [row | {"local_path": "/home/me/tiny.gguf"}]})["llama3:latest"]
    assert elsewhere.local_path == Path("/home/me/tiny.gguf")


def test_a_relative_path_out_is_refused_even_in_place(opened: Open) -> None:
    row = SEED_ROW | {"runtime": "llama_cpp", "used_in_place": True, "local_path": "../me/tiny.gguf"}
    assert opened({"models": [row]})["llama3:latest"].local_path is None


def test_paths_are_relative_to_the_folder(opened: Open, tmp_path: Path) -> None:
    row = SEED_ROW | {"runtime": "llama_cpp", "local_path": "huggingface/org/x.gguf"}
    assert opened({"models": [row]})["llama3:latest"].local_path == tmp_path.resolve() / "huggingface/org/x.gguf"


def test_the_old_systems_spelling_of_the_folder_is_understood(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "models"
    folder.mkdir(parents=True)
    rows = [
        SEED_ROW | {"name": "a/b", "runtime": "vllm", "local_path": "data/models/a--b"},
        SEED_ROW | {"name": "a/c", "runtime": "vllm", "local_path": "./data/models/a--c"},
    ]
    (folder / "manifest.json").write_text(json.dumps({"models": rows}))
    manifest = Manifest(folder)
    manifest.open()
    assert manifest["a/b"].local_path == folder.resolve() / "a--b"
    assert manifest["a/c"].local_path == folder.resolve() / "a--c"
    manifest.release()


async def test_paths_below_the_folder_are_written_relative(opened: Open, tmp_path: Path) -> None:
    manifest = opened({"models": []})
    inside, outside = tmp_path.resolve() / "local" / "x.gguf", Path("/home/me/y.gguf")
    await manifest.put(model("x", local_path=inside, files=("local/x.gguf",)))
    await manifest.put(model("y", local_path=outside, used_in_place=True))
    assert [row["local_path"] for row in _saved(manifest)["models"]] == ["local/x.gguf", "/home/me/y.gguf"]


async def test_every_field_of_a_row_comes_back(opened: Open, tmp_path: Path) -> None:
    manifest = opened({"models": []})
    now = datetime.now(UTC)
    full = model(
        size_gb=0.5,
        size_bytes=500_000_000,
        capabilities=ModelCapabilities(supports_vision=True, allowed_roles=("user",), prompt_template="{{ ü \ud83d }}"),
        overrides=ModelCapabilities(supports_system_role=False),
        local_path=tmp_path.resolve() / "a/b.gguf",
        files=("a/b.gguf", "a/p.gguf"),
        projector_path=tmp_path.resolve() / "a/p.gguf",
        sha256="f" * 64,
        checksums={"a/b.gguf": "f" * 64},
        verified_at=now,
        checksum_differs=True,
        installed_at=now,
        last_used_at=now,
        revision="c" * 40,
        license="mit",
    )
    await manifest.put(full)
    manifest.release()
    again = Manifest(tmp_path)
    again.open()
    assert again[full.key] == full
    again.release()


def test_a_name_on_two_runtimes_needs_a_runtime(opened: Open) -> None:
    manifest = opened({"models": [SEED_ROW, SEED_ROW | {"runtime": "llama_cpp"}]})
    with pytest.raises(AmbiguousName, match="llama_cpp and ollama"):
        manifest["llama3:latest"]
    assert "llama3:latest" in manifest
    assert manifest.find("llama3:latest", "llama_cpp").runtime == "llama_cpp"
    assert manifest[ModelKey(name="llama3:latest", runtime="ollama")].runtime == "ollama"


def test_an_unknown_name_is_a_key_error_and_an_unknown_model(opened: Open) -> None:
    manifest = opened(SEED_MANIFEST)
    with pytest.raises(KeyError):
        manifest["llama4"]
    with pytest.raises(UnknownModel):
        manifest.find("llama4")
    assert manifest.get("llama4") is None
    assert "llama4" not in manifest
    assert manifest["llama3"] is manifest["llama3:latest"]


def test_a_folder_in_place_of_the_file_is_a_named_error(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").mkdir()
    manifest = Manifest(tmp_path)
    with pytest.raises(StorageUnreadable):
        manifest.open()
    manifest.release()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
_FIELDS = st.sampled_from(
    [*SEED_ROW, "files", "checksums", "overrides", "used_in_place", "projector_path", "size_bytes"]
)


@settings(max_examples=count(300, 10_000), derandomize=True, deadline=None)
@given(st.lists(st.dictionaries(_FIELDS, _JSON, max_size=4).map(lambda wrong: SEED_ROW | wrong), max_size=3))
def test_no_row_can_break_the_list_or_point_outside(tmp_path_factory: pytest.TempPathFactory, rows: list[Any]) -> None:
    folder = tmp_path_factory.getbasetemp() / "fuzzed"
    folder.mkdir(exist_ok=True)
    (folder / "manifest.json").write_text(json.dumps({"models": rows}))
    manifest = Manifest(folder)
    manifest.open()
    try:
        assert manifest.notice is None
        for found in manifest.models():
            if not found.used_in_place and found.local_path is not None:
                assert found.local_path.is_relative_to(manifest.models_dir)
    finally:
        manifest.release()
