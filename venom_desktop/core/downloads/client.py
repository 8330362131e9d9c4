"""Fetches by a worker process of its own: starts it, hands it the job, passes on what it reports, and ends it."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from venom_desktop.core.downloads.base import DownloadPlan, DownloadProgress
from venom_desktop.core.downloads.job import Finished, Job, TransferLimits, decode_report, encode_job
from venom_desktop.core.downloads.partial import part_path, sidecar_path, storage_errors
from venom_desktop.core.errors import VenomError, WorkerDied
from venom_desktop.core.offline import ONLINE, Offline
from venom_desktop.core.programs import own_program

_TERM_WAIT_S = 0.5
_KEPT_LINES = 40
_SECRET_ENDINGS = ("_TOKEN", "_KEY", "_SECRET", "_PASSWORD")

Spawn = Callable[..., Awaitable[asyncio.subprocess.Process]]

_log = logging.getLogger(__name__)


def worker_command() -> list[str]:
    return own_program("venom_desktop.core.downloads.worker")


class DownloadWorker:
    """Satisfies `Downloader`; every `fetch` has its own process, and several may run at once."""

    def __init__(
        self,
        *,
        command: Callable[[], Sequence[str]] = worker_command,
        spawn: Spawn = asyncio.create_subprocess_exec,
        limits: TransferLimits | None = None,
        certificate_file: Path | None = None,
        offline: Offline = ONLINE,
    ) -> None:
        self._command = command
        self._spawn = spawn
        self._limits = limits or TransferLimits()
        self._certificate_file = certificate_file
        self._offline = offline

    async def fetch(self, plan: DownloadPlan) -> AsyncGenerator[DownloadProgress]:
        """Yield progress until every file is in place and verified; `Downloader.fetch` names what it raises."""
        for file in plan.files:
            self._offline.require(file.url)
        process = await self._start()
        _, output = _pipes(process)
        unexpected: list[str] = []
        try:
            await _hand_over(process, self._job(plan))
            while line := await output.readline():
                match decode_report(line):
                    case Finished():
                        return
                    case VenomError() as error:
                        raise error
                    case DownloadProgress() as progress:
                        yield progress
                    case None:
                        unexpected = [*unexpected[1 - _KEPT_LINES :], line.decode(errors="replace").rstrip()]
        finally:
            await _end(process)
        _log.error("The download process ended with %s: %s", process.returncode, _redacted(unexpected, plan.token))
        raise WorkerDied

    async def discard(self, plan: DownloadPlan) -> None:
        """Delete the partial files of a plan that will not be resumed. Raises `StorageFailed`."""
        await asyncio.to_thread(_delete_parts, plan)

    def _job(self, plan: DownloadPlan) -> Job:
        return Job(
            plan=plan,
            limits=self._limits,
            certificate_file=self._certificate_file,
            only_here=self._offline.is_on,
        )

    async def _start(self) -> asyncio.subprocess.Process:
        try:
            return await self._spawn(
                *self._command(),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                env=_without_secrets(os.environ),
                # Python puts the working folder first on its path: a stray http.py in the user's must not be run.
                cwd=None if getattr(sys, "frozen", False) else Path(__file__).parents[3],
            )
        except OSError as error:
            raise WorkerDied from error


async def _hand_over(process: asyncio.subprocess.Process, job: Job) -> None:
    """Write the job and leave stdin open: its closing is how the worker learns that we are gone."""
    stdin, _ = _pipes(process)
    # A worker that died at once shows by the end of its output.
    with contextlib.suppress(ConnectionError):
        stdin.write(encode_job(job))
        await stdin.drain()


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the worker within a second and wait until the system has forgotten it, even when cancelled meanwhile."""
    stdin, _ = _pipes(process)
    stdin.close()
    _signal_group(process, signal.SIGTERM)
    try:
        async with asyncio.timeout(_TERM_WAIT_S):
            await _gone(process)
    except TimeoutError:
        _signal_group(process, signal.SIGKILL)
        await _gone(process)
    except asyncio.CancelledError:
        _signal_group(process, signal.SIGKILL)
        raise


async def _gone(process: asyncio.subprocess.Process) -> None:
    _, output = _pipes(process)
    # Some versions of asyncio let wait() hang on output that nobody reads.
    while await output.read(65536):
        pass
    await process.wait()


def _pipes(process: asyncio.subprocess.Process) -> tuple[asyncio.StreamWriter, asyncio.StreamReader]:
    if process.stdin is None or process.stdout is None:
        raise ValueError("the worker was started without pipes")
    return process.stdin, process.stdout


def _signal_group(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    if process.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Tokens reach the worker by its stdin alone; other users may not read that, and no crash report shows it."""
    return {name: value for name, value in environment.items() if not name.upper().endswith(_SECRET_ENDINGS)}


def _redacted(lines: list[str], token: str | None) -> str:
    text = "\n".join(lines)
    return text.replace(token, "[token]") if token else text


def _delete_parts(plan: DownloadPlan) -> None:
    for file in plan.files:
        for path in (part_path(file), sidecar_path(file)):
            with storage_errors(path):
                path.unlink(missing_ok=True)
