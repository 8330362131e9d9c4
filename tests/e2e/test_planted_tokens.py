"""Tokens planted in the real window are found where they belong and nowhere else."""

import base64
import contextlib
import json
import stat
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.e2e.app_window import WAIT_S, AppWindow, wait_for
from tests.e2e.conftest import OpenWindow
from tests.fakes.gguf_files import write_tiny_llama
from tests.fakes.hub import HubServer
from tests.fakes.hub_faults import Slow
from tests.fakes.hub_wire import Request

pytestmark = pytest.mark.window

GATED = "tiny-lab/Gated-Llama-GGUF"
MISTYPED = "hf_MistypedPlantedToken0000000000000000"
PLANTED = "hf_Planted+Token/That=MustStayHome00000000"


def _spellings(secret: str) -> list[bytes]:
    plain = secret.encode()
    # Without its ends, where base64 mixes in the neighbours.
    inside = base64.b64encode(plain[: len(plain) // 3 * 3])[:-4]
    return [plain, urllib.parse.quote(secret, safe="").encode(), inside, plain.hex().encode()]


def _holds(content: bytes, secret: str) -> bool:
    return any(spelling in content for spelling in _spellings(secret))


def _files_with(home: Path, secret: str) -> list[str]:
    """Every file of the home, the database's write-ahead log among them."""
    found = []
    for path in home.rglob("*"):
        with contextlib.suppress(FileNotFoundError):
            if path.is_file() and _holds(path.read_bytes(), secret):
                found.append(str(path.relative_to(home)))
    return found


def _processes_with(window: AppWindow, secret: str) -> list[str]:
    """What `ps` shows of the program and everything it started: command lines, and environments to its owner."""
    found = []
    for process in [psutil.Process(window.process.pid), *window.children()]:
        for name in ("cmdline", "environ"):
            with contextlib.suppress(OSError):
                if _holds(Path(f"/proc/{process.pid}/{name}").read_bytes(), secret):
                    found.append(f"{name} of {process}")
    return found


def _told(request: Request) -> bytes:
    return json.dumps([request.target, dict(request.headers)]).encode() + request.body


def _add_token(window: AppWindow, token: str, *, button: str) -> None:
    window.click(button, "Button", inside="TokenRow")
    window.type_into("Hugging Face token", token, kind="QLineEdit")
    window.click("Store", inside="SecretDialog")
    window.wait_until_gone("*", "SecretDialog")


def _sign_in(window: AppWindow) -> None:
    """Type a token that the hub does not know, then the one it knows."""
    window.go_to("Settings")
    window.click_row("Hugging Face", "NavigationList")
    _add_token(window, MISTYPED, button="Add token…")
    window.see("* refused the stored token.*", "Label", inside="TokenRow")
    _add_token(window, PLANTED, button="Replace…")
    window.see("The token works. It belongs to planted-person.", "Label", inside="TokenRow")
    window.see("Only until you quit", "Pill", inside="TokenRow")


def _fail_to_install(window: AppWindow) -> None:
    """The licence is not accepted yet: a failure that was answered to the token."""
    window.go_to("Catalog")
    window.browse()
    window.type_into("Search Ollama and Hugging Face", GATED, kind="SearchField")
    wait_for(lambda: len(window.rows("CatalogTable")) == 1)
    window.click_row("*", "CatalogTable")
    window.click_offer("Install Q8_0 · 9.0 MB")
    window.see("Open the model page", "Button", inside="OperationsBar")


def _assert_nowhere(window: AppWindow) -> None:
    for secret in (PLANTED, MISTYPED):
        assert _processes_with(window, secret) == []
        assert _files_with(window.home, secret) == []


def test_a_hub_token_goes_to_the_hub_alone(open_window: OpenWindow, hub_with_cdn: HubServer, tmp_path: Path) -> None:
    hub = hub_with_cdn
    file = write_tiny_llama(tmp_path / "Gated-Llama-Q8_0.gguf", pad_to_bytes=9_000_000)
    hub.add_repo(GATED, {file.name: file}, gated="auto")
    hub.add_account(PLANTED, name="planted-person")
    window = open_window(hub.url)
    _sign_in(window)
    _fail_to_install(window)
    hub.accept_license(PLANTED, GATED)
    slow = hub.fault(Slow(bytes_per_second=4_000_000), "*", side="cdn", times=None)
    window.press("Ctrl+J")
    window.click("Retry", inside="OperationRow")
    worker = window.child("downloads.worker")
    assert slow.reached.wait(WAIT_S)
    assert worker.is_running()
    _assert_nowhere(window)
    window.click("Installed · Activate", inside="CatalogDetails")
    window.child("llama_cpp_server")
    window.see("Active", "Button", inside="CatalogDetails")
    _assert_nowhere(window)
    window.press("Ctrl+Q")
    assert window.ends() == 0
    for secret in (PLANTED, MISTYPED):
        assert _files_with(window.home, secret) == []
        assert not _holds(window.errors().encode(), secret)
    _assert_sent_to_the_hub_alone(hub)


def _assert_sent_to_the_hub_alone(hub: HubServer) -> None:
    from_cdn = [request for request in hub.requests if request.side == "cdn"]
    to_hub = [request for request in hub.requests if request.side == "hub"]
    assert from_cdn
    assert not any(_holds(_told(request), PLANTED) for request in from_cdn)
    assert not any(_holds(request.target.encode() + request.body, PLANTED) for request in to_hub)
    # What makes the rest mean something: the token was really used, for the files and not for the public list.
    used = [request.path for request in to_hub if request.token == PLANTED]
    assert any("/resolve/" in path for path in used)
    assert "/api/models" not in used


def _call(url: str, token: str, *, expect: int) -> None:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request) as answer:
            status = answer.status
    except urllib.error.HTTPError as error:
        status = error.code
        error.close()
    assert status == expect


def test_the_api_token_lies_in_its_own_file_alone(open_window: OpenWindow, hub: HubServer) -> None:
    window = open_window(hub.url)
    window.go_to("Settings")
    window.click_row("Local API", "NavigationList")
    window.click("Serve other programs on this computer", "Switch")
    window.see("Running", "Pill", inside="ApiSwitchRow")
    address = window.see("http://127.0.0.1:*", "Label", inside="LocalApiPage")["words"]
    kept = window.home / "config/api-token"
    token = kept.read_text().strip()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    _call(f"{address}/api/v1/models", token, expect=200)
    _call(f"{address}/api/v1/models/registry/nothing?token={token}", token, expect=405)
    _call(f"{address}/api/v1/models", f"{token[:-1]}!", expect=401)
    shown = [one["words"] for one in window.ask("look", kind="QLabel", inside="LocalApiPage")]
    assert not any(token in words for words in shown)
    assert _processes_with(window, token) == []
    assert _files_with(window.home, token) == ["config/api-token"]
    window.press("Ctrl+Q")
    assert window.ends() == 0
    assert _files_with(window.home, token) == ["config/api-token"]
    assert window.warnings() == []
