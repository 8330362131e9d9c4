"""`venom-desktop serve`: the HTTP API without a display, until SIGTERM or Ctrl+C."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from venom_desktop.app.headless import Home, claim_home, open_home
from venom_desktop.app.paths import Paths
from venom_desktop.core.errors import VenomError

COMMAND = "venom-desktop serve"


def serve(*, port: int | None, models_dir: Path | None) -> int:
    """Print one JSON line with `url` and `token` once it answers. Raises what a home can refuse with."""
    return asyncio.run(_serve(port=port, models_dir=models_dir))


async def _serve(*, port: int | None, models_dir: Path | None) -> int:
    paths = Paths.from_environment(os.environ)
    claim = claim_home(paths)
    ending = asyncio.Event()
    with _signals_call(ending.set):
        async with open_home(paths, os.environ, claim, command=COMMAND, port=port, models_dir=models_dir) as home:
            for notice in home.notices:
                _say(notice)
            home.services.crash_watch.told.subscribe(_say)
            await home.api.start()
            sys.stdout.write(json.dumps({"url": home.api.url, "token": home.api.token}) + "\n")
            sys.stdout.flush()
            await _bring_back(home)
            await ending.wait()
    return 0


def _say(notice: VenomError) -> None:
    sys.stderr.write(f"{notice}\n")
    sys.stderr.flush()


async def _bring_back(home: Home) -> None:
    """The model that was active answers again; it loads beside everything else."""
    key = home.services.active.snapshot.key
    if key is None:
        return
    try:
        await home.services.registry.start_activation(key.name, key.runtime)
    except VenomError as error:
        sys.stderr.write(f"{key.name} was not loaded: {error}\n")


@contextmanager
def _signals_call(end: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    caught = (signal.SIGINT, signal.SIGTERM) if sys.platform != "win32" else ()
    for number in caught:
        loop.add_signal_handler(number, end)
    try:
        yield
    finally:
        for number in caught:
            loop.remove_signal_handler(number)
