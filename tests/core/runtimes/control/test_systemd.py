"""A unit is seen and controlled through `systemctl`; what the system refuses is explained, what hangs is left."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fakes.systemd import FakeSystemd
from venom_desktop.core.errors import ControlRefused, InvalidInput, RuntimeFailed, UpstreamSlow
from venom_desktop.core.runtimes.control.drop_in import drop_in_for
from venom_desktop.core.runtimes.control.process_identity import started_mark
from venom_desktop.core.runtimes.control.systemd import Patience, Systemd
from venom_desktop.core.runtimes.control.unit import Unit, UnitState
from venom_desktop.core.settings.schema import UnitScope

NAME = "stand-in.service"
WAITS = [sys.executable, "-I", "-S", "-c", "import time; print('up', flush=True); time.sleep(600)"]
ENDS = [sys.executable, "-I", "-S", "-c", "import sys; sys.exit('it did not want to')"]


@pytest.fixture
def systemd() -> Systemd:
    return Systemd("The stand-in", patience=Patience(look_s=10, act_s=10))


async def found(systemd: Systemd, scope: UnitScope = UnitScope.SYSTEM) -> Unit:
    unit = await systemd.find(NAME, scope)
    assert unit is not None
    return unit


async def test_a_systemctl_that_cannot_be_run_is_no_systemd(
    tmp_path: Path, systemd: Systemd, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "systemctl"
    broken.write_text("#!/nowhere/sh\n")
    broken.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert await systemd.find(NAME, UnitScope.AUTO) is None


@pytest.mark.parametrize("scope", ["system", "user"])
async def test_a_unit_is_started_seen_restarted_and_stopped(
    fake_systemd: FakeSystemd, systemd: Systemd, scope: str
) -> None:
    fake_systemd.add(NAME, WAITS, scope=scope, environment={"A": "1", "B": "two words"}, user="nobody")
    unit = await found(systemd, UnitScope(scope))
    assert (unit.state, unit.is_running, unit.user) == (UnitState.INACTIVE, False, "nobody")
    await systemd.start(unit)
    unit = await found(systemd, UnitScope(scope))
    assert (unit.state, unit.main_pid) == (UnitState.ACTIVE, fake_systemd.pid(NAME, scope))
    assert unit.environment == {"A": "1", "B": "two words"}
    assert unit.started_at is not None
    first = unit.main_pid
    await systemd.restart(unit)
    unit = await found(systemd, UnitScope(scope))
    assert unit.main_pid not in (None, first)
    await systemd.stop(unit)
    assert started_mark(fake_systemd.pid(NAME, scope)) is None
    assert not (await found(systemd, UnitScope(scope))).is_running


async def test_no_password_is_asked_for(fake_systemd: FakeSystemd, systemd: Systemd) -> None:
    fake_systemd.add(NAME, WAITS)
    unit = await found(systemd)
    await systemd.start(unit)
    assert all("--no-ask-password" in call for call in fake_systemd.calls())


@pytest.mark.parametrize("load_state", ["masked", "not-found", "bad-setting"])
async def test_a_unit_that_cannot_run_is_none(fake_systemd: FakeSystemd, systemd: Systemd, load_state: str) -> None:
    fake_systemd.add(NAME, WAITS, load_state=load_state)
    assert await systemd.find(NAME, UnitScope.AUTO) is None
    assert await systemd.find("other.service", UnitScope.SYSTEM) is None


async def test_of_two_units_the_one_that_runs_is_meant_and_else_the_users_own(
    fake_systemd: FakeSystemd, systemd: Systemd
) -> None:
    fake_systemd.add(NAME, WAITS, scope="system")
    fake_systemd.add(NAME, WAITS, scope="user")
    unit = await found(systemd, UnitScope.AUTO)
    assert unit.scope is UnitScope.USER
    await systemd.start(await found(systemd, UnitScope.SYSTEM))
    assert (await found(systemd, UnitScope.AUTO)).scope is UnitScope.SYSTEM


async def test_without_systemctl_there_are_no_units(systemd: Systemd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert await systemd.find(NAME, UnitScope.AUTO) is None


async def test_a_refusal_of_polkit_is_explained_with_the_command_to_run(
    fake_systemd: FakeSystemd, systemd: Systemd
) -> None:
    fake_systemd.add(NAME, WAITS)
    fake_systemd.refuse()
    unit = await found(systemd)
    with pytest.raises(ControlRefused) as refusal:
        await systemd.start(unit)
    assert str(refusal.value) == (
        "The system did not allow this account to start stand-in.service. Run sudo systemctl start stand-in.service "
        "in a terminal, or install it as a unit of your own account (systemctl --user)."
    )
    assert fake_systemd.pid(NAME) == 0


async def test_a_session_without_a_manager_is_explained(fake_systemd: FakeSystemd, systemd: Systemd) -> None:
    fake_systemd.add(NAME, WAITS, scope="user")
    unit = await found(systemd, UnitScope.USER)
    fake_systemd.take_manager("user")
    with pytest.raises(ControlRefused, match="does not answer in this session"):
        await systemd.start(unit)
    assert await systemd.find(NAME, UnitScope.USER) is None


async def test_a_unit_that_went_away_is_explained(fake_systemd: FakeSystemd, systemd: Systemd) -> None:
    fake_systemd.add(NAME, WAITS)
    unit = await found(systemd)
    gone = Unit(name="gone.service", scope=unit.scope, state=unit.state, sub_state=unit.sub_state)
    with pytest.raises(RuntimeFailed, match=r"systemd could not stop gone.service: .* not found\."):
        await systemd.stop(gone)


async def test_a_systemctl_that_hangs_is_left_and_not_asked_again_at_once(fake_systemd: FakeSystemd) -> None:
    hasty = Systemd("The stand-in", patience=Patience(look_s=0.2, act_s=0.2))
    fake_systemd.add(NAME, WAITS)
    unit = await found(Systemd("The stand-in"))
    fake_systemd.hang("show", "start")
    with pytest.raises(UpstreamSlow):
        await hasty.start(unit)
    assert await hasty.find(NAME, UnitScope.SYSTEM) is None
    calls = len(fake_systemd.calls())
    assert await hasty.find(NAME, UnitScope.SYSTEM) is None
    assert len(fake_systemd.calls()) == calls


async def test_the_journal_is_read_and_one_that_hangs_is_empty(fake_systemd: FakeSystemd, systemd: Systemd) -> None:
    fake_systemd.add(NAME, ENDS, scope="user")
    await systemd.start(await found(systemd, UnitScope.USER))
    unit = await found(systemd, UnitScope.USER)
    while not unit.has_failed:
        unit = await found(systemd, UnitScope.USER)
    assert (unit.result, unit.exit_code, unit.exit_signal) == ("exit-code", 1, None)
    [line] = await systemd.journal(unit)
    assert line.endswith("it did not want to")
    fake_systemd.hang("journal")
    assert await Systemd("The stand-in", patience=Patience(look_s=0.2)).journal(unit) == ()


async def test_what_a_unit_was_given_is_unknown_once_its_files_changed(
    fake_systemd: FakeSystemd, systemd: Systemd
) -> None:
    file = fake_systemd.add(NAME, WAITS, environment={"A": "1"})
    await systemd.start(await found(systemd))
    assert (await found(systemd)).environment == {"A": "1"}
    file.write_text("[Service]\nEnvironment=A=2\n")
    assert (await found(systemd)).environment is None


async def test_what_a_file_of_variables_adds_is_unknown(fake_systemd: FakeSystemd, systemd: Systemd) -> None:
    fake_systemd.add(NAME, WAITS, environment={"A": "1"})
    fake_systemd.set(NAME, environment_files=["/etc/default/stand-in"])
    assert (await found(systemd)).environment is None


async def test_a_drop_in_is_shown_before_anything_is_written(
    fake_systemd: FakeSystemd, systemd: Systemd, tmp_path: Path
) -> None:
    fake_systemd.add(NAME, WAITS, scope="user")
    unit = await found(systemd, UnitScope.USER)
    values = {"OLLAMA_KEEP_ALIVE": "30m", "OLLAMA_ORIGINS": 'http://a"b\\c%d'}
    drop_in = drop_in_for(unit, values, environ={"XDG_CONFIG_HOME": str(tmp_path / "config")})
    assert drop_in.path == tmp_path / "config/systemd/user/stand-in.service.d/venom-desktop.conf"
    assert drop_in.text.splitlines()[1:] == [
        "[Service]",
        'Environment="OLLAMA_KEEP_ALIVE=30m"',
        'Environment="OLLAMA_ORIGINS=http://a\\"b\\\\c%%d"',
    ]
    assert not drop_in.path.exists()
    await systemd.write(drop_in)
    assert drop_in.path.read_text() == drop_in.text
    assert fake_systemd.calls()[-1][-1] == "daemon-reload"


async def test_a_drop_in_of_the_system_is_not_written_but_told_how(
    fake_systemd: FakeSystemd, systemd: Systemd, tmp_path: Path
) -> None:
    fake_systemd.add(NAME, WAITS)
    drop_in = drop_in_for(await found(systemd), {"OLLAMA_KEEP_ALIVE": "30m"})
    assert drop_in.path == Path("/etc/systemd/system/stand-in.service.d/venom-desktop.conf")
    harmless = replace(drop_in, path=tmp_path / "etc" / "venom-desktop.conf")
    with pytest.raises(ControlRefused, match=r"sudo tee .*/etc/venom-desktop\.conf"):
        await systemd.write(harmless)
    assert not harmless.path.parent.exists()


async def test_a_value_of_two_lines_makes_no_drop_in(fake_systemd: FakeSystemd, systemd: Systemd) -> None:
    fake_systemd.add(NAME, WAITS)
    with pytest.raises(InvalidInput):
        drop_in_for(await found(systemd), {"OLLAMA_ORIGINS": "a\nExecStartPre=/bin/false"})
