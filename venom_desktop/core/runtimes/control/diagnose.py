"""Explains in one sentence why a server ended, from its exit, its last lines and what the kernel told."""

import re
import signal
from dataclasses import dataclass
from enum import StrEnum

from venom_desktop.core.runtimes.control.base import Exit
from venom_desktop.core.runtimes.control.ports import listening_pids


class Cause(StrEnum):
    OUT_OF_MEMORY = "out_of_memory"
    ILLEGAL_INSTRUCTION = "illegal_instruction"
    MISSING_LIBRARY = "missing_library"
    PORT_TAKEN = "port_taken"
    PORT_FORBIDDEN = "port_forbidden"
    ADDRESS_ELSEWHERE = "address_elsewhere"
    FOLDER_UNUSABLE = "folder_unusable"
    FILE_MISSING = "file_missing"
    FILE_FORBIDDEN = "file_forbidden"
    NOT_GGUF = "not_gguf"
    DAMAGED_FILE = "damaged_file"
    UNSUPPORTED_ARCHITECTURE = "unsupported_architecture"
    UNUSABLE_PROJECTOR = "unusable_projector"
    REFUSED_SETTINGS = "refused_settings"
    CRASHED = "crashed"
    KILLED = "killed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    cause: Cause
    sentence: str


SENTENCES = {
    Cause.OUT_OF_MEMORY: "There was not enough memory. Choose a smaller model or quantization, or lower the context.",
    Cause.ILLEGAL_INSTRUCTION: "This processor lacks an instruction that the engine needs. Use another build of it.",
    Cause.MISSING_LIBRARY: "The library {detail} is missing. Install it, then start again.",
    Cause.PORT_TAKEN: "Its port is taken{detail}. End that program or choose another port.",
    Cause.PORT_FORBIDDEN: "This account may not listen at {detail}. Choose a port above 1023.",
    Cause.ADDRESS_ELSEWHERE: "This machine does not have the address {detail}. Choose another host.",
    Cause.FOLDER_UNUSABLE: "Its folder {detail} cannot be made or written. Check its permissions or choose another.",
    Cause.FILE_MISSING: "The model's file is missing. Install the model again.",
    Cause.FILE_FORBIDDEN: "The model's file may not be read. Check its permissions.",
    Cause.NOT_GGUF: "The file is not a GGUF model. Install the model again.",
    Cause.DAMAGED_FILE: "The model's file is damaged or incomplete. Install the model again.",
    Cause.UNSUPPORTED_ARCHITECTURE: "This engine does not know the architecture{detail}. A newer version may.",
    Cause.UNUSABLE_PROJECTOR: "The model's vision file (mmproj) is missing or damaged. Install the model again.",
    Cause.REFUSED_SETTINGS: "The engine refused a setting ({detail}). Change it in the model's settings.",
    Cause.CRASHED: "It crashed ({detail}). The log has its last lines.",
    Cause.KILLED: "Another program ended it ({detail}). Start it again.",
    Cause.UNKNOWN: "It ended{detail}. The log has its last lines.",
}

