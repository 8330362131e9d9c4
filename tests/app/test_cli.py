"""The command line: what it understands, what it says, and how it ends."""

import json
from pathlib import Path

import pytest

from tests.app.commands import command
from tests.fakes.gguf_files import write_tiny_llama
from tests.fakes.hub import HubServer
from tests.fakes.ollama_process import install_ollama
from tests.fakes.safetensors_files import repository
from venom_desktop import __version__
from venom_desktop.app.cli import run
from venom_desktop.app.commands import likely_provider
from venom_desktop.core.runtimes.control.ports import free_port

REPO = "tiny-lab/Tiny-Llama-GGUF"
NAME = f"{REPO}:Q8_0"


def test_the_version_and_the_help_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"venom-desktop {__version__}\n"
    assert run(["--help"]) == 0
    told = capsys.readouterr().out
    for word in ("serve", "list", "trending", "install", "activate", "remove", "--minimised"):
        assert word in told
    assert run(["serve", "--help"]) == 0
    assert "--models-dir" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["fly"],
        ["--fly"],
        ["install"],
        ["serve", "--port", "65536"],
        ["serve", "--port", "-1"],
        ["serve", "--port", "x"],
        ["trending", "--limit", "0"],
        ["trending", "--limit", "101"],
    ],
)
def test_what_is_not_understood_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert "usage: venom-desktop" in capsys.readouterr().err


