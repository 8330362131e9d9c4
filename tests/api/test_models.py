"""What is installed, over HTTP: list, install, remove, capabilities, usage; the seed's examples field for field."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest

from tests.api.caller import NAME, REPO, Caller, Served, offer
from tests.fakes.hub import HubServer
from venom_desktop.core.operations.operation import OperationStatus

SEED_OPERATION = {"operation_id", "model_name", "operation_type", "status", "progress", "message"}
SEED_CAPABILITIES = {
    "supports_system_role",
    "supports_function_calling",
    "allowed_roles",
    "prompt_template",
    "max_context_length",
    "quantization",
}
SEED_USAGE = {
    "disk_usage_gb",
    "disk_limit_gb",
    "disk_usage_percent",
    "cpu_usage_percent",
    "memory_total_gb",
    "memory_used_gb",
    "memory_usage_percent",
    "gpu_usage_percent",
    "vram_usage_mb",
    "vram_total_mb",
    "vram_usage_percent",
    "models_count",
}
SEED_MODEL = {
    "name",
    "provider",
    "display_name",
    "size_gb",
    "status",
    "capabilities",
    "local_path",
    "sha256",
    "installed_at",
    "runtime",
}
BAD_NAMES = [
    "..%2fetc",
    "..%2F..%2Fetc%2Fpasswd",
    "org/..",
    "org/../../x",
    "%2fetc",
    "org//name",
    "a%00b",
    "a%0ab",
    "a%20b",
    "%252e%252e%2fx",
    "./x",
    "x" * 201,
    "%ef%bc%8e%ef%bc%8e/x",
]


async def test_a_model_is_installed_listed_and_removed(
    served: Served, call: Caller, hub: HubServer, tiny_llama: Path
) -> None:
    offer(hub, tiny_llama)
    body = {"name": NAME, "provider": "huggingface", "runtime": "llama_cpp"}
    started = await call.good("POST", "models/registry/install", body)
    assert started.keys() == {"success", "operation_id", "message"}
    operation_id = started["operation_id"]
    assert UUID(operation_id).version == 4
    done = await served.services.registry.wait(operation_id)
    assert done.status is OperationStatus.COMPLETED, done.error
    operation = (await call.good("GET", f"models/operations/{operation_id}"))["operation"]
    assert operation.keys() >= SEED_OPERATION
    assert (operation["status"], operation["progress"], operation["operation_type"]) == ("completed", 100.0, "install")
    assert operation["completed_at"] > operation["started_at"]
    listed = await call.good("GET", "models")
    [model] = listed["models"]
    assert model.keys() >= SEED_MODEL
    assert (model["name"], model["status"], model["active"]) == (NAME, "installed", False)
    assert listed["by_runtime"] == {"llama_cpp": [NAME]}
    assert listed["active"] is None
    assert await call.refused("POST", "models/registry/install", body) == (409, "ALREADY_INSTALLED")
    removed = await call.good("DELETE", f"models/registry/{NAME}", params={"confirm": True})
    assert removed.keys() == {"success", "operation_id", "message"}
    await served.services.registry.wait(removed["operation_id"])
    assert (await call.good("GET", "models"))["models"] == []
    assert not list(served.paths.models.rglob("*.gguf"))


async def test_removing_asks_first_and_says_what_is_freed(served: Served, call: Caller) -> None:
    model = await served.put_model()
    for path in (f"models/registry/{NAME}", f"models/registry/{NAME.replace('/', '%2F')}"):
        response = await call("DELETE", path)
        assert response.status_code == 409
        answer = response.json()
        assert answer["needs_confirmation"] is True
        assert answer["reason_code"] == "NEEDS_CONFIRMATION"
        assert NAME in answer["error"]
        assert "MB" in answer["error"]
    assert model.local_path is not None
    assert model.local_path.exists()
    assert served.services.registry.operations.operations == ()
    await call.good("DELETE", f"models/registry/{NAME.replace('/', '%2F')}?confirm=true&runtime=llama_cpp")


async def test_the_active_model_is_not_removed_whatever_is_confirmed(served: Served, call: Caller) -> None:
    await served.activate()
    assert await call.refused("DELETE", f"models/registry/{NAME}?confirm=true") == (409, "MODEL_ACTIVE")
    [model] = (await call.good("GET", "models"))["models"]
    assert (model["active"], model["loaded"]) == (True, True)


async def test_a_real_load_is_measured_for_the_verdicts_to_come(served: Served) -> None:
    measured = asyncio.Event()
    served.services.loads.changed.subscribe(lambda _: measured.set())
    await served.activate()
    async with asyncio.timeout(60):
        await measured.wait()
    (ratio,) = served.services.load_settings("llama_cpp").lessons["llama"].ratios
    # A tiny model is hardly more than the engine, of which the formula knows to a factor of two.
    assert 0.5 < ratio < 2


async def test_a_name_on_another_runtime_is_not_found(served: Served, call: Caller) -> None:
    await served.put_model()
    assert await call.refused("DELETE", f"models/registry/{NAME}?runtime=ollama&confirm=true") == (404, "UNKNOWN_MODEL")
    assert await call.refused("GET", f"models/{NAME}/capabilities?runtime=ollama") == (404, "UNKNOWN_MODEL")


async def test_a_name_that_leaves_its_folder_is_refused_with_one_sentence(served: Served, call: Caller) -> None:
    outside = served.paths.models.parent / "outside.gguf"
    outside.write_bytes(b"mine")
    for name in (*BAD_NAMES, "..%2foutside.gguf", "../outside.gguf"):
        for line in (f"DELETE /api/v1/models/registry/{name}?confirm=true", f"GET /api/v1/models/{name}/capabilities"):
            status, answer = await call.raw(call.request(line))
            assert (status, answer["reason_code"]) == (400, "INVALID_NAME"), line
            assert answer["success"] is False
    for name in ("../x", "..", "/etc/passwd", "a\nb", "x" * 201, ".\uff0e/x"):
        assert await call.refused("POST", "models/registry/install", {"name": name}) == (400, "INVALID_NAME")
        assert await call.refused("POST", "models/activate", {"name": name}) == (400, "INVALID_NAME")
    assert outside.read_bytes() == b"mine"
    assert served.services.registry.operations.operations == ()


async def test_what_a_schema_rejects_is_a_400_in_our_shape(call: Caller) -> None:
    bodies: list[object] = [None, [], "text", {}, {"name": 5}, {"name": None}, {"name": True}]
    for body in (*bodies, {"name": "a/b", "provider": ["x"]}):
        assert await call.refused("POST", "models/registry/install", body) == (400, "INVALID_INPUT"), body
    for content in (b"", b"{", b"{'a': 1}", b"\xff\xfe\x00", b"[" * 100_000, b'{"name": NaN}', b"nul"):
        response = await call.client.post(
            f"{call.url}/api/v1/models/registry/install",
            content=content,
            headers={**call.headers, "Content-Type": "application/json"},
        )
        assert response.status_code == 400, content[:20]
        assert response.json().keys() == {"success", "error", "reason_code"}
        assert "Traceback" not in response.text
    for query in ("limit=0", "limit=101", "limit=x", "limit=1e3", "refresh=perhaps", f"cursor={'a' * 5000}"):
        assert (await call.refused("GET", f"models/providers?{query}"))[0] == 400


async def test_a_runtime_or_provider_that_is_not_there_is_told(call: Caller) -> None:
    for body, expected in (
        ({"name": NAME, "provider": "openai", "runtime": "ollama"}, (400, "INVALID_INPUT")),
        ({"name": NAME, "provider": "ollama", "runtime": "llama_cpp"}, (404, "UNKNOWN_RUNTIME")),
        ({"name": NAME, "provider": "nobody", "runtime": "llama_cpp"}, (400, "INVALID_INPUT")),
        ({"name": NAME, "provider": "huggingface", "runtime": "nothing"}, (404, "UNKNOWN_RUNTIME")),
    ):
        assert await call.refused("POST", "models/registry/install", body) == expected


async def test_unknown_paths_and_methods_are_told_in_our_shape(call: Caller) -> None:
    for path in ("nowhere", "models/", "models/operations/", "", "models/registry", "../models"):
        assert (await call.refused("GET", path))[0] in (404, 405), path
    response = await call("POST", "models")
    assert (response.status_code, response.json()["reason_code"]) == (405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "GET"
    status, answer = await call.raw(call.request("GET /"))
    assert (status, answer["reason_code"]) == (404, "NOT_FOUND")


async def test_capabilities_have_the_fields_of_the_seed_and_can_be_set_and_set_free(
    served: Served, call: Caller
) -> None:
    await served.put_model()
    for path in (f"models/{NAME}/capabilities", f"models/{NAME.replace('/', '%2F')}/capabilities"):
        found = await call.good("GET", path)
        assert found["model_name"] == NAME
        assert found["capabilities"].keys() >= SEED_CAPABILITIES
    changed = await call.good("PUT", path, {"supports_system_role": False, "max_context_length": 4096})
    assert changed["capabilities"]["supports_system_role"] is False
    assert changed["capabilities"]["max_context_length"] == 4096
    assert served.services.registry.manifest[NAME].overrides.max_context_length == 4096
    back = await call.good("PUT", path, {"capabilities": changed["capabilities"] | {"max_context_length": None}})
    assert back["capabilities"]["max_context_length"] is None
    assert back["capabilities"]["supports_system_role"] is False
    for wrong in (
        {"supports_vision": "yes"},
        {"supports_vision": 1},
        {"max_context_length": 0},
        {"max_context_length": "4096"},
        {"allowed_roles": "user"},
        {"allowed_roles": ["system"]},
        {"prompt_template": "x" * 200_001},
    ):
        assert await call.refused("PUT", path, wrong) == (400, "INVALID_INPUT"), wrong
    assert await call.refused("GET", "models/nobody/here/capabilities") == (404, "UNKNOWN_MODEL")


async def test_usage_has_the_fields_of_the_seed(served: Served, call: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    await served.put_model()
    await served.services.registry.inventory.refresh()
    usage = (await call.good("GET", "models/usage"))["usage"]
    assert usage.keys() == SEED_USAGE
    assert usage["models_count"] == 1
    assert usage["disk_limit_gb"] == 50
    assert 0 < usage["disk_usage_gb"] < 0.1
    assert 0 < usage["memory_usage_percent"] <= 100
    assert usage["memory_used_gb"] < usage["memory_total_gb"]
    assert usage["gpu_usage_percent"] is usage["vram_total_mb"] is None


async def test_an_operation_pauses_resumes_is_cancelled_and_retried(
    served: Served, call: Caller, hub: HubServer, tmp_path: Path
) -> None:
    from tests.fakes.gguf_files import write_tiny_llama
    from tests.fakes.hub_faults import Slow

    weights = write_tiny_llama(tmp_path / "Slow-Q8_0.gguf", pad_to_bytes=6_000_000)
    hub.add_repo(REPO, {weights.name: weights})
    hub.fault(Slow(bytes_per_second=500_000), "*/resolve/*", method="GET", times=10_000)
    operation_id = (await call.good("POST", "models/registry/install", {"name": NAME}))["operation_id"]
    path = f"models/operations/{operation_id}"
    await asyncio.to_thread(hub.wait_for, "*/resolve/*", method="GET")
    paused = (await call.good("POST", f"{path}/pause"))["operation"]
    assert (paused["status"], paused["completed_at"]) == ("paused", None)
    assert await call.refused("POST", f"{path}/pause") == (409, "WRONG_STATE")
    assert await call.refused("POST", "models/registry/install", {"name": NAME}) == (409, "OPERATION_RUNNING")
    assert (await call.good("POST", f"{path}/resume"))["operation"]["status"] == "in_progress"
    await served.services.settings.set("offline", True)
    async with asyncio.timeout(60):
        while (await call.good("GET", path))["operation"]["status"] != "paused":
            continue
    await served.services.settings.set("offline", False)
    assert (await call.good("POST", f"{path}/resume"))["operation"]["status"] == "in_progress"
    cancelled = (await call.good("POST", f"{path}/cancel"))["operation"]
    assert cancelled["status"] == "cancelled"
    assert await call.refused("POST", f"{path}/resume") == (409, "WRONG_STATE")
    hub.clear_faults()
    assert (await call.good("POST", f"{path}/retry"))["operation"]["status"] == "in_progress"
    assert (await served.services.registry.wait(operation_id)).status is OperationStatus.COMPLETED
    listed = await call.good("GET", "models/operations", params={"limit": 1})
    assert [one["operation_id"] for one in listed["operations"]] == [operation_id]
    assert "payload" not in listed["operations"][0]


async def test_an_unknown_operation_is_told(call: Caller) -> None:
    unknown = "models/operations/550e8400-e29b-41d4-a716-446655440000"
    assert await call.refused("GET", unknown) == (404, "UNKNOWN_OPERATION")
    for verb in ("pause", "resume", "cancel", "retry"):
        assert await call.refused("POST", f"{unknown}/{verb}") == (404, "UNKNOWN_OPERATION")
    assert (await call.refused("POST", f"{unknown}/explode"))[0] in (404, 405)


async def test_no_space_is_a_507(call: Caller, hub: HubServer, tiny_llama: Path, served: Served) -> None:
    offer(hub, tiny_llama)
    await served.services.settings.set("max_storage_gb", 0.0001)
    operation_id = (await call.good("POST", "models/registry/install", {"name": NAME}))["operation_id"]
    await served.services.registry.wait(operation_id)
    operation = (await call.good("GET", f"models/operations/{operation_id}"))["operation"]
    assert (operation["status"], operation["reason_code"]) == ("failed", "QUOTA_EXCEEDED")
    assert operation["error"]


async def test_a_file_that_no_model_can_be_made_of_is_the_callers_mistake(call: Caller, tmp_path: Path) -> None:
    (tmp_path / "notes.gguf").write_text("not a model")
    for name in ("notes.gguf", "nowhere.gguf"):
        body = {"name": "mine", "file": str(tmp_path / name)}
        assert await call.refused("POST", "models/registry/create", body) == (400, "INVALID_INPUT")
