"""What the stand-in hub holds: repositories, their files, revisions, accounts."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

LARGE_SUFFIXES = {".gguf", ".safetensors", ".bin", ".pt", ".pth", ".pkl", ".ckpt", ".onnx", ".zip", ".h5"}
LARGE_BYTES = 10 << 20
DEFAULT_DATE = datetime(2026, 5, 1, 12, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sized:
    """A file of any size that exists nowhere: `head`, then zeros; its checksum is made up, as nobody reads 40 GB."""

    total_bytes: int
    head: bytes = b""


Content = bytes | Path | Sized


@dataclass(frozen=True, slots=True, kw_only=True)
class HubFile:
    """A file as the hub tells about it; `of` measures, the fields may then be replaced to lie."""

    name: str
    content: Content
    size_bytes: int
    sha256: str
    is_large: bool
    git_id: str

    @classmethod
    def of(cls, name: str, content: Content) -> "HubFile":
        size_bytes = size_of(content)
        sha256 = _sha256(content)
        is_large = size_bytes > LARGE_BYTES or name[name.rfind(".") :] in LARGE_SUFFIXES
        blob = pointer_text(sha256, size_bytes).encode() if is_large else read(content, 0, size_bytes)
        git_id = hashlib.sha1(b"blob %d\0" % len(blob) + blob).hexdigest()
        return cls(name=name, content=content, size_bytes=size_bytes, sha256=sha256, is_large=is_large, git_id=git_id)

    @property
    def etag(self) -> str:
        return f'"{self.sha256 if self.is_large else self.git_id}"'

    @property
    def pointer_bytes(self) -> int:
        return len(pointer_text(self.sha256, self.size_bytes))


def pointer_text(sha256: str, size_bytes: int) -> str:
    """What git itself stores for a large file."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size_bytes}\n"


def read(content: Content, start: int, count: int) -> bytes:
    """`count` bytes from `start`, fewer at the end."""
    match content:
        case bytes():
            return content[start : start + count]
        case Path():
            with content.open("rb") as source:
                source.seek(start)
                return source.read(count)
        case Sized():
            count = max(0, min(count, content.total_bytes - start))
            return content.head[start : start + count].ljust(count, b"\0")


def size_of(content: Content) -> int:
    """What is there to send, whatever `HubFile.size_bytes` says."""
    match content:
        case bytes():
            return len(content)
        case Path():
            return content.stat().st_size
        case Sized():
            return content.total_bytes


def _sha256(content: Content) -> str:
    match content:
        case bytes():
            return hashlib.sha256(content).hexdigest()
        case Path():
            with content.open("rb") as source:
                return hashlib.file_digest(source, "sha256").hexdigest()
        case Sized():
            return hashlib.sha256(b"%d" % content.total_bytes + content.head).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Repo:
    """One revision of a model repository and what the hub says about it."""

    repo_id: str
    files: Mapping[str, HubFile]
    sha: str
    gated: Literal[False, "auto", "manual"] = False
    private: bool = False
    license: str | None = None
    downloads: int = 0
    likes: int = 0
    trending_score: int = 0
    created: datetime = DEFAULT_DATE
    last_modified: datetime = DEFAULT_DATE
    tags: tuple[str, ...] = ()
    pipeline_tag: str | None = "text-generation"
    library_name: str | None = None
    gguf: Mapping[str, Any] | None = None
    config: Mapping[str, Any] | None = None
    safetensors: Mapping[str, Any] | None = None
    card_data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def author(self) -> str:
        return self.repo_id.rpartition("/")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Whom a token belongs to, and whose licences that person has accepted."""

    name: str
    accepted: frozenset[str] = frozenset()


@dataclass(slots=True)
class Store:
    """Every repository under its name, every revision that ever was, and a number that grows with each change."""

    repos: dict[str, Repo] = field(default_factory=dict)
    revisions: dict[tuple[str, str], Repo] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    version: int = 0

    def put(self, repo: Repo) -> Repo:
        self.repos[repo.repo_id] = repo
        self.revisions[repo.repo_id, repo.sha] = repo
        self.version += 1
        return repo

    def remove(self, repo_id: str) -> None:
        del self.repos[repo_id]
        self.version += 1

    def with_file(self, repo_id: str, changed: HubFile) -> Repo:
        """A new commit; the old one stays reachable by its hash."""
        repo = self.repos[repo_id]
        files = {**repo.files, changed.name: changed}
        return self.put(replace(repo, files=files, sha=commit_of(repo_id, files)))

    def without_file(self, repo_id: str, name: str) -> Repo:
        repo = self.repos[repo_id]
        files = {kept: file for kept, file in repo.files.items() if kept != name}
        return self.put(replace(repo, files=files, sha=commit_of(repo_id, files)))

    def revision(self, repo_id: str, name: str) -> Repo | None:
        """`main` or a full commit hash."""
        return self.repos[repo_id] if name == "main" else self.revisions.get((repo_id, name))


def commit_of(repo_id: str, files: Mapping[str, HubFile]) -> str:
    """A commit hash that changes with every name and byte."""
    told = json.dumps([repo_id, sorted((file.name, file.sha256, file.size_bytes) for file in files.values())])
    return hashlib.sha1(told.encode()).hexdigest()


def card(license_name: str | None, base_model: str | None, tags: tuple[str, ...], *, text: str) -> bytes:
    """A README.md with its front matter."""
    lines = ["---"]
    lines += [f"license: {license_name}"] if license_name else []
    lines += [f"base_model: {base_model}"] if base_model else []
    lines += ["tags:", *(f"- {tag}" for tag in tags)] if tags else []
    return "\n".join([*lines, "---", "", text, ""]).encode()
