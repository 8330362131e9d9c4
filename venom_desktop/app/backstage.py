"""What stands behind the window: composed after it shows, taken down before it is gone."""

import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from venom_desktop.app.api_switch import ApiSwitch
from venom_desktop.app.compose import Composition, build
from venom_desktop.app.furnish import Furniture, Supplies
from venom_desktop.app.instance import InstanceServer
from venom_desktop.app.instance_door import Claim
from venom_desktop.app.lifecycle import Lifecycle, Step
from venom_desktop.app.logging import start_logging
from venom_desktop.app.paths import Paths
from venom_desktop.app.status import keep_status_true
from venom_desktop.app.staying import leave_servers_as_chosen
from venom_desktop.app.tray import TrayCorner
from venom_desktop.core.errors import StateDiffers, StorageFailed, VenomError
from venom_desktop.core.login_start import login_start
from venom_desktop.core.notices import Notices
from venom_desktop.core.runtimes.crash_watch import same_runtime
from venom_desktop.core.secrets.masking import Redactor
from venom_desktop.core.settings.ui_state import UiState
from venom_desktop.core.tasks import TaskScope
from venom_desktop.ui.bridge import Bridge
from venom_desktop.ui.main_window import MainWindow
from venom_desktop.ui.server_watch import ServerWatch
from venom_desktop.ui.settings.places import Places
from venom_desktop.ui.tray_window import TrayWindow, bring_to_front

_log = logging.getLogger(__name__)


@asynccontextmanager
async def open_backstage(
    window: MainWindow, *, paths: Paths, claim: Claim, ui_state: UiState, quit_: Callable[[], None]
) -> AsyncIterator[None]:
    """Everything that works while the window is open. What cannot start is told in the window, not by its end."""
    redactor = Redactor()
    try:
        stop_logging = start_logging(paths.log, redactor)
    except VenomError as error:
        window.report(error)
        stop_logging = _no_log
    scope = TaskScope("window")
    bridge = Bridge(scope, window.report)
    try:
        composition = build(paths, os.environ, redactor=redactor)
        leave_servers_as_chosen(composition)
        await composition.lifecycle.start()
    except VenomError as error:
        window.report(error)
        composition = None
    except OSError as error:
        window.report(StorageFailed(path=error.filename or paths.data, problem=error.strerror or str(error)))
        composition = None
    try:
        if composition is None:
            # Whatever it was started as: an error that nobody sees is none.
            bring_to_front(window)
            yield
            return
        async with _furnished(window, composition, bridge, paths=paths, claim=claim, ui_state=ui_state, quit_=quit_):
            yield
    finally:
        await scope.close()
        if composition is not None:
            await composition.lifecycle.stop()
        stop_logging()


def _no_log() -> None:
    """There is none to stop."""


@asynccontextmanager
async def _furnished(
    window: MainWindow,
    composition: Composition,
    bridge: Bridge,
    *,
    paths: Paths,
    claim: Claim,
    ui_state: UiState,
    quit_: Callable[[], None],
) -> AsyncIterator[None]:
    services = composition.services
    api = ApiSwitch(services, paths.token_file, redactor=composition.redactor)
    check = services.state_check
    told = (*services.settings.notices, services.registry.manifest.notice, services.active.notice, check.standing)
    notices = Notices(told)
    check.changed.subscribe(lambda news: notices.renew(news, of=lambda other: isinstance(other, StateDiffers)))
    services.vault.changed.subscribe(lambda _: notices.add(services.vault.notice))
    services.crash_watch.told.subscribe(lambda news: notices.renew(news, of=lambda other: same_runtime(news, other)))
    composition.graphics.gave_up.subscribe(notices.add)
    furniture = Furniture(
        window,
        Supplies(
            services=services,
            ollama=composition.ollama,
            vllm=composition.vllm,
            bridge=bridge,
            ui_state=ui_state,
            places=Places(models=services.registry.manifest.models_dir, config=paths.config, log=paths.log),
            account=composition.account,
            api=api,
            notices=notices,
            login=login_start(os.environ),
            quit_=quit_,
        ),
    )
    furniture.place()
    meters = keep_status_true(window, services, bridge)
    corner = TrayCorner(
        window,
        services,
        bridge,
        furniture,
        notices=notices,
        ui_state=ui_state,
        quit_=quit_,
        begun_hidden=not window.isVisible(),
    )
    watch = ServerWatch(window, services.runtimes)
    door = InstanceServer(claim, _Answers(corner.place, furniture, api))
    lifecycle = Lifecycle(
        Step(name="local API", stop=api.stop),
        Step(name="instance socket", start=door.start, stop=door.close),
    )
    await lifecycle.start()
    bridge.start("local API", api.follow_settings(), on_error=window.report)
    try:
        yield
    finally:
        for seen in (corner, watch, meters):
            seen.close()
        furniture.remember()
        await lifecycle.stop()


class _Answers:
    """What a second start, the file manager and the command line ask of the running window."""

    def __init__(self, place: TrayWindow, furniture: Furniture, api: ApiSwitch) -> None:
        self._place = place
        self._furniture = furniture
        self._api = api

    async def show(self) -> None:
        self._place.show()

    async def open_file(self, file: Path) -> None:
        await self.show()
        self._furniture.import_file(file)

    async def api(self) -> tuple[str, str]:
        await self._api.start()
        return self._api.url or "", self._api.token or ""
