"""How the end of an Ollama server reads, by who kept it."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from venom_desktop.core.errors import RuntimeUnavailable
from venom_desktop.core.runtimes.base import Control, RuntimeState
from venom_desktop.core.runtimes.control.base import Exit
from venom_desktop.core.runtimes.ollama_facts import ServerFacts
from venom_desktop.core.runtimes.ollama_look import OllamaLook
from venom_desktop.core.runtimes.ollama_state import OllamaState

ENDPOINT = "http://127.0.0.1:11434"


class Absent:
    """A client whose server does not answer, and the server as its keeper sees it."""

    keeps_child = True
    endpoint = ENDPOINT

    async def version(self) -> str:
        raise RuntimeUnavailable(runtime="Ollama")

    async def look(self) -> ServerFacts:
        return ServerFacts(endpoint=self.endpoint, port=11434)


def state_of(control: Control, absent: Absent | None = None) -> OllamaState:
    server = absent or Absent()
    eye = OllamaLook(server, server, program=lambda: None)  # type: ignore[arg-type]
    state = OllamaState(eye, now=lambda: datetime.now().astimezone(), gone=lambda: None)
    state.snapshot = replace(
        state.snapshot, state=RuntimeState.RUNNING, control=control, endpoint=ENDPOINT, port=11434, pid=1
    )
    return state


@pytest.mark.parametrize(
    ("told", "code", "words"),
    [
        ({"signal": 9}, -9, "Another program ended it (signal\u00a09)."),
        ({"signal": 11}, -11, "It crashed (segmentation fault)."),
        ({"code": 1, "lines": ("Error: out of memory",)}, 1, "There was not enough memory."),
        ({"signal": 9, "out_of_memory": True}, -9, "There was not enough memory."),
    ],
)
@pytest.mark.parametrize("control", [Control.SYSTEMD, Control.CHILD])
def test_a_crash_is_explained_also_where_systemd_keeps_the_server(
    control: Control, told: Mapping[str, Any], code: int, words: str
) -> None:
    state = state_of(control)
    state.end(Exit(**told))
    assert (state.snapshot.state, state.snapshot.exit_code) == (RuntimeState.EXITED, code)
    assert words in str(state.snapshot.error)


@pytest.mark.parametrize("told", [{"code": 0}, {"signal": 15}, {}])
def test_a_unit_that_somebody_stopped_is_no_crash(told: Mapping[str, Any]) -> None:
    state = state_of(Control.SYSTEMD)
    state.end(Exit(**told))
    assert (state.snapshot.state, state.snapshot.error) == (RuntimeState.STOPPED, None)


def test_an_adopted_server_that_the_kernel_ended_for_want_of_memory_is_explained() -> None:
    state = state_of(Control.CHILD)
    state.end(Exit(out_of_memory=True))
    assert "There was not enough memory." in str(state.snapshot.error)


async def test_a_look_leaves_the_word_on_a_childs_end_to_its_guard() -> None:
    state = state_of(Control.CHILD)
    await state.look(thoroughly=False)
    seen = state.snapshot.state
    state.end(Exit(signal=9))
    assert (seen, state.snapshot.state) == (RuntimeState.RUNNING, RuntimeState.EXITED)


async def test_a_child_at_another_address_than_the_one_asked_for_is_no_answer() -> None:
    absent = Absent()
    absent.endpoint = "http://127.0.0.1:11500"
    state = state_of(Control.CHILD, absent)
    await state.look(thoroughly=False)
    assert state.snapshot.state is RuntimeState.UNAVAILABLE
