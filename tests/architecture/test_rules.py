"""The rules of the house that ruff and import-linter cannot see."""

import ast
from pathlib import Path

import pytest

from tests.architecture.tree import PACKAGE, calls, imports, modules, parsed, place

# What one domain of core may know of another, beside its base.py. Never an adapter.
PUBLISHED = frozenset(
    {
        # Snapshots and names.
        "registry.model",
        "registry.names",
        "host.sample",
        "settings.schema",
        # Judgements without a wire: what a header says, which quantization fits.
        "catalog.gguf_header",
        "catalog.model_config",
        "catalog.safetensors_files",
        "catalog.safetensors_header",
        "catalog.vllm_architectures",
        "catalog.quantizations",
        "catalog.fit",
        "catalog.lessons",
        "catalog.entry_fit",
        "catalog.run_on",
        # Which model answers: written by an activation, read by everyone. The one way to ask it something.
        "runtimes.active",
        "runtimes.ask",
        # Which runtimes there are, and how to follow them all.
        "runtimes.live",
        # What a runtime's own store of models offers, and what registries it pulls from.
        "runtimes.model_store",
        # Files of a download that are here already: parts to clear, checksums to compare.
        "downloads.partial",
        "downloads.verify",
        # The one door that every model call passes.
        "governance.gate",
    }
)
_CORE = "venom_desktop.core."
NOT_DOMAINS = frozenset({"files", "operations"})


def _calls_outside(names: frozenset[str], *, allowed: str, under: str = "") -> list[str]:
    return [
        place(path, call)
        for path in modules(under)
        if path.relative_to(PACKAGE).as_posix() != allowed
        for name, call in calls(path)
        if name in names
    ]


def _imports_outside(name: str, *, allowed: str) -> list[str]:
    return [
        place(path, node)
        for path in modules()
        if not path.relative_to(PACKAGE).as_posix().startswith(allowed)
        for imported, node in imports(path)
        if imported.partition(".")[0] == name
    ]


def test_only_the_theme_sets_a_style_sheet() -> None:
    assert _calls_outside(frozenset({"setStyleSheet"}), allowed="ui/theme.py") == []


def test_no_dialog_stops_the_event_loop_with_exec() -> None:
    assert _calls_outside(frozenset({"exec", "exec_"}), allowed="", under="ui") == []


def test_only_the_task_scopes_create_tasks() -> None:
    makers = frozenset({"create_task", "ensure_future", "TaskGroup"})
    assert _calls_outside(makers, allowed="core/tasks.py") == []


def test_no_wait_swallows_a_cancellation() -> None:
    """`wait_for` of Python 3.11 does where it comes together with the result; `asyncio.timeout` does not."""
    assert _calls_outside(frozenset({"wait_for"}), allowed="nowhere") == []


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("httpx", "core/http.py"),
        ("aiohttp", "core/http.py"),
        ("keyring", "core/secrets/"),
        ("requests", "nowhere"),
        ("sqlite3", "core/database.py"),
    ],
)
def test_a_library_with_one_place_stays_there(name: str, allowed: str) -> None:
    assert _imports_outside(name, allowed=allowed) == []


@pytest.mark.parametrize(("argument", "value"), [("shell", True), ("verify", False)])
def test_no_call_opens_a_shell_or_trusts_any_certificate(argument: str, value: bool) -> None:
    found = [
        place(path, call)
        for path in modules()
        for _, call in calls(path)
        for given in call.keywords
        if given.arg == argument and isinstance(given.value, ast.Constant) and given.value.value is value
    ]
    assert found == []


@pytest.mark.parametrize(
    "name",
    ["huggingface_hub", "feedparser", "bs4", "keyring", "genai_prices", "fastapi", "starlette", "uvicorn", "aiohttp"],
)
def test_a_heavy_library_is_imported_where_it_is_first_needed(name: str) -> None:
    """The api package is itself imported only when it is switched on, so its own imports may stand at the top."""
    found = [
        place(path, node)
        for path in modules()
        if path.relative_to(PACKAGE).parts[0] != "api"
        for imported, node in _imports_at_start(parsed(path))
        if imported.partition(".")[0] == name
    ]
    assert found == []


def _imports_at_start(tree: ast.Module) -> list[tuple[str, ast.stmt]]:
    found: list[tuple[str, ast.stmt]] = []
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            found += [(alias.name, node) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append((node.module or "", node))
        elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.dump(node.test):
            waiting += [*node.body, *node.orelse]
        elif isinstance(node, ast.Try):
            waiting += [*node.body, *node.orelse, *node.finalbody]
        elif isinstance(node, ast.ClassDef):
            waiting += node.body
    return found


def test_a_domain_of_core_knows_another_by_its_base_or_by_what_it_publishes() -> None:
    core = PACKAGE / "core"
    domains = {folder.name for folder in core.iterdir() if folder.is_dir()} - NOT_DOMAINS
    found = []
    for path in modules("core"):
        own = path.relative_to(core).parts[0]
        for imported, node in imports(path) if own in domains else ():
            domain, _, inside = imported.removeprefix(_CORE).partition(".")
            foreign = imported.startswith(_CORE) and domain in domains - {own}
            if foreign and inside != "base" and f"{domain}.{inside}" not in PUBLISHED:
                found.append(f"{place(path, node)} imports {domain}.{inside}")
    assert found == []


def test_every_folder_of_modules_is_a_package() -> None:
    """import-linter does not see into a folder without `__init__.py`."""
    folders = {path.parent for path in modules()}
    assert [folder.relative_to(PACKAGE).as_posix() for folder in folders if not (folder / "__init__.py").exists()] == []


def test_no_file_is_longer_than_three_hundred_lines() -> None:
    long = {path.relative_to(PACKAGE).as_posix(): _lines(path) for path in modules() if _lines(path) > 300}
    # The tree of failures is one list that is read from top to bottom.
    long.pop("core/errors.py", None)
    assert long == {}


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())
