"""Reads in vLLM's log how far a load has come."""

import re

from venom_desktop.core.runtimes.load_progress import LoadProgress, LoadStep

# As vLLM 0.20.2 writes them; 0.6 and later differ only in what stands before. A bar is redrawn after a carriage return.
_COUNTED = (
    (LoadStep.WEIGHTS, re.compile(r"Loading \S.*?(?:shards|loader|Streamer)[^|]*\|[^|]*?\b(\d+)/(\d+) \[")),
    (LoadStep.WEIGHTS, re.compile(r"Multi-thread loading shards[^|]*\| (\d+)/(\d+) \[")),
    (LoadStep.GRAPHS, re.compile(r"Capturing CUDA graphs?\b.*?\| *(\d+)/(\d+) \[", re.IGNORECASE)),
)
_TOLD = (
    (LoadStep.SERVING, re.compile(r"init engine \(profile|Starting vLLM (?:API )?server|Started server process")),
    (LoadStep.GRAPHS, re.compile(r"Capturing (?:CUDA|cudagraph)", re.IGNORECASE)),
    (LoadStep.MEMORY, re.compile(r"Model loading took|Loading weights took|Available KV cache memory")),
    (LoadStep.COMPILING, re.compile(r"Dynamo bytecode transform|torch\.compile|Compiling a graph|Cache the graph")),
    (LoadStep.WEIGHTS, re.compile(r"Starting to load model|Loading model weights|Loading \S+ checkpoint shards")),
    (LoadStep.STARTING, re.compile(r"vLLM API server version|Initializing a V\d|Initializing an? LLM engine")),
)


def progress_of(line: str) -> LoadProgress | None:
    """None for a line that says nothing of it."""
    now = line.rstrip("\r").rpartition("\r")[2]
    for step, pattern in _COUNTED:
        if found := pattern.search(now):
            return LoadProgress(step=step, done=int(found[1]), total=int(found[2]))
    return next((LoadProgress(step=step) for step, pattern in _TOLD if pattern.search(now)), None)
