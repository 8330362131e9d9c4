"""How far a load has come is read in vLLM's own words."""

import pytest

from tests.fakes import vllm_log as log
from venom_desktop.core.runtimes.vllm_progress import progress_of


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (log.shard(0, 8), "Loading weights 0 of 8"),
        (log.shard(3, 8), "Loading weights 3 of 8"),
        (
            "Loading safetensors checkpoint shards:  38% Completed | 3/8 [00:04<00:07,  1.41s/it]",
            "Loading weights 3 of 8",
        ),
        ("Multi-thread loading shards:  50% Completed | 4/8 [00:04<00:07,  1.41s/it]", "Loading weights 4 of 8"),
        (log.STARTING_TO_LOAD.format(model="/srv/m"), "Loading weights"),
        (log.CONFIG_LINE.format(model="/srv/m"), "Starting the engine"),
        (log.LOADED, "Measuring the memory"),
        (log.CACHE, "Measuring the memory"),
        (log.COMPILED.splitlines()[0], "Compiling the model"),
        (log.COMPILED.splitlines()[1], "Compiling the model"),
        (log.GRAPHS, "Recording graphs 27 of 67"),
        (log.ENGINE_READY, "Starting to serve"),
        (log.SERVING.format(port=8001), "Starting to serve"),
    ],
)
def test_a_line_tells_how_far_it_is(line: str, words: str) -> None:
    assert str(progress_of(line)) == words


@pytest.mark.parametrize("line", ["", "INFO: 127.0.0.1:1 - GET /health 200 OK", log.STARTED, log.SMALL_CACHE])
def test_other_lines_tell_nothing_of_it(line: str) -> None:
    assert progress_of(line) is None
