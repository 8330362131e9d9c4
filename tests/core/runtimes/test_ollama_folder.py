"""The real folder of the models is found wherever it hangs, or is said to be unknown; a shared blob counts once."""

import os
import pwd
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from venom_desktop.core.runtimes.base import Control
from venom_desktop.core.runtimes.control.ports import Holder
from venom_desktop.core.runtimes.control.unit import Unit, UnitState
from venom_desktop.core.runtimes.ollama_facts import ServerFacts
from venom_desktop.core.runtimes.ollama_folder import disk_bytes, models_folder
from venom_desktop.core.settings.schema import UnitScope


def facts(control: Control | None = None, **more: Any) -> ServerFacts:
    return ServerFacts(endpoint="http://127.0.0.1:11434", control=control, **more)


def unit(environment: Mapping[str, str] | None, *, user: str | None = None, scope: str = "system") -> Unit:
    return Unit(
        name="ollama.service",
        scope=UnitScope(scope),
        state=UnitState.ACTIVE,
        sub_state="running",
        environment=environment,
        user=user,
    )


def folder(seen: ServerFacts, ours: Mapping[str, str] | None = None) -> Path | None:
    return models_folder(seen, ours or {}, environ={"HOME": "/home/me"})


def test_a_running_server_is_believed() -> None:
    for control in Control:
        told = facts(control, environment={"OLLAMA_MODELS": "/srv/models", "HOME": "/home/other"})
        assert folder(told, {"OLLAMA_MODELS": "/ours"}) == Path("/srv/models")
        assert folder(facts(control, environment={"HOME": "/home/other"})) == Path("/home/other/.ollama/models")


def test_a_server_that_would_be_started_keeps_them_where_we_say() -> None:
    assert folder(facts()) == Path("/home/me/.ollama/models")
    assert folder(facts(), {"OLLAMA_MODELS": '"/big/disk"'}) == Path("/big/disk")


def test_a_unit_keeps_them_in_the_home_of_its_user() -> None:
    assert folder(facts(unit=unit({"OLLAMA_MODELS": "/srv/models"}, user="ollama"))) == Path("/srv/models")
    me = pwd.getpwuid(os.getuid())
    for user in (me.pw_name, str(me.pw_uid)):
        assert folder(facts(Control.SYSTEMD, unit=unit({}, user=user))) == Path(me.pw_dir) / ".ollama" / "models"
    own = folder(facts(Control.SYSTEMD, unit=unit({}, scope="user")))
    assert own == Path.home() / ".ollama" / "models"


@pytest.mark.parametrize(
    "seen",
    [
        facts(Control.EXTERNAL, is_local=False),
        facts(Control.EXTERNAL),
        facts(Control.EXTERNAL, environment={}),
        facts(Control.SYSTEMD, unit=unit(None, user="ollama")),
        facts(Control.SYSTEMD, unit=unit({}, user="nobody-of-this-machine")),
        facts(Control.CHILD, environment={"OLLAMA_MODELS": "relative", "HOME": "/root"}),
        facts(holder=Holder(pid=1)),
    ],
)
def test_what_nobody_tells_is_unknown(seen: ServerFacts) -> None:
    assert folder(seen) is None


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody who may not read")
def test_a_store_that_we_may_not_read_is_unknown(tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir(mode=0o700)
    told = facts(Control.EXTERNAL, environment={"OLLAMA_MODELS": str(store)})
    assert folder(told) == store
    os.seteuid(65534)
    try:
        assert folder(told) is None
    finally:
        os.seteuid(0)


async def test_blobs_that_models_share_count_once(tmp_path: Path) -> None:
    models = tmp_path / "models"
    (models / "blobs").mkdir(parents=True)
    (models / "blobs" / "sha256-a").write_bytes(b"x" * 1000)
    os.link(models / "blobs" / "sha256-a", models / "blobs" / "sha256-b")
    (models / "blobs" / "sha256-c").symlink_to("sha256-a")
    (models / "manifests").mkdir()
    (models / "manifests" / "latest").write_bytes(b"y" * 10)
    assert await disk_bytes(models) == 1010
    assert await disk_bytes(tmp_path / "not-there") == 0
    assert await disk_bytes(None) is None