# What llama.cpp (2024 to 2026), vLLM, Ollama and the dynamic linker write, most telling first; case does not matter.
_TELLING = tuple(
    (cause, re.compile(pattern, re.IGNORECASE))
    for cause, pattern in (
        (Cause.MISSING_LIBRARY, r"error while loading shared libraries: (?P<detail>[^:\s]+)"),
        (Cause.MISSING_LIBRARY, r"ImportError: (?P<detail>lib[^:\s]+): cannot open shared object"),
        (Cause.MISSING_LIBRARY, r"No module named '(?P<detail>[^']+)'"),
        (Cause.ILLEGAL_INSTRUCTION, r"illegal instruction"),
        (Cause.UNSUPPORTED_ARCHITECTURE, r"unknown model architecture: (?P<detail>'[^']+')"),
        (Cause.UNSUPPORTED_ARCHITECTURE, r"unknown (?:pre-)?tokenizer"),
        (Cause.UNUSABLE_PROJECTOR, r"failed to load (?:CLIP|multimodal) model"),
        (Cause.FILE_MISSING, r"failed to open GGUF file .*No such file"),
        (Cause.FILE_FORBIDDEN, r"failed to open GGUF file .*Permission denied"),
        (Cause.NOT_GGUF, r"invalid magic|failed to read magic|bad GGUF magic"),
        (Cause.DAMAGED_FILE, r"corrupted or incomplete|not within the file bounds"),
        (Cause.DAMAGED_FILE, r"gguf_init_from_\w+: failed to read|unexpectedly reached end of file"),
        (Cause.DAMAGED_FILE, r"missing tensor|wrong number of tensors|invalid split|missing split"),
        (Cause.OUT_OF_MEMORY, r"insufficient memory|out of memory|bad_alloc|cudaMalloc failed|MemoryError"),
        (Cause.OUT_OF_MEMORY, r"failed to allocate|unable to allocate|Cannot allocate memory"),
        (Cause.PORT_TAKEN, r"address already in use|couldn't bind"),
        # Ollama's last words (0.16), as Go puts them.
        (Cause.PORT_FORBIDDEN, r"listen tcp (?P<detail>\S+): bind: permission denied"),
        (Cause.ADDRESS_ELSEWHERE, r"listen tcp (?P<detail>\S+): bind: cannot assign requested address"),
        (Cause.ADDRESS_ELSEWHERE, r"Error: listen tcp: lookup (?P<detail>\S+?):? .*no such host"),
        (Cause.FOLDER_UNUSABLE, r"\bError: .*\b(?:mkdir|open|stat) (?P<detail>/[^:]+): "),
        (Cause.REFUSED_SETTINGS, r"(?P<detail>V cache quantization requires flash_attn|requires flash attention)"),
        (Cause.REFUSED_SETTINGS, r"(?P<detail>[KV] cache type \S+ with block size \d+ does not divide \S+)"),
        (Cause.REFUSED_SETTINGS, r"error: (?P<detail>(?:invalid|unknown) argument\S* ?\S*)"),
        (Cause.DAMAGED_FILE, r"llama_model_load: error loading model"),
    )
)

# Our own engine says what it saw before it went.
_TOLD = re.compile(r'\{"event": "failed", "kind": "(?P<kind>\w+)"\}')

_CRASHES = {
    getattr(signal, name).value: words
    for name, words in (
        ("SIGSEGV", "segmentation fault"),
        ("SIGABRT", "abort"),
        ("SIGBUS", "bus error"),
        ("SIGFPE", "arithmetic error"),
        ("SIGTRAP", "trap"),
    )
    if hasattr(signal, name)
}


def diagnose(end: Exit, *, port: int | None = None) -> Diagnosis:
    """The likeliest cause. `port` is where the server was to listen, for naming who holds it."""
    if end.out_of_memory and (end.signal == _number("SIGKILL") or (end.signal, end.code) == (None, None)):
        return _say(Cause.OUT_OF_MEMORY)
    if end.signal == _number("SIGILL"):
        return _say(Cause.ILLEGAL_INSTRUCTION)
    if end.signal in (_number("SIGKILL"), _number("SIGTERM"), _number("SIGINT"), _number("SIGHUP")):
        return _say(Cause.KILLED, f"signal\u00a0{end.signal}")
    told = _from_lines(end.lines, port)
    if told is not None:
        return told
    if end.signal in _CRASHES:
        return _say(Cause.CRASHED, _CRASHES[end.signal])
    if end.code == 127:
        return _say(Cause.MISSING_LIBRARY, "it needs")
    return _say(Cause.UNKNOWN, "" if end.code is None else f" with exit code\u00a0{end.code}")


def _from_lines(lines: tuple[str, ...], port: int | None) -> Diagnosis | None:
    for line in reversed(lines):
        told = _TOLD.match(line)
        if told and told["kind"] in set(Cause) - {Cause.UNKNOWN}:
            return _say(Cause(told["kind"]))
    for cause, pattern in _TELLING:
        for line in reversed(lines):
            found = pattern.search(line)
            if found:
                return _say(cause, _detail(cause, found, port))
    return None


def _detail(cause: Cause, found: re.Match[str], port: int | None) -> str:
    told = found.groupdict().get("detail") or ""
    match cause:
        case Cause.PORT_TAKEN:
            holders = sorted(listening_pids(port)) if port else []
            return f" by process\u00a0{holders[0]}" if holders else ""
        case Cause.UNSUPPORTED_ARCHITECTURE:
            return f" {told}" if told else " of this model"
        case _:
            return told


def _say(cause: Cause, detail: str = "") -> Diagnosis:
    return Diagnosis(cause=cause, sentence=SENTENCES[cause].format(detail=detail))


def _number(name: str) -> int | None:
    member = getattr(signal, name, None)
    return None if member is None else int(member)
