"""Small archives in the shape of Ollama's releases, honest and hostile ones."""

import gzip
import io
import random
import sys
import tarfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

Kind = Literal[".tar.zst", ".tgz"]

# It speaks as the real one does, and `serve` reads a file of its own version whenever it is asked, as the real one
# starts its runners.
_PROGRAM = """#!/bin/sh
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
case "$1" in
    --version)
        echo "Warning: could not connect to a running Ollama instance"
        echo "Warning: client version is {version}"
        ;;
    serve)
        echo ready
        while read -r _; do cat "$here/../lib/ollama/version" || echo gone; done
        ;;
    *) exit 64 ;;
esac
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of a tar; `claimed_bytes` is what its header says when that is not the truth."""

    name: str
    content: bytes = b""
    kind: bytes = tarfile.REGTYPE
    link: str = ""
    mode: int = 0o644
    claimed_bytes: int | None = None
    pax: dict[str, str] = field(default_factory=dict)


def folder(name: str) -> Entry:
    return Entry(name=name, kind=tarfile.DIRTYPE, mode=0o755)


def link(name: str, to: str) -> Entry:
    return Entry(name=name, kind=tarfile.SYMTYPE, link=to, mode=0o777)


def hard_link(name: str, to: str) -> Entry:
    return Entry(name=name, kind=tarfile.LNKTYPE, link=to)


def release_entries(version: str, *, program: str = _PROGRAM, library_bytes: int = 0) -> tuple[Entry, ...]:
    """`./bin/ollama` that runs, `./lib/ollama` with links as the real ones have them, and bytes that do not shrink."""
    return (
        folder("./"),
        folder("./bin/"),
        Entry(name="./bin/ollama", content=program.replace("{version}", version).encode(), mode=0o755),
        folder("./lib/"),
        folder("./lib/ollama/"),
        Entry(name="./lib/ollama/version", content=f"{version}\n".encode()),
        Entry(name="./lib/ollama/libggml.so.0.9", content=random.Random(version).randbytes(library_bytes), mode=0o755),
        link("./lib/ollama/libggml.so.0", "libggml.so.0.9"),
        link("./lib/ollama/libggml.so", "libggml.so.0"),
        folder("./lib/ollama/mlx/"),
        link("./lib/ollama/mlx/libggml.so", "../libggml.so"),
        hard_link("./lib/ollama/mlx/version", "./lib/ollama/version"),
    )


def tar_of(entries: Iterable[Entry]) -> bytes:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for entry in entries:
            header = tarfile.TarInfo(entry.name)
            header.type, header.linkname, header.mode = entry.kind, entry.link, entry.mode
            header.pax_headers = entry.pax
            header.size = len(entry.content) if entry.claimed_bytes is None else entry.claimed_bytes
            if entry.claimed_bytes is None:
                tar.addfile(header, io.BytesIO(entry.content))
            else:
                written.write(header.tobuf(tar.format, tar.encoding or "utf-8", tar.errors or "strict"))
    return written.getvalue()


def compressed(tar: bytes, kind: Kind = ".tar.zst") -> bytes:
    match kind:
        case ".tar.zst":
            return zstd.compress(tar, 3)
        case ".tgz":
            return gzip.compress(tar, 1)


def release_archive(version: str, kind: Kind = ".tar.zst", *, program: str = _PROGRAM, library_bytes: int = 0) -> bytes:
    """A whole archive of one version."""
    return compressed(tar_of(release_entries(version, program=program, library_bytes=library_bytes)), kind)


def rocm_archive(version: str) -> bytes:
    """The companion for cards of AMD."""
    name = "./lib/ollama/rocm/libggml-hip.so"
    return compressed(tar_of([folder("./lib/ollama/rocm/"), Entry(name=name, content=version.encode(), mode=0o755)]))
