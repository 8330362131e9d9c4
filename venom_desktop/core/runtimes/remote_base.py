"""What a remote server is to us: its kind, where it is, on which terms it answers, and what a look at it found."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from venom_desktop.core.errors import InvalidInput
from venom_desktop.core.governance.base import NO_TERMS, Terms
from venom_desktop.core.registry.model import ModelMetadata, ModelProvider
from venom_desktop.core.registry.names import is_this_host
from venom_desktop.core.runtimes.base import LoadedModel

LONGEST_TITLE = 60
_LONGEST_URL = 500


class RemoteKind(StrEnum):
    """How a server speaks."""

    OLLAMA = "ollama"
    OPENAI = "openai"

    @property
    def words(self) -> str:
        return "Ollama" if self is RemoteKind.OLLAMA else "OpenAI-compatible"

    @property
    def provider(self) -> ModelProvider:
        return ModelProvider.OLLAMA if self is RemoteKind.OLLAMA else ModelProvider.OPENAI


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteDraft:
    """What a user says of a server; `checked` makes it usable."""

    title: str
    kind: RemoteKind
    url: str
    certificate_file: Path | None = None
    terms: Terms = NO_TERMS

    def checked(self) -> "RemoteDraft":
        """With title and address in their usual form. Raises `InvalidInput`."""
        title = " ".join(self.title.split())
        if not title or len(title) > LONGEST_TITLE or not title.isprintable():
            raise InvalidInput(problem=f"A server needs a name of 1 to {LONGEST_TITLE} letters.")
        if self.certificate_file is not None and not self.certificate_file.is_absolute():
            raise InvalidInput(problem="The file of the authority is an absolute path of this machine.")
        return RemoteDraft(
            title=title,
            kind=self.kind,
            url=checked_url(self.url),
            certificate_file=self.certificate_file,
            terms=self.terms.checked(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteServer:
    """One server that was added. `name` is its runtime's and never changes; `url` is the base without `/v1`.

    `key_name` is what the vault calls its key, a word of chance: another server that is called the same later must not
    find the key of this one.
    """

    name: str
    key_name: str
    title: str
    kind: RemoteKind
    url: str
    certificate_file: Path | None = None
    """The authorities to believe, instead of the system's (PEM)."""
    terms: Terms = NO_TERMS

    @property
    def draft(self) -> RemoteDraft:
        """What the user said of it, to be changed or tried."""
        return RemoteDraft(
            title=self.title,
            kind=self.kind,
            url=self.url,
            certificate_file=self.certificate_file,
            terms=self.terms,
        )

    @classmethod
    def of(cls, draft: RemoteDraft, *, name: str, key_name: str) -> "RemoteServer":
        """`draft` is `checked`."""
        return cls(
            name=name,
            key_name=key_name,
            title=draft.title,
            kind=draft.kind,
            url=draft.url,
            certificate_file=draft.certificate_file,
            terms=draft.terms,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a look at a server found. `loaded` is what it has in memory, whoever put it there; None is untold."""

    models: tuple[ModelMetadata, ...]
    version: str | None = None
    loaded: tuple[LoadedModel, ...] | None = None


class RemoteWire(Protocol):
    """One server's language.

    Every call raises `RemoteUnreachable`, `RemoteUntrusted`, `RemoteKeyRefused`, `RemoteKeyMissing`, `RemoteElsewhere`,
    `NotAModelServer`, `UpstreamSlow`, `SourceBusy`, `UpstreamFailed`.
    """

    async def look(self) -> Found:
        """Its models, and what else it tells at once; within seconds."""

    async def beat(self) -> object:
        """The smallest question there is, to see whether it lives."""

    async def describe(self, model: ModelMetadata) -> ModelMetadata:
        """With what only a question about this one model tells. Raises `UnknownModel`."""

    async def load(self, name: str) -> None:
        """Take it into memory, where that can be asked for. Raises `UnknownModel`, `ModelNotLoaded`."""

    async def unload(self, name: str) -> None:
        """Let it go, where that can be asked for."""


def checked_url(text: str) -> str:
    """The base address without `/v1` and slash. Raises `InvalidInput`, and never repeats what may be a key in it."""
    url = text.strip()
    if "://" not in url:
        url = f"http://{url}"
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname
    except ValueError as error:
        raise InvalidInput(problem="This is not an address. Give one like https://models.example.org:8000.") from error
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise InvalidInput(problem="The address holds more than host, port and path. A key has a field of its own.")
    usable = parts.scheme in ("http", "https") and host and len(url) <= _LONGEST_URL and port != 0
    if not usable or not url.isascii() or any(sign <= " " for sign in url):
        raise InvalidInput(problem="This is not an address. Give one like https://models.example.org:8000.")
    path = parts.path.rstrip("/").removesuffix("/v1").rstrip("/")
    return f"{parts.scheme}://{parts.netloc.lower()}{path}"


def origin_of(url: str) -> str:
    """Scheme, host and port: what a key belongs to."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def host_of(url: str) -> str:
    """Host and port as they are read."""
    return urlsplit(url).netloc


def carries_openly(url: str) -> bool:
    """Whether a key would travel to another machine without encryption."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not is_this_host(parts.hostname or "")
