"""Models on this computer over HTTP: found, previewed, taken over, given back, put away."""

import os
from pathlib import Path

import pytest

from tests.api.caller import Caller, Served
from tests.fakes.gguf_files import write_tiny_llama
from tests.fakes.model_folders import cache_repository, tiny_gguf
from venom_desktop.core.operations.operation import OperationStatus


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """Where Hugging Face's library keeps what the user of the test has fetched."""
    path = tmp_path / "user-home" / ".cache" / "huggingface" / "hub"
    path.mkdir(parents=True)
    return path


@pytest.fixture
def tiny(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    content = write_tiny_llama(tmp_path / "tiny.gguf").read_bytes()
    return cache_repository(cache, "tiny-lab/Tiny-GGUF", {"tiny-Q8_0.gguf": content}) / "tiny-Q8_0.gguf"


async def test_a_find_is_told_linked_and_given_back(tiny: Path, served: Served, call: Caller) -> None:
    listed = await call.good("GET", "models/found")
    [model] = listed["models"]
    assert (model["name"], model["origin"], model["path"]) == ("tiny-lab/Tiny-GGUF:Q8_0", "hugging_face", str(tiny))
    assert (listed["count"], listed["size_bytes"]) == (1, tiny.stat().st_size)
    one = await call.good("GET", f"models/found/{model['id']}")
    assert {way["way"]: way["needs_bytes"] for way in one["ways"]} == {
        "in_place": 0,
        "link": 0,
        "move": 0,
        "copy": tiny.stat().st_size,
    }

    started = await call.good("POST", "models/found/import", {"id": model["id"], "way": "link"})
    done = await served.services.registry.wait(started["operation_id"])
    assert (done.status, done.operation_type.value) == (OperationStatus.COMPLETED, "import")
    assert (await call.good("GET", "models"))["by_runtime"] == {"llama_cpp": [model["name"]]}
    assert (await call.good("GET", "models/found"))["count"] == 0

    started = await call.good("POST", "models/found/undo", {"name": model["name"]})
    done = await served.services.registry.wait(started["operation_id"])
    assert done.status is OperationStatus.COMPLETED
    assert (await call.good("GET", "models/found?refresh=true"))["count"] == 1
    assert tiny.exists()


async def test_a_find_is_used_in_place_or_put_away_and_wanted_back(tiny: Path, call: Caller) -> None:
    [model] = (await call.good("GET", "models/found"))["models"]
    await call.good("POST", "models/found/dismiss", {"id": model["id"]})
    assert (await call.good("GET", "models/found"))["dismissed_count"] == 1
    assert (await call.good("GET", "models/found?dismissed=true"))["models"] == [model]
    await call.good("POST", "models/found/restore", {})
    taken = await call.good("POST", "models/found/import", {"id": model["id"]})
    assert (taken["model"]["local_path"], taken["model"]["used_in_place"]) == (str(tiny), True)


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", "models/found/nothing", None, (404, "UNKNOWN_FIND")),
        ("POST", "models/found/import", {"id": "nothing"}, (404, "UNKNOWN_FIND")),
        ("POST", "models/found/import", {"id": "x", "way": "steal"}, (400, "INVALID_INPUT")),
        ("POST", "models/found/dismiss", {}, (400, "INVALID_INPUT")),
        ("POST", "models/found/undo", {"name": "nobody"}, (404, "UNKNOWN_MODEL")),
        ("POST", "models/found/undo", {"name": "../x"}, (400, "INVALID_NAME")),
    ],
)
async def test_what_is_not_there_is_said(
    call: Caller, method: str, path: str, body: dict[str, str] | None, expected: tuple[int, str]
) -> None:
    assert await call.refused(method, path, body) == expected


async def test_a_model_that_was_never_imported_has_nothing_to_undo(served: Served, call: Caller) -> None:
    model = await served.put_model()
    assert await call.refused("POST", "models/found/undo", {"name": model.name}) == (409, "CANNOT_UNDO")


async def test_names_that_are_no_unicode_are_told_with_a_question_mark(cache: Path, call: Caller) -> None:
    folder = cache.parents[2] / ".lmstudio" / "models" / "org" / "repo"
    folder.mkdir(parents=True)
    (folder / os.fsdecode(b"bad\xff.gguf")).write_bytes(tiny_gguf("مرحبا"))
    (folder / os.fsdecode(b"broken\xff.gguf")).write_text("no")
    listed = await call.good("GET", "models/found")
    [model] = listed["models"]
    assert (model["title"], Path(model["path"]).name) == ("مرحبا", "bad?.gguf")
    assert "broken?.gguf" in listed["skipped"]["problems"][0]
    assert listed["skipped"]["broken"] == 1
    taken = await call.good("POST", "models/found/import", {"id": model["id"]})
    assert taken["model"]["local_path"].endswith("bad?.gguf")
    assert (await call.good("GET", "models"))["count"] == 1
