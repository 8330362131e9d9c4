"""`venom-desktop remote`: servers elsewhere from the command line, their keys from a pipe or the environment."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.commands import command
from tests.fakes.openai_server import OpenAiStandIn
from venom_desktop.app.cli import run

KEY = "sk-planted-0123456789abcdef"


@pytest.fixture
def server() -> Iterator[OpenAiStandIn]:
    with OpenAiStandIn("tiny", key=KEY) as made:
        yield made


async def test_a_server_is_added_listed_tried_and_forgotten(
    server: OpenAiStandIn, monkeypatch: pytest.MonkeyPatch, private_home: Path
) -> None:
    monkeypatch.setenv("VENOM_REMOTE_KEY", KEY)
    tried = await command("remote", "test", "--url", server.url)
    assert (tried.code, tried.out) == (0, "vLLM · 1 model\n"), tried.err
    added = await command("remote", "add", "Lab box", server.url)
    assert (added.code, added.out) == (0, "Lab box is added as remote-lab-box\n"), added.err
    listed = await command("remote", "list", "--json")
    assert [one["url"] for one in json.loads(listed.out)["remotes"]] == [server.url]
    assert (await command("remote", "list")).out.startswith("remote-lab-box  openai  ")
    asked = await command("remote", "forget-key", "remote-lab-box")
    assert (asked.code, asked.err) == (1, "Remove the key of Lab box? Confirm to go ahead. (--yes)\n")
    without = await command("remote", "forget-key", "remote-lab-box", "--yes")
    assert (without.code, without.out) == (0, "The key of Lab box is removed\n")
    asked = await command("remote", "remove", "remote-lab-box")
    assert (asked.code, asked.err.endswith("(--yes)\n")) == (1, True)
    gone = await command("remote", "remove", "remote-lab-box", "--yes")
    assert (gone.code, gone.out) == (0, "Lab box is forgotten\n")
    assert "remote add" in (await command("remote", "list")).out
    told = tried.out + tried.err + added.out + added.err + listed.out + listed.err
    assert KEY not in told
    assert [file for file in private_home.rglob("*") if file.is_file() and KEY.encode() in file.read_bytes()] == []


async def test_a_key_comes_from_a_pipe_and_one_that_does_not_come_is_told(server: OpenAiStandIn) -> None:
    tried = await command("remote", "test", "--url", server.url, "--key-stdin", stdin=f"{KEY}\n".encode())
    assert tried.code == 0, tried.err
    assert server.tokens() == {KEY}
    empty = await command("remote", "test", "--url", server.url, "--key-stdin")
    assert (empty.code, empty.err) == (1, "No key came on standard input.\n")


async def test_a_try_that_fails_says_why(server: OpenAiStandIn) -> None:
    refused = await command("remote", "test", "--url", server.url, "--json")
    assert (refused.code, json.loads(refused.out)["reason_code"]) == (1, "REMOTE_KEY_MISSING")


@pytest.mark.parametrize(
    "arguments", [["remote"], ["remote", "add", "x"], ["remote", "add", "x", "y", "--key", "sk-1"]]
)
def test_a_key_is_no_argument(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == 2
    assert "usage: venom-desktop" in capsys.readouterr().err
