"""When a server can be made a service of the account's own."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.core.runtimes.ollama_programs import ollama_program
from tests.core.runtimes.ollama_servers import Bench
from tests.fakes.systemd import FakeSystemd
from tests.ui.runtime.plain_server import MISSING, STOPPED, PlainServer
from venom_desktop.app.own_service import own_service
from venom_desktop.core.errors import ProgramMissing
from venom_desktop.core.runtimes.control.unit_file import unit_file_for
from venom_desktop.core.settings.schema import UnitScope
from venom_desktop.ui.runtime.server_tools import ServiceDesk

UNIT = "ollama.service"


@dataclass
class Place:
    """A server that nobody keeps, and what the settings say of its unit."""

    bench: Bench
    runtime: PlainServer
    desk: ServiceDesk
    wanted: list[tuple[str, UnitScope]]
    """The last one counts."""


@pytest.fixture
async def place(tmp_path: Path, fake_systemd: FakeSystemd) -> AsyncIterator[Place]:
    bench = Bench(tmp_path, program=ollama_program(tmp_path / "bin"), unit=UNIT)
    runtime = PlainServer(snapshot=STOPPED)
    wanted = [(UNIT, UnitScope.AUTO)]
    desk = own_service(
        runtime,
        bench.server(),
        looked_for=lambda: wanted[-1],
        program=lambda: bench.program,
        fill=lambda unit, program: unit_file_for(UNIT, unit, program, {}),
    )
    yield Place(bench, runtime, desk, wanted)
    await bench.close()


async def test_it_is_offered_once_somebody_has_looked_and_until_the_unit_is_there(place: Place) -> None:
    assert not place.desk.can_install()
    await place.bench.servers[0].look()
    assert place.desk.can_install()
    await place.desk.install(await place.desk.file())
    assert not place.desk.can_install()


async def test_it_is_not_offered_without_a_program_or_where_units_of_the_account_are_not_looked_for(
    place: Place,
) -> None:
    await place.bench.servers[0].look()
    place.runtime.show(MISSING)
    assert not place.desk.can_install()
    place.bench.program = None
    with pytest.raises(ProgramMissing, match="Ollama is not installed here"):
        await place.desk.file()
    place.runtime.show(STOPPED)
    for wanted in (("", UnitScope.AUTO), (UNIT, UnitScope.SYSTEM)):
        place.wanted.append(wanted)
        assert not place.desk.can_install()
    place.wanted.append((UNIT, UnitScope.USER))
    assert place.desk.can_install()
