"""One server as the tab works with it: the setup of its program, what a look for updates found, how it is tuned."""

from collections.abc import Sequence

from venom_desktop.core.errors import InvalidSetting
from venom_desktop.core.operations.operation import ModelOperation, OperationStatus, OperationType
from venom_desktop.core.runtimes.base import Control, RuntimeSnapshot, ServerRuntime
from venom_desktop.core.runtimes.ollama_setup.snapshot import SetupSnapshot
from venom_desktop.ui.i18n import tr
from venom_desktop.ui.links import open_link
from venom_desktop.ui.runtime.card_facts import ServerFacts
from venom_desktop.ui.runtime.process_words import unit_words
from venom_desktop.ui.runtime.server_tools import ServerTools
from venom_desktop.ui.runtime.tuning_words import profile_words


class ServerDesk:
    """Its verbs raise what the setup and the runtime raise."""

    def __init__(self, runtime: ServerRuntime, tools: ServerTools) -> None:
        self.runtime = runtime
        self.tools = tools
        self._answer = ""
        self._operation_id: str | None = None

    async def install(self) -> None:
        """Fetch the program or its newest version, or lead to the page that has its installer."""
        setup = self.tools.setup
        if setup is None:
            return
        self._answer = ""
        page = setup.snapshot.installer_page
        if page is not None:
            open_link(page)
        else:
            self._operation_id = await setup.install()

    async def check(self) -> None:
        """Ask whether a newer version is out."""
        setup = self.tools.setup
        if setup is not None:
            await setup.check()
            self._answer = "" if setup.snapshot.available else tr("This is the newest version")

    async def roll_back(self) -> None:
        """Return to the version before; a server that runs has it after a restart."""
        if self.tools.setup is not None:
            await self.tools.setup.roll_back()
            self._answer = ""

    async def use_free_port(self, port: int) -> None:
        """Start the server at another port. Raises `SettingLocked` and as `ServerRuntime.start`."""
        if self.tools.use_free_port is not None:
            await self.tools.use_free_port(port)
            await self.runtime.start()

    def work(self, operations: Sequence[ModelOperation]) -> ModelOperation | None:
        """The setup that runs, or the one of now that failed."""
        found = (one for one in operations if one.operation_id == self._operation_id or self._is_setup(one))
        return next((one for one in found if not one.status.is_final or self._is_told(one)), None)

    def facts(self, operations: Sequence[ModelOperation]) -> ServerFacts:
        setup = None if self.tools.setup is None else self.tools.setup.snapshot
        tuning = self.tools.tuning
        waiting, total = self._waiting()
        return ServerFacts(
            work=self.work(operations),
            installer_page=setup is not None and setup.installer_page is not None,
            can_install=setup is not None and setup.installer_page is None,
            can_move=self.tools.use_free_port is not None,
            newer=_newer(setup),
            replaced_by=setup.installed or "" if setup is not None and setup.restart_needed else "",
            answer=self._answer,
            profile="" if tuning is None else profile_words(tuning.profile()).title,
            waiting=waiting,
            variables=total,
            keeper=keeper_words(self.tools, self.runtime.snapshot),
        )

    def _is_setup(self, operation: ModelOperation) -> bool:
        return operation.runtime == self.runtime.name and operation.operation_type is OperationType.SETUP

    def _is_told(self, operation: ModelOperation) -> bool:
        return operation.operation_id == self._operation_id and operation.status is OperationStatus.FAILED

    def _waiting(self) -> tuple[int, int]:
        """How many settings the running server lacks, of how many."""
        if self.tools.tuning is None:
            return 0, 0
        try:
            rows = self.tools.tuning.rows()
        except InvalidSetting:
            return 0, 0
        return sum(row.in_server is False for row in rows), len(rows)


def keeper_words(tools: ServerTools, snapshot: RuntimeSnapshot) -> str:
    """ "ollama.service (user)", where systemd keeps the server or would start it."""
    unit = tools.unit()
    return unit_words(unit) if unit is not None and snapshot.control in {Control.SYSTEMD, None} else ""


def _newer(setup: SetupSnapshot | None) -> str:
    """What an update of our own copy would bring, "" when none is known."""
    if setup is None or setup.installed is None or setup.available is None:
        return ""
    return setup.available.version
