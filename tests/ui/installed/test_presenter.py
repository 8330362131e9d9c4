"""What the Installed tab lists and offers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication

from tests.ui.workbench import plain
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType
from venom_desktop.core.registry.inventory import InventorySnapshot
from venom_desktop.core.registry.model import ModelCapabilities, ModelMetadata, ModelProvider, ModelStatus
from venom_desktop.core.registry.quota import QuotaSnapshot
from venom_desktop.core.registry.store_rows import StoreView
from venom_desktop.core.runtimes.base import LoadSettings, RuntimeSnapshot, RuntimeState
from venom_desktop.ui.installed import words
from venom_desktop.ui.installed.foot import foot_of
from venom_desktop.ui.installed.groups import GroupCure
from venom_desktop.ui.installed.presenter import Group, Lister, Primary, Row, State, list_rows, usual_speed
from venom_desktop.ui.installed.storage_view import storage_view

GB = 10**9
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LLAMA = RuntimeSnapshot(name="llama_cpp", title="llama.cpp", state=RuntimeState.RUNNING)
RUNTIMES = {"llama_cpp": LLAMA}


def model(name: str = "org/tiny:Q4_K_M", **fields: Any) -> ModelMetadata:
    values: dict[str, Any] = {
        "provider": ModelProvider.HUGGINGFACE,
        "display_name": name.rpartition("/")[2],
        "runtime": "llama_cpp",
        "size_bytes": 2 * GB,
        "files": ("model.gguf",),
        **fields,
    }
    return ModelMetadata(name=name, **values)


TINY = model()


def operation(
    kind: OperationType, status: OperationStatus = OperationStatus.IN_PROGRESS, **fields: Any
) -> ModelOperation:
    values: dict[str, Any] = {"started_at": NOW, "runtime": "llama_cpp", **fields}
    return ModelOperation(operation_id="one", model_name=TINY.name, operation_type=kind, status=status, **values)


def only(inventory: InventorySnapshot, *operations: ModelOperation) -> Row:
    rows = [row for row in list_rows(inventory, RUNTIMES, operations) if isinstance(row, Row)]
    assert len(rows) == 1
    return rows[0]


def test_models_stand_under_their_runtime_with_count_size_and_state(qapp: QApplication) -> None:
    ollama = model("gemma3:4b", runtime="ollama", size_bytes=None, size_gb=3.3)
    inventory = InventorySnapshot(models=(TINY, model("org/other:Q8_0"), ollama))
    listed = list_rows(inventory, RUNTIMES, ())
    groups = [row for row in listed if isinstance(row, Group)]
    assert [(group.runtime, group.count, group.size_bytes) for group in groups] == [
        ("llama_cpp", 2, 4 * GB),
        ("ollama", 1, 3_300_000_000),
    ]
    assert [group.state for group in groups] == [RuntimeState.RUNNING, None]
    assert plain(words.group_detail(groups[0])) == "2 models · 4.0 GB"
    assert [isinstance(row, Group) for row in listed] == [True, False, False, True, False]


def test_the_filter_takes_every_word_and_hides_empty_groups() -> None:
    inventory = InventorySnapshot(models=(TINY, model("gemma3:4b", runtime="ollama")))
    assert [row.model.name for row in list_rows(inventory, RUNTIMES, (), text="TINY q4") if isinstance(row, Row)] == [
        TINY.name
    ]
    assert list_rows(inventory, RUNTIMES, (), text="ollama")[0] == Group(
        runtime="ollama", title=None, count=1, size_bytes=2 * GB, state=None
    )
    assert list_rows(inventory, RUNTIMES, (), text="nothing like it") == ()


def test_a_row_is_made_anew_only_when_something_of_it_changed() -> None:
    lister = Lister()
    other = model("org/other:Q8_0")
    inventory = InventorySnapshot(models=(TINY, other))
    before = lister.rows(inventory, RUNTIMES, ())
    after = lister.rows(replace(inventory, active=other.key), RUNTIMES, ())
    assert after[1] is before[1]
    assert after[2] is not before[2]
    overridden = replace(TINY, overrides=ModelCapabilities(supports_vision=True))
    last = lister.rows(replace(inventory, models=(overridden, other)), RUNTIMES, ())[1]
    assert isinstance(last, Row)
    assert last.capabilities.supports_vision is True


@pytest.mark.parametrize(
    ("fields", "active", "loaded", "expected"),
    [
        ({}, False, False, State.RESTING),
        ({}, True, True, State.ACTIVE),
        ({}, False, True, State.LOADED),
        ({"checksum_differs": True}, True, True, State.CHECKSUM_DIFFERS),
        ({"status": ModelStatus.FAILED}, False, False, State.FILE_MISSING),
        ({"status": ModelStatus.REMOVING}, False, False, State.REMOVING),
    ],
)
def test_every_state_is_told(fields: dict[str, Any], active: bool, loaded: bool, expected: State) -> None:
    row = replace(TINY, **fields)
    inventory = InventorySnapshot(
        models=(row,), active=row.key if active else None, loaded=frozenset([row.key] if loaded else [])
    )
    assert only(inventory).state is expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (OperationType.REMOVE, State.REMOVING),
        (OperationType.ACTIVATE, State.ACTIVATING),
        (OperationType.VERIFY, State.VERIFYING),
        (OperationType.INSTALL, State.INSTALLING),
    ],
)
def test_a_running_job_is_the_state(qapp: QApplication, kind: OperationType, expected: State) -> None:
    inventory = InventorySnapshot(models=(TINY,))
    row = only(inventory, operation(kind))
    assert row.state is expected
    assert words.state_look(expected)
    assert foot_of(row, inventory, RUNTIMES).forbidden
    assert only(inventory, operation(kind, OperationStatus.COMPLETED)).state is State.RESTING


def test_the_foot_says_what_is_replaced(qapp: QApplication) -> None:
    other = model("org/other:Q8_0")
    inventory = InventorySnapshot(models=(TINY,), active=other.key)
    foot = foot_of(only(inventory), inventory, RUNTIMES)
    assert (foot.verb, foot.text) == (Primary.ACTIVATE, "Activate on llama.cpp")
    assert foot.note == "Replaces org/other:Q8_0, which is unloaded first."


def test_the_active_model_is_unloaded_and_loaded_again_after_a_restart(qapp: QApplication) -> None:
    inventory = InventorySnapshot(models=(TINY,), active=TINY.key, loaded=frozenset([TINY.key]))
    assert foot_of(only(inventory), inventory, RUNTIMES).verb is Primary.UNLOAD
    restarted = replace(inventory, loaded=frozenset())
    foot = foot_of(only(restarted), restarted, RUNTIMES)
    assert foot.verb is Primary.ACTIVATE
    assert "Not in memory" in foot.note


def test_a_missing_file_is_installed_again_unless_it_was_the_users_own(qapp: QApplication) -> None:
    gone = replace(TINY, status=ModelStatus.FAILED)
    inventory = InventorySnapshot(models=(gone,))
    assert foot_of(only(inventory), inventory, RUNTIMES).verb is Primary.INSTALL_AGAIN
    own = replace(gone, used_in_place=True, provider=ModelProvider.LOCAL)
    inventory = InventorySnapshot(models=(own,))
    foot = foot_of(only(inventory), inventory, RUNTIMES)
    assert foot.verb is Primary.NOTHING
    assert "Put it back" in foot.forbidden


def test_a_runtime_that_is_not_offered_is_said(qapp: QApplication) -> None:
    inventory = InventorySnapshot(models=(replace(TINY, runtime="ollama"),))
    row = next(row for row in list_rows(inventory, RUNTIMES, ()) if isinstance(row, Row))
    assert "Ollama is not offered here" in foot_of(row, inventory, RUNTIMES).forbidden


def test_a_removal_is_told_in_numbers(qapp: QApplication) -> None:
    speed = usual_speed(
        [
            operation(
                OperationType.INSTALL,
                OperationStatus.COMPLETED,
                total_bytes=int(9.6 * GB),
                completed_at=NOW + timedelta(minutes=4),
            ),
            operation(OperationType.INSTALL, OperationStatus.FAILED, total_bytes=GB, completed_at=NOW),
        ]
    )
    big = replace(TINY, size_bytes=9 * GB)
    text = plain(words.removal_consequence(big, "llama.cpp", speed))
    assert text == (
        "Its file (9.0 GB) is deleted from this computer. "
        "Installing it again takes about 4 minutes at your usual speed."
    )
    split = replace(big, files=("a", "b", "c"))
    assert plain(words.removal_consequence(split, "llama.cpp", None)) == (
        "Its 3 files (9.0 GB) are deleted from this computer."
    )


def test_the_panel_names_what_a_model_can_and_cannot_do(qapp: QApplication) -> None:
    can = ModelCapabilities(
        supports_function_calling=True, supports_system_role=False, supports_vision=False, max_context_length=32768
    )
    assert [plain(look.text) for look in words.capability_pills(can)] == [
        "Tools",
        "No system role",
        "32 K context",
        "No vision",
    ]
    assert words.capability_pills(ModelCapabilities()) == []


def test_the_load_settings_read_as_one_line(qapp: QApplication) -> None:
    assert words.settings_words(LoadSettings(), "llama.cpp") == "llama.cpp chooses them"
    chosen = LoadSettings(context=8192, gpu_layers=-1, kv_type="q8_0")
    assert plain(words.settings_words(chosen, "llama.cpp")) == "context 8 192 · GPU layers all · KV q8_0"


def quota(**fields: Any) -> QuotaSnapshot:
    values: dict[str, Any] = {
        "used_bytes": int(38.2 * GB),
        "limit_bytes": 50 * GB,
        "left_bytes": int(11.8 * GB),
        "free_bytes": 412 * GB,
        "over": False,
        "over_at_start": False,
        "raise_to_gb": None,
        **fields,
    }
    return QuotaSnapshot(**values)


def test_the_disk_is_told_by_runtime_with_what_is_unfinished(qapp: QApplication) -> None:
    own = model("mine", used_in_place=True)
    inventory = InventorySnapshot(
        models=(TINY, own, model("gemma3:4b", runtime="ollama")),
        total_bytes=12 * GB,
        partial_bytes=7 * GB,
        measured=True,
    )
    view = storage_view(inventory, quota(), {"llama_cpp": "llama.cpp"})
    assert plain(view.title) == "38.2 of 50 GB"
    assert plain(view.detail) == "11.8 GB left in the quota · 412 GB free on this disk"
    assert [(plain(segment.text), segment.hatched) for segment in view.segments] == [
        ("llama.cpp 2.0 GB", False),
        ("Ollama 2.0 GB", False),
        ("Other files 1.0 GB", False),
        ("Unfinished downloads 7.0 GB", True),
    ]
    assert view.warning == ""


def test_too_much_offers_the_limit_that_would_do_unless_the_environment_fixes_it(qapp: QApplication) -> None:
    over = quota(used_bytes=int(61.2 * GB), left_bytes=0, over=True, raise_to_gb=62)
    view = storage_view(InventorySnapshot(), over, {})
    assert view.raise_to_gb == 62
    assert "61.2 GB" in plain(view.warning)
    fixed = storage_view(InventorySnapshot(), over, {}, locked_by="MAX_STORAGE_GB")
    assert fixed.raise_to_gb is None
    assert "MAX_STORAGE_GB" in fixed.warning


def store(**fields: Any) -> StoreView:
    return StoreView(runtime="ollama", **{"reachable": True, "listed": True, **fields})


def stored(name: str, size_bytes: int, revision: str) -> ModelMetadata:
    return model(name, runtime="ollama", size_bytes=size_bytes, revision=revision, files=())


def test_the_disk_counts_a_stores_shared_content_once_and_says_what_it_does_not_know(qapp: QApplication) -> None:
    models = (stored("gemma3:4b", 3 * GB, "aa"), stored("mine:latest", 3 * GB, "aa"), stored("phi4:latest", GB, "bb"))
    titles = {"ollama": "Ollama"}

    def legend(**fields: Any) -> list[tuple[str, str]]:
        inventory = InventorySnapshot(
            models=(*models, TINY), total_bytes=6 * GB, measured=True, stores={"ollama": store(**fields)}
        )
        view = storage_view(inventory, quota(), titles)
        return [(plain(segment.text), segment.role) for segment in view.segments]

    assert legend(disk_bytes=4 * GB) == [("Ollama 4.0 GB", "chart"), ("llama.cpp 2.0 GB", "seg2")]
    assert legend(disk_bytes=None) == [("Ollama about 4.0 GB", "chart"), ("llama.cpp 2.0 GB", "seg2")]
    never = InventorySnapshot(models=(TINY,), total_bytes=2 * GB, stores={"ollama": store(listed=False)})
    assert [plain(segment.text) for segment in storage_view(never, quota(), titles, unseen=["ollama"]).segments] == [
        "Ollama unknown",
        "llama.cpp 2.0 GB",
    ]


def test_what_a_store_has_beside_its_models_is_not_called_a_model(qapp: QApplication) -> None:
    inventory = InventorySnapshot(
        models=(stored("gemma3:4b", 3 * GB, "aa"),),
        total_bytes=8 * GB,
        partial_bytes=4 * GB,
        measured=True,
        stores={"ollama": store(disk_bytes=8 * GB)},
    )
    view = storage_view(inventory, quota(), {"ollama": "Ollama"})
    assert [plain(segment.text) for segment in view.segments] == [
        "Ollama 3.0 GB",
        "Other files 1.0 GB",
        "Unfinished downloads 4.0 GB",
    ]


@pytest.mark.parametrize(
    ("state", "cure", "words_"),
    [
        (RuntimeState.STOPPED, GroupCure.START, "Start Ollama"),
        (RuntimeState.EXITED, GroupCure.START, "Start Ollama"),
        (RuntimeState.UNAVAILABLE, GroupCure.GET, "Install Ollama…"),
        (RuntimeState.RUNNING, GroupCure.ASK_AGAIN, "Try again"),
        (RuntimeState.STARTING, None, None),
    ],
)
def test_a_store_that_cannot_be_reached_gets_the_cure_of_its_server(
    qapp: QApplication, state: RuntimeState, cure: GroupCure | None, words_: str | None
) -> None:
    snapshot = RuntimeSnapshot(name="ollama", title="Ollama", state=state)
    seen = datetime.now(UTC) - timedelta(minutes=3)
    inventory = InventorySnapshot(
        models=(stored("gemma3:4b", GB, "aa"),), stores={"ollama": store(reachable=False, read_at=seen)}
    )
    group = list_rows(inventory, {"ollama": snapshot}, ())[0]
    assert isinstance(group, Group)
    assert group.cure is cure
    assert plain(words.group_age(group)) == "Last seen 3 min ago"
    found = words.cure_button(group)
    assert (found[0] if found else None) == words_


def test_the_row_of_a_store_is_made_anew_only_when_something_of_it_changed() -> None:
    inventory = InventorySnapshot(models=(stored("gemma3:4b", GB, "aa"),), stores={"ollama": store()})
    lister = Lister()
    first = lister.rows(inventory, {}, ())
    again = replace(inventory, stores={"ollama": store(read_at=NOW)})
    assert lister.rows(again, {}, ())[1] is first[1]
    down = replace(inventory, stores={"ollama": store(reachable=False)})
    assert lister.rows(down, {}, ())[1] is not first[1]
