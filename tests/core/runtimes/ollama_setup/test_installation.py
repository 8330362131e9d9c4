"""Ollama is fetched, checked, unpacked, updated and rolled back; what goes wrong leaves the old version in use."""

import asyncio
import json
from pathlib import Path

import pytest

from tests.core.runtimes.ollama_setup.conftest import ARCHIVE, NEW, OLD, ZST, Desk, open_desk
from tests.fakes.ollama_archives import release_archive, rocm_archive
from tests.fakes.ollama_releases import ReleaseServer
from venom_desktop.core.errors import AlreadyInstalled, Conflict, InvalidInput, OperationRunning, ProgramUnusable
from venom_desktop.core.operations.operation import OperationStatus, OperationType
from venom_desktop.core.runtimes.ollama_setup.releases import Release

_HOLDS_A_LOCK = """
import fcntl, sys
file = open(sys.argv[1], "r+")
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""
BROKEN = "#!/bin/sh\necho 'libcuda.so.1: cannot open shared object file' >&2\nexit 127\n"


async def test_an_install_ends_with_a_program_that_runs(desk: Desk) -> None:
    assert (desk.setup.installed_version, desk.setup.program) == (None, None)
    done = await desk.install()
    assert (done.status, done.error) == (OperationStatus.COMPLETED, None)
    assert (done.operation_type, done.model_name, done.runtime) == (OperationType.SETUP, "Ollama", "ollama")
    assert done.message == f"Installed {OLD}"
    assert desk.setup.installed_version == OLD
    assert desk.setup.program == desk.folder / OLD / "bin" / "ollama"
    assert await desk.told_version() == OLD
    assert desk.installed == [desk.setup.program]


async def test_links_between_libraries_work_and_nothing_else_is_left_in_the_folder(desk: Desk) -> None:
    await desk.install()
    assert (desk.folder / OLD / "lib/ollama/mlx/libggml.so").resolve().name == "libggml.so.0.9"
    assert (desk.folder / OLD / "lib/ollama/mlx/version").read_text() == f"{OLD}\n"
    assert desk.versions == {OLD}


async def test_an_older_release_in_the_older_form_installs_too(desk: Desk, page: ReleaseServer) -> None:
    page.publish("0.13.5", {f"{ARCHIVE}.tgz": release_archive("0.13.5", ".tgz")}, latest=False)
    done = await desk.install("v0.13.5")
    assert done.error is None
    assert await desk.told_version() == "0.13.5"


async def test_a_card_of_amd_brings_its_companion(tmp_path: Path, page: ReleaseServer) -> None:
    page.publish(NEW, {ZST: release_archive(NEW), f"{ARCHIVE}-rocm.tar.zst": rocm_archive(NEW)})
    async with open_desk(tmp_path / "home", page, companions=("rocm",)) as desk:
        assert (await desk.install()).error is None
        assert (desk.folder / NEW / "lib/ollama/rocm/libggml-hip.so").read_text() == NEW


async def test_it_is_there_after_a_restart(tmp_path: Path, page: ReleaseServer) -> None:
    async with open_desk(tmp_path / "home", page) as desk:
        await desk.install()
    async with open_desk(tmp_path / "home", page) as desk:
        assert desk.setup.snapshot.installed == OLD
        assert await desk.told_version() == OLD


async def test_a_newer_release_is_found_and_installed_beside_the_old_one(desk: Desk, page: ReleaseServer) -> None:
    first = await desk.setup.check()
    assert first is not None
    assert first.version == OLD
    await desk.install()
    assert _available(desk) is None
    assert await desk.setup.check() is None
    archive = release_archive(NEW)
    page.publish(NEW, {ZST: archive})
    newer = await desk.setup.check()
    assert newer is not None
    assert (newer.version, newer.download_bytes, newer.page) == (NEW, len(archive), f"{page.url}/tag/v{NEW}")
    assert _available(desk) == newer
    await desk.install()
    snapshot = desk.setup.snapshot
    assert (snapshot.installed, snapshot.previous, snapshot.available) == (NEW, OLD, None)
    assert await desk.told_version() == NEW


def _available(desk: Desk) -> Release | None:
    return desk.setup.snapshot.available


async def test_only_the_version_before_is_kept(desk: Desk, page: ReleaseServer) -> None:
    for version in (OLD, NEW, "0.17.0"):
        page.publish(version, {ZST: release_archive(version)})
        await desk.install()
    assert desk.versions == {NEW, "0.17.0"}


async def test_the_version_before_comes_back_and_goes_again(desk: Desk, page: ReleaseServer) -> None:
    heard: list[str | None] = []
    await desk.install()
    page.publish(NEW, {ZST: release_archive(NEW)})
    await desk.install()
    desk.setup.changed.subscribe(lambda snapshot: heard.append(snapshot.installed))
    snapshot = await desk.setup.roll_back()
    assert (snapshot.installed, snapshot.previous) == (OLD, NEW)
    assert await desk.told_version() == OLD
    assert (await desk.setup.roll_back()).installed == NEW
    assert heard == [OLD, NEW]


async def test_without_a_version_before_there_is_nothing_to_go_back_to(desk: Desk) -> None:
    with pytest.raises(Conflict, match="no earlier Ollama"):
        await desk.setup.roll_back()
    await desk.install()
    with pytest.raises(Conflict, match="no earlier Ollama"):
        await desk.setup.roll_back()
    assert desk.setup.installed_version == OLD


async def test_a_version_before_that_no_longer_runs_is_not_gone_back_to(desk: Desk, page: ReleaseServer) -> None:
    await desk.install()
    page.publish(NEW, {ZST: release_archive(NEW)})
    await desk.install()
    (desk.folder / OLD / "bin/ollama").write_text(BROKEN)
    with pytest.raises(ProgramUnusable, match=r"0\.16\.2 does not run .*libcuda"):
        await desk.setup.roll_back()
    assert desk.setup.installed_version == NEW


async def test_what_was_rolled_back_from_is_not_fetched_again(desk: Desk, page: ReleaseServer) -> None:
    await desk.install()
    page.publish(NEW, {ZST: release_archive(NEW)})
    await desk.install()
    await desk.setup.roll_back()
    page.forget_requests()
    assert (await desk.install()).error is None
    assert desk.setup.installed_version == NEW
    assert page.requests_for(f"*{ZST}", method="GET") == []


async def test_an_update_leaves_the_running_server_alone_and_says_so(desk: Desk, page: ReleaseServer) -> None:
    await desk.install()
    desk.running = desk.setup.program
    server = await asyncio.create_subprocess_exec(
        str(desk.running), "serve", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert server.stdin is not None
    assert server.stdout is not None
    assert await server.stdout.readline() == b"ready\n"
    for version in (NEW, "0.17.0"):
        page.publish(version, {ZST: release_archive(version)})
        done = await desk.install()
        assert done.message == f"Installed {version}, and {OLD} goes on running until it is restarted"
    assert desk.setup.snapshot.restart_needed
    server.stdin.write(b"\n")
    assert await server.stdout.readline() == f"{OLD}\n".encode()
    server.stdin.close()
    assert await server.wait() == 0
    desk.running = desk.setup.program
    assert not desk.setup.restart_needed
    assert await desk.told_version() == "0.17.0"


async def test_a_server_from_elsewhere_is_no_concern_of_ours(desk: Desk) -> None:
    desk.running = Path("/usr/local/bin/ollama")
    await desk.install()
    assert not desk.setup.restart_needed


async def test_a_program_that_does_not_run_here_is_not_installed(desk: Desk, page: ReleaseServer) -> None:
    await desk.install()
    page.publish(NEW, {ZST: release_archive(NEW, program=BROKEN)})
    failed = await desk.install()
    assert failed.reason_code == "PROGRAM_UNUSABLE"
    assert "libcuda.so.1" in str(failed.error)
    assert desk.setup.installed_version == OLD
    assert desk.versions == {OLD, ".downloads"}
    assert not list((desk.folder / ".downloads").iterdir())
    assert await desk.told_version() == OLD


async def test_the_same_version_is_not_installed_twice(desk: Desk) -> None:
    await desk.install()
    with pytest.raises(AlreadyInstalled):
        await desk.setup.install(OLD)
    assert (await desk.install()).error == f"Ollama {OLD} is already installed on this computer."


@pytest.mark.parametrize(
    "version", ["", "latest", "../../etc", "0.16", "0.16.3/..", "0.16.3\n0", "\u0660.\u0661.\u0662"]
)
async def test_what_is_no_version_is_refused_before_anything_begins(desk: Desk, version: str) -> None:
    with pytest.raises(InvalidInput, match="is not a version of Ollama"):
        await desk.setup.install(version)
    assert desk.operations.operations == ()


async def test_a_version_nobody_published_says_so(desk: Desk) -> None:
    assert (await desk.install("9.9.9")).error == "Ollama 9.9.9 was not found."


async def test_where_an_installer_is_the_official_way_its_page_is_named(tmp_path: Path, page: ReleaseServer) -> None:
    async with open_desk(tmp_path / "home", page, archive=None) as desk:
        assert desk.setup.installer_page == "https://ollama.com/download"
        assert desk.setup.snapshot.installer_page == desk.setup.installer_page
        assert await desk.setup.check() is None
        with pytest.raises(InvalidInput, match=r"https://ollama\.com/download"):
            await desk.setup.install()
    assert page.requests == []


async def test_nothing_is_rolled_back_while_a_setup_is_unfinished(desk: Desk, page: ReleaseServer) -> None:
    await desk.install()
    page.go_down()
    operation_id = await desk.setup.install()
    with pytest.raises(OperationRunning):
        await desk.setup.roll_back()
    with pytest.raises(OperationRunning):
        await desk.setup.install()
    assert (await desk.operations.wait(operation_id)).reason_code == "SOURCE_UNREACHABLE"


async def test_two_programs_do_not_set_up_one_folder(tmp_path: Path, page: ReleaseServer) -> None:
    async with open_desk(tmp_path / "home", page) as desk:
        await desk.install()
        other = await asyncio.create_subprocess_exec(
            "python3", "-c", _HOLDS_A_LOCK, str(desk.folder / ".lock"),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert other.stdout is not None
        assert other.stdin is not None
        await other.stdout.readline()
        page.publish(NEW, {ZST: release_archive(NEW)})
        assert (await desk.install()).reason_code == "OPERATION_RUNNING"
        other.stdin.close()
        await other.wait()
        assert (await desk.install()).error is None


async def test_a_damaged_marker_costs_no_more_than_an_install(tmp_path: Path, page: ReleaseServer) -> None:
    async with open_desk(tmp_path / "home", page) as desk:
        await desk.install()
    (desk.folder / "current").write_text("{")
    async with open_desk(tmp_path / "home", page) as desk:
        assert desk.setup.snapshot.installed is None
        assert (await desk.install()).error is None
        assert await desk.told_version() == OLD


async def test_a_program_deleted_by_hand_is_missed_and_can_be_installed_again(desk: Desk) -> None:
    await desk.install()
    (desk.folder / OLD / "bin/ollama").unlink()
    assert (await desk.setup.refresh()).installed is None
    assert (await desk.install()).error is None
    assert await desk.told_version() == OLD
    assert json.loads((desk.folder / "current").read_text()) == {"current": OLD, "previous": None}
