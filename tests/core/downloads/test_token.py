"""Whom the token reaches, what a refusal is called, and where the token never shows."""

import contextlib
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.core.downloads.conftest import MIB, SOURCE, ScriptedServer, Spawned, Wire, fetch, limits, some_bytes, worker
from tests.fakes.hub import HubServer
from tests.fakes.hub_faults import Answers, StallAfter
from tests.fakes.hub_wire import Reply
from venom_desktop.core.downloads.base import DownloadPlan, FileToFetch
from venom_desktop.core.downloads.client import DownloadWorker
from venom_desktop.core.downloads.source import repository_of
from venom_desktop.core.errors import GatedRepository, NotFound, TokenRefused, UnknownRepository

TOKEN = "hf_made-up-token-of-a-test"


def gated(wire: Wire) -> None:
    wire.publish(model__gguf=some_bytes(MIB), config__json=b"{}")
    wire.repo = wire.hub.add_repo("org/Model-GGUF", dict(wire.contents), gated="manual")


async def test_the_token_reaches_the_hub_and_not_the_host_it_redirects_to(wire_with_cdn: Wire) -> None:
    wire = wire_with_cdn
    gated(wire)
    wire.hub.add_account(TOKEN, accepted=["org/Model-GGUF"])
    await fetch(worker(), wire.plan("model.gguf", token=TOKEN))
    assert (wire.folder / "model.gguf").read_bytes() == wire.contents["model.gguf"]
    assert [request.token for request in wire.hub.requests_for("*", side="hub")] == [TOKEN]
    assert ["authorization" in request.headers for request in wire.hub.requests_for("*", side="cdn")] == [False]


async def test_the_token_does_not_reach_another_port_of_the_same_host(wire: Wire) -> None:
    wire.publish(model__gguf=some_bytes(MIB))
    with HubServer() as other:
        repo = other.add_repo("org/Other", {"model.gguf": wire.contents["model.gguf"]})
        location = f"{other.url}/org/Other/resolve/{repo.sha}/model.gguf"
        wire.hub.fault(Answers(reply=Reply(status=302, headers={"Location": location})), "*.gguf")
        wire.hub.add_account(TOKEN)
        await fetch(worker(), wire.plan(token=TOKEN))
        assert [request.token for request in wire.hub.requests] == [TOKEN]
        assert [request.headers.get("authorization") for request in other.requests] == [None]


async def test_the_token_follows_a_redirect_that_stays_on_the_hub(wire: Wire) -> None:
    gated(wire)
    wire.hub.add_account(TOKEN, accepted=["org/Model-GGUF"])
    await fetch(worker(), wire.plan("config.json", token=TOKEN))
    assert (wire.folder / "config.json").read_bytes() == b"{}"
    assert {request.token for request in wire.hub.requests} == {TOKEN}


async def test_a_plan_whose_file_lies_elsewhere_sends_no_token(wire: Wire) -> None:
    wire.publish(model__gguf=some_bytes(MIB))
    elsewhere = f"http://localhost:{wire.hub.url.rpartition(':')[2]}"
    plan = wire.plan(token=TOKEN)
    await fetch(worker(), DownloadPlan(files=plan.files, source=SOURCE, token=TOKEN, token_host=elsewhere))
    assert [request.token for request in wire.hub.requests] == [None]


async def test_a_gated_repository_says_whose_licence_to_accept(wire: Wire) -> None:
    gated(wire)
    with pytest.raises(GatedRepository, match="org/Model-GGUF"):
        await fetch(worker(), wire.plan("model.gguf"))
    wire.hub.add_account(TOKEN)
    with pytest.raises(GatedRepository):
        await fetch(worker(), wire.plan("model.gguf", token=TOKEN))


async def test_a_token_that_nobody_knows_is_refused(wire: Wire) -> None:
    wire.publish(model__gguf=some_bytes(MIB))
    with pytest.raises(TokenRefused):
        await fetch(worker(), wire.plan(token=TOKEN))


async def test_a_repository_that_is_gone_is_unknown(wire: Wire) -> None:
    wire.publish(model__gguf=some_bytes(MIB))
    plan = wire.plan()
    wire.hub.remove_repo("org/Model-GGUF")
    with pytest.raises(UnknownRepository, match="org/Model-GGUF"):
        await fetch(worker(), plan)


async def test_a_repository_hidden_behind_401_is_unknown(tmp_path: Path) -> None:
    with HubServer(anonymous_missing_is_401=True) as hub:
        wire = Wire(hub, tmp_path / "models")
        wire.publish(model__gguf=some_bytes(MIB))
        plan = wire.plan()
        hub.remove_repo("org/Model-GGUF")
        with pytest.raises(UnknownRepository):
            await fetch(worker(), plan)


async def test_a_file_that_is_gone_is_named(wire: Wire) -> None:
    wire.publish(model__gguf=some_bytes(MIB))
    url = wire.plan().files[0].url.replace("model.gguf", "other.gguf")
    with pytest.raises(NotFound, match=r"other\.gguf"):
        await fetch(worker(), wire.plan(url=url))


async def test_404_of_a_plain_server_names_the_file(scripted: Callable[..., ScriptedServer], tmp_path: Path) -> None:
    server = scripted(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    file = FileToFetch(url=f"{server.url}/a%20b.gguf", target=tmp_path / "file", size_bytes=1, sha256=None)
    with pytest.raises(NotFound, match=r"a b\.gguf"):
        await fetch(worker(), DownloadPlan(files=(file,), source="A server"))


@pytest.mark.parametrize(
    ("url", "repository"),
    [
        ("https://huggingface.co/org/name/resolve/main/a/b.gguf", "org/name"),
        ("https://mirror.example/hub/org/name/resolve/main/b.gguf", "org/name"),
        ("https://huggingface.co/gpt2/resolve/main/b.gguf", "gpt2"),
        ("https://example.com/b.gguf", None),
    ],
)
def test_the_repository_is_read_from_the_address(url: str, repository: str | None) -> None:
    assert repository_of(url) == repository


async def test_the_token_shows_nowhere(
    wire: Wire, spawned: Spawned, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    wire.publish(model__gguf=some_bytes(MIB))
    wire.hub.add_account(TOKEN)
    wire.hub.fault(StallAfter(body_bytes=MIB // 2), "*.gguf")
    plan = wire.plan(token=TOKEN)
    async with contextlib.aclosing(DownloadWorker(spawn=spawned, limits=limits()).fetch(plan)) as steps:
        async for step in steps:
            assert TOKEN not in repr(step)
            if step.done_bytes == MIB // 2:
                break
        process = Path(f"/proc/{spawned.processes[0].pid}")
        for place in ("cmdline", "environ", "comm"):
            assert TOKEN.encode() not in (process / place).read_bytes()
        # The worker has a session of its own, which the terminal's signals do not reach.
        assert os.getsid(spawned.processes[0].pid) == spawned.processes[0].pid
    assert TOKEN not in repr(spawned.commands) + repr(spawned.environments)
    assert TOKEN not in repr(plan) + caplog.text
    assert not any(TOKEN.encode() in path.read_bytes() for path in wire.folder.iterdir())
