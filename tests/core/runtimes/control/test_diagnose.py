"""Every known way to end gets its own sentence, with the figures that help."""

import os
import signal
import socket

import pytest

from venom_desktop.core.runtimes.control.base import Exit
from venom_desktop.core.runtimes.control.diagnose import Cause, diagnose

LINES = [
    (Cause.OUT_OF_MEMORY, "0.14 E ggml_aligned_malloc: insufficient memory (attempted to allocate 39062.50 MB)"),
    (Cause.OUT_OF_MEMORY, "ggml_backend_cuda_buffer_type_alloc_buffer: cudaMalloc failed: out of memory"),
    (Cause.OUT_OF_MEMORY, "terminate called after throwing an instance of 'std::bad_alloc'"),
    (
        Cause.MISSING_LIBRARY,
        "error while loading shared libraries: libgomp.so.1: cannot open shared object file",
    ),
    (Cause.MISSING_LIBRARY, "ImportError: libcuda.so.1: cannot open shared object file: No such file or directory"),
    (Cause.PORT_TAKEN, "E srv start: couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 8765"),
    (Cause.PORT_TAKEN, "OSError: [Errno 98] Address already in use"),
    (Cause.PORT_TAKEN, "Error: listen tcp 127.0.0.1:11434: bind: address already in use"),
    (Cause.PORT_FORBIDDEN, "Error: listen tcp 127.0.0.1:80: bind: permission denied"),
    (Cause.ADDRESS_ELSEWHERE, "Error: listen tcp 192.0.2.1:11434: bind: cannot assign requested address"),
    (Cause.ADDRESS_ELSEWHERE, "Error: listen tcp: lookup nowhere.invalid: no such host"),
    (Cause.FOLDER_UNUSABLE, "Error: mkdir /srv/models: permission denied: ensure path elements are traversable"),
    (
        Cause.FOLDER_UNUSABLE,
        "Nov 22 pc ollama[7]: Error: could not create directory mkdir /root/.ollama: permission denied",
    ),
    (Cause.NOT_GGUF, "E gguf_init_from_reader: invalid magic characters: 'hell', expected 'GGUF'"),
    (
        Cause.DAMAGED_FILE,
        "tensor 'blk.0.attn_output.weight' data is not within the file bounds, model is corrupted",
    ),
    (Cause.UNSUPPORTED_ARCHITECTURE, "E llama_model_load: error loading model: unknown model architecture: 'flurbl'"),
    (Cause.FILE_MISSING, "gguf_init_from_file: failed to open GGUF file '/m.gguf' (No such file or directory)"),
    (
        Cause.REFUSED_SETTINGS,
        "E K cache type q8_0 with block size 32 does not divide n_embd_head_k=16",
    ),
    (Cause.UNUSABLE_PROJECTOR, "mtmd_init_from_file: error: Failed to load CLIP model from /tmp/mmproj.gguf"),
]


@pytest.mark.parametrize(("cause", "line"), LINES)
def test_a_telling_line_explains_an_exit(cause: Cause, line: str) -> None:
    lines = ("0.00 I srv init: loading model", line, "0.00 E srv init: exiting due to model loading error")
    assert diagnose(Exit(code=1, lines=lines)).cause is cause


def test_the_kernels_memory_killer_is_told_from_a_kill_by_hand() -> None:
    assert diagnose(Exit(signal=signal.SIGKILL, out_of_memory=True)).cause is Cause.OUT_OF_MEMORY
    by_hand = diagnose(Exit(signal=signal.SIGKILL))
    assert by_hand.cause is Cause.KILLED
    assert by_hand.sentence == "Another program ended it (signal\u00a09). Start it again."


@pytest.mark.parametrize(
    ("number", "cause"),
    [(signal.SIGILL, Cause.ILLEGAL_INSTRUCTION), (signal.SIGSEGV, Cause.CRASHED), (signal.SIGABRT, Cause.CRASHED)],
)
def test_a_signal_explains_an_exit(number: signal.Signals, cause: Cause) -> None:
    assert diagnose(Exit(signal=number)).cause is cause


def test_an_abort_for_want_of_memory_is_explained_by_its_last_words() -> None:
    assert diagnose(Exit(signal=signal.SIGABRT, lines=("std::bad_alloc",))).cause is Cause.OUT_OF_MEMORY


def test_the_holder_of_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        told = diagnose(Exit(code=1, lines=("couldn't bind HTTP server socket",)), port=holder.getsockname()[1])
    assert told.sentence == f"Its port is taken by process\u00a0{os.getpid()}. End that program or choose another port."


def test_an_unknown_architecture_is_named() -> None:
    told = diagnose(Exit(code=1, lines=("unknown model architecture: 'flurbl'",)))
    assert told.sentence == "This engine does not know the architecture 'flurbl'. A newer version may."


def test_an_exit_that_nobody_can_explain_says_its_code() -> None:
    assert diagnose(Exit(code=3)).sentence == "It ended with exit code\u00a03. The log has its last lines."
    assert diagnose(Exit()).sentence == "It ended. The log has its last lines."


def test_a_folder_that_cannot_be_made_is_named() -> None:
    told = diagnose(Exit(code=1, lines=("Error: mkdir /srv/models: read-only file system",)))
    assert told.sentence.startswith("Its folder /srv/models cannot be made or written.")
