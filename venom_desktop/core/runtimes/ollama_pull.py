"""Reads the progress that an Ollama server streams while it pulls a model or makes one."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Any, Final

from venom_desktop.core.errors import (
    DownloadInterrupted,
    PullBrokenOff,
    RequestRefused,
    RuntimeUnavailable,
    SourceChanged,
    VenomError,
)
from venom_desktop.core.http import HttpError
from venom_desktop.core.runtimes.model_store import PullPhase, PullStep
from venom_desktop.core.runtimes.ollama_failures import refusal, words_of
from venom_desktop.core.runtimes.ollama_lines import TITLE, Answer, OllamaWire, json_lines, read_error
from venom_desktop.core.runtimes.ollama_patience import Patience
from venom_desktop.core.runtimes.ollama_wire import step_of

REST_S: Final = 0.08
"""Between two reads of a download's progress: nobody sees more than ten changes a second."""
Failure = Callable[[str], VenomError]


async def progress(
    wire: OllamaWire, path: str, body: Mapping[str, Any], failed: Failure, *, patience: Patience
) -> AsyncGenerator[PullStep, None]:
    """Ask, and yield a step for each change until the server says that it is done; `failed` reads its errors.

    Raises `DownloadInterrupted` for a stream without its end, `PullBrokenOff`, `RuntimeUnavailable`, `UpstreamSlow`,
    `SourceChanged`, and what `failed` gives.
    """
    last: PullStep | None = None

    def silence_s() -> float:
        checks = last is not None and last.phase in (PullPhase.VERIFYING, PullPhase.WRITING)
        return patience.checking_s if checks else patience.pulling_s

    def rest_s() -> float:
        return REST_S if last is not None and _has_more_to_come(last) else 0.0

    heard = False
    try:
        async with wire.open("POST", path, body, begins_s=patience.pulling_s) as response:
            if response.status_code != 200:
                raise _refused(await read_error(response, within_s=patience.asking_s), failed)
            async with aclosing(json_lines(response, silence_s=silence_s, rest_s=rest_s)) as lines:
                async for line in lines:
                    heard = True
                    step = _step(line, failed)
                    if step is not None and step != last:
                        last = step
                        yield step
    except HttpError as error:
        broken = PullBrokenOff(runtime=TITLE, model_name=body["model"])
        raise (broken if heard else RuntimeUnavailable(runtime=TITLE)) from error
    if last is None or last.phase is not PullPhase.DONE:
        raise DownloadInterrupted(source=TITLE)


def _has_more_to_come(step: PullStep) -> bool:
    return step.phase is PullPhase.DOWNLOADING and step.done_bytes is not None and step.done_bytes != step.total_bytes


def _refused(answer: Answer, failed: Failure) -> VenomError:
    """An error that came before the first line has a status of its own, but the words tell more."""
    words = words_of(answer.content)
    told = failed(words) if words and answer.status != 429 else None
    return told if told is not None and not isinstance(told, RequestRefused) else refusal(answer)


def _step(line: Any, failed: Failure) -> PullStep | None:
    if not isinstance(line, Mapping):
        raise SourceChanged(source=TITLE)
    if "error" in line:
        raise failed(words_of(line))
    return step_of(line)