def test_an_empty_home_says_what_to_do_next(capsys: pytest.CaptureFixture[str], private_home: Path) -> None:
    assert run(["list"]) == 0
    assert "venom-desktop install" in capsys.readouterr().out
    assert run(["list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["models"] == []
    assert run(["remove", "no/such"]) == 1
    assert "no/such" in capsys.readouterr().err
    assert run(["remove", "../x", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["reason_code"] == "INVALID_NAME"
    assert not (private_home / "run" / "app.sock").exists()


def test_what_many_look_at_is_listed_for_each_source_though_one_fails(
    hub: HubServer, capsys: pytest.CaptureFixture[str], private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.many_repos(20)
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("VENOM_OLLAMA_LIBRARY_URL", "http://127.0.0.1:9")
    best = max(hub.store.repos.values(), key=lambda repo: repo.trending_score)

    assert run(["trending", "--limit", "3"]) == 0
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert [line.split()[0] for line in lines] == ["ollama", "1", "2", "3", "huggingface", "1", "2", "3"]
    assert best.repo_id in lines[5]
    assert lines[5].endswith(f"{best.likes} likes")
    assert "Ollama library" in told.err
    assert "This is the list of 2026-08-21" in told.err

    hub.go_down()
    assert run(["trending", "--provider", "huggingface", "--limit", "3", "--json"]) == 0
    kept = json.loads(capsys.readouterr().out)
    assert (kept["provider"], kept["count"], kept["stale"]) == ("huggingface", 3, False)
    assert run(["trending", "--provider", "huggingface", "--limit", "3", "--refresh", "--json"]) == 0
    stale = json.loads(capsys.readouterr().out)
    assert (stale["count"], stale["stale"], stale["reason_code"]) == (3, True, "SOURCE_UNREACHABLE")


async def test_a_model_is_installed_listed_activated_and_removed(
    hub: HubServer, tiny_llama: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add_repo(REPO, {"Tiny-Llama-Q8_0.gguf": tiny_llama})
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    installed = await command("install", REPO)
    assert (installed.code, installed.out) == (0, f"{NAME} is installed\n"), installed.err
    assert installed.err.endswith("Verified and ready\n")
    assert "\r" not in installed.err
    again = await command("install", NAME)
    assert (again.code, again.out) == (1, "")
    assert "already installed" in again.err
    activated = await command("activate", NAME, "--json")
    assert json.loads(activated.out)["runtime"]["status"] == "running"
    assert "active" in (await command("list")).out
    kept = await command("remove", NAME, "--yes")
    assert kept.code == 1
    assert "active" in kept.err


async def test_removing_asks_first_and_goes_ahead_with_yes(
    hub: HubServer, tiny_llama: Path, monkeypatch: pytest.MonkeyPatch, private_home: Path
) -> None:
    hub.add_repo(REPO, {"Tiny-Llama-Q8_0.gguf": tiny_llama})
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    assert (await command("install", NAME)).code == 0
    asked = await command("remove", NAME)
    assert asked.code == 1
    assert asked.err.endswith("(--yes)\n")
    assert list((private_home / "data" / "models").rglob("*.gguf"))
    removed = await command("remove", NAME, "--yes")
    assert (removed.code, removed.out) == (0, f"{NAME} is removed\n")
    assert not list((private_home / "data" / "models").rglob("*.gguf"))


async def test_a_failed_install_says_why_and_ends_with_1(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    failed = await command("install", "no/such", "--json")
    answer = json.loads(failed.out)
    assert (failed.code, answer["success"]) == (1, False)
    assert answer["operation"]["reason_code"] == "UNKNOWN_REPOSITORY"
    told = await command("install", "no/such:Q8_0")
    assert (told.code, told.out) == (1, "")
    assert "no/such" in told.err


async def test_an_install_starts_the_ollama_it_needs_or_says_that_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{free_port()}")
    monkeypatch.setenv("OLLAMA_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    missing = await command("install", "nosuch:1b", "--json")
    assert (missing.code, json.loads(missing.out)["reason_code"]) == (1, "PROGRAM_MISSING")
    monkeypatch.setenv("PATH", f"{install_ollama(tmp_path).parent}:/usr/bin:/bin")
    asked = await command("install", "nosuch:1b", "--json")
    assert json.loads(asked.out)["operation"]["reason_code"] == "UNKNOWN_LIBRARY_MODEL"


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("org/repo", "huggingface"),
        ("org/repo:Q4_K_M", "huggingface"),
        ("llama3", "ollama"),
        ("llama3:8b", "ollama"),
        ("hf.co/org/repo:Q4_K_M", "ollama"),
        ("registry.example:5000/team/model", "ollama"),
    ],
)
def test_where_a_model_comes_from_shows_by_the_form_of_its_name(name: str, provider: str) -> None:
    assert likely_provider(name) == provider


async def test_safetensors_are_installed_and_removed_for_vllm(
    hub: HubServer, monkeypatch: pytest.MonkeyPatch, private_home: Path
) -> None:
    hub.add_repo("tiny-lab/Tiny-Qwen", repository())
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    refused = await command("install", "tiny-lab/Tiny-Qwen", "--runtime", "vllm", "--json")
    assert (refused.code, json.loads(refused.out)["reason_code"]) == (1, "PROFILE_FORBIDS_RUNTIME")
    monkeypatch.setenv("VENOM_RUNTIME_PROFILE", "full")
    installed = await command("install", "tiny-lab/Tiny-Qwen", "--runtime", "vllm")
    assert (installed.code, installed.out) == (0, "tiny-lab/Tiny-Qwen is installed\n"), installed.err
    assert "vllm" in (await command("list")).out
    removed = await command("remove", "tiny-lab/Tiny-Qwen", "--yes")
    assert (removed.code, removed.out) == (0, "tiny-lab/Tiny-Qwen is removed\n")
    assert not list((private_home / "data" / "models").rglob("*.safetensors"))


def test_a_profile_is_told_and_changed_and_what_it_forbids_is_refused(
    capsys: pytest.CaptureFixture[str], private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["profile"]) == 0
    assert capsys.readouterr().out == "light: ollama, llama_cpp\n"
    assert run(["install", REPO, "--runtime", "vllm"]) == 1
    assert "light does not allow vllm" in capsys.readouterr().err
    assert run(["profile", "llm_off"]) == 0
    assert capsys.readouterr().out == "llm_off: no runtime on this computer\n"
    assert run(["install", NAME, "--runtime", "llama_cpp"]) == 1
    assert "llm_off does not allow llama_cpp" in capsys.readouterr().err
    assert run(["profile", "turbo", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["reason_code"] == "INVALID_SETTING"
    monkeypatch.setenv("VENOM_RUNTIME_PROFILE", "full")
    assert run(["profile", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["runtimes"] == ["ollama", "llama_cpp", "vllm"]


def test_a_profile_that_takes_the_active_model_away_asks_for_yes(
    capsys: pytest.CaptureFixture[str], private_home: Path
) -> None:
    state = private_home / "data"
    state.mkdir(parents=True)
    told = {"LLM_SERVICE_TYPE": "local", "LLM_MODEL_NAME": NAME, "ACTIVE_LLM_SERVER": "llama_cpp", "last_models": {}}
    (state / "active.json").write_text(json.dumps(told))
    assert run(["profile", "llm_off"]) == 1
    assert "(--yes)" in capsys.readouterr().err
    assert run(["profile", "llm_off", "--yes"]) == 0
    assert capsys.readouterr().out.startswith("llm_off")
    assert json.loads((state / "active.json").read_text())["LLM_MODEL_NAME"] == ""


async def test_a_model_of_another_program_is_found_copied_and_given_back(
    tmp_path: Path, private_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "user-home" / ".lmstudio" / "models" / "org" / "Tiny-GGUF"
    folder.mkdir(parents=True)
    path = write_tiny_llama(folder / "tiny-Q8_0.gguf")
    listed = await command("found")
    assert listed.code == 0, listed.err
    assert str(path) in listed.out
    found_id = listed.out.split()[0]
    copied = await command("found", "import", found_id, "--way", "copy")
    assert (copied.code, copied.out) == (0, "org/Tiny-GGUF:Q8_0 is in the list\n"), copied.err
    assert len(list((private_home / "data" / "models").rglob("*.gguf"))) == 1
    assert (await command("found")).out == "No further models were found on this computer.\n"
    undone = await command("found", "undo", "org/Tiny-GGUF:Q8_0")
    assert (undone.code, undone.out) == (0, "org/Tiny-GGUF:Q8_0 is back where it was found\n"), undone.err
    assert not list((private_home / "data" / "models").rglob("*.gguf"))
    used = await command("found", "import", found_id, "--json")
    assert json.loads(used.out)["model"]["used_in_place"] is True


def test_finds_that_were_dismissed_stay_away_until_they_are_wanted(
    capsys: pytest.CaptureFixture[str], private_home: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "user-home" / ".lmstudio" / "models"
    folder.mkdir(parents=True)
    write_tiny_llama(folder / "tiny.gguf")
    (folder / "broken.gguf").write_text("no")
    assert run(["found", "--json"]) == 0
    [model] = json.loads(capsys.readouterr().out)["models"]
    assert run(["found", "dismiss", model["id"]]) == 0
    capsys.readouterr()
    assert run(["found"]) == 0
    told = capsys.readouterr().out
    assert "tiny" not in told
    assert "broken.gguf is not a usable GGUF file" in told
    assert run(["found", "list", "--dismissed", "--json"]) == 0
    assert [one["title"] for one in json.loads(capsys.readouterr().out)["models"]] == ["tiny"]
    assert run(["found", "restore"]) == 0
    assert run(["found", "import", "nothing"]) == 1
    assert "Look for models again" in capsys.readouterr().err
