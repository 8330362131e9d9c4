"""What a job is doing right now, in the window's language: core's English words, told again."""

import re
from collections.abc import Callable
from typing import Final

from venom_desktop.core.operations.operation import ModelOperation
from venom_desktop.core.runtimes.load_progress import LoadProgress, LoadStep
from venom_desktop.ui.i18n import number, percent, plural, tr


def phase(operation: ModelOperation) -> str:
    """A phase nobody translated reads as core wrote it."""
    message = operation.message
    for pattern, words in _PHASES:
        match = pattern.fullmatch(message)
        if match:
            return words(*match.groups())
    return message or tr("Waiting to start")


def _layer(place: str, count: str) -> str:
    return tr("Downloading part {place} of {count}", place=number(int(place)), count=number(int(count)))


def _answers(count: str) -> str:
    return plural("Waiting for {count} answer", "Waiting for {count} answers", int(count))


def _still_running(count: str, runtimes: str) -> str:
    return plural(
        "{count} answer is still running on {runtimes}. Switch when it is done, or stop it now?",
        "{count} answers are still running on {runtimes}. Switch when they are done, or stop them now?",
        int(count),
        runtimes=runtimes,
    )


def _load_step(words: str) -> tuple[re.Pattern[str], Callable[..., str]]:
    """ "Loading weights {done} of {total}", as a runtime's log tells of a load."""
    pattern = re.compile(words.format(done=r"(\d+)", total=r"(\d+)"))
    return pattern, lambda *counts: tr(words, **dict(zip(("done", "total"), map(_count, counts), strict=False)))


def _count(digits: str) -> str:
    return number(int(digits))


_LOAD_STEPS: Final = tuple(
    _load_step(LoadProgress(step=step, **counts).words) for step in LoadStep for counts in ({"done": 0, "total": 0}, {})
)
_PHASES: Final[tuple[tuple[re.Pattern[str], Callable[..., str]], ...]] = (
    *_LOAD_STEPS,
    (re.compile("Reading the file list"), lambda: tr("Reading the file list")),
    (re.compile("Reading the file"), lambda: tr("Reading the file")),
    (re.compile("Handing the file over"), lambda: tr("Handing the file over")),
    (re.compile("Creating the model"), lambda: tr("Creating the model")),
    (re.compile("Checking the model"), lambda: tr("Checking the model")),
    (re.compile(r"Waiting for (\d+) answers?"), _answers),
    (re.compile(r"(\d+) answers? (?:is|are) still running on (.+)\. Switch when .+"), _still_running),
    (re.compile("Waiting for its memory"), lambda: tr("Waiting for its memory")),
    (re.compile("Stopping (.+)"), lambda runtime: tr("Stopping {runtime}", runtime=runtime)),
    (re.compile("Unloading (.+)"), lambda name: tr("Unloading {name}", name=name)),
    (re.compile("Starting (.+)"), lambda runtime: tr("Starting {runtime}", runtime=runtime)),
    (
        re.compile("Asking (.+) whether it is ready"),
        lambda runtime: tr("Asking {runtime} whether it is ready", runtime=runtime),
    ),
    (re.compile("Saving"), lambda: tr("Saving")),
    (re.compile("Putting (.+) back"), lambda name: tr("Putting {name} back", name=name)),
    (re.compile("Downloading"), lambda: tr("Downloading")),
    (re.compile(r"Downloading layer (\d+) of (\d+)"), _layer),
    (
        re.compile(r"Downloading layer (\d+)"),
        lambda place: tr("Downloading part {place}", place=number(int(place))),
    ),
    (re.compile("Verifying"), lambda: tr("Verifying")),
    (re.compile("Downloading (.+)"), lambda file: tr("Downloading {file}", file=file)),
    (re.compile("Checking (.+)"), lambda file: tr("Checking {file}", file=file)),
    (re.compile("Waiting for the connection"), lambda: tr("Waiting for the connection")),
    (
        re.compile(r"Waiting (\d+) s for the connection"),
        lambda seconds: tr("Waiting {seconds}\u00a0s for the connection", seconds=seconds),
    ),
    (re.compile("Waiting for the first token"), lambda: tr("Waiting for the first token")),
    (re.compile("Waiting for (.+)"), lambda source: tr("Waiting for {source}", source=source)),
    (re.compile("Recording"), lambda: tr("Recording")),
    (re.compile("Reading the release page"), lambda: tr("Reading the release page")),
    (re.compile("Looking through the archive"), lambda: tr("Looking through the archive")),
    (re.compile("Unpacking"), lambda: tr("Unpacking")),
    (re.compile(r"Unpacking, (\d+) %"), lambda done: tr("Unpacking, {done}", done=percent(int(done) / 100))),
    (re.compile("Trying the program"), lambda: tr("Trying the program")),
    (re.compile("Copying (.+)"), lambda file: tr("Copying {file}", file=file)),
    (re.compile("Giving the files back"), lambda: tr("Giving the files back")),
    (re.compile("Removing"), lambda: tr("Removing")),
    (re.compile("Loading the model"), lambda: tr("Loading the model")),
    (re.compile("Loading (.+)"), lambda name: tr("Loading {name}", name=name)),
)
