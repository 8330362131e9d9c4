"""Takes an Ollama name apart as its server does: host, namespace, model, tag (types/model/name.go of 0.16)."""

import re
from dataclasses import dataclass
from typing import Final

from venom_desktop.core.errors import InvalidName
from venom_desktop.core.registry.names import check_name

HUB_HOSTS: Final = frozenset({"hf.co", "huggingface.co"})
LIBRARY_HOSTS: Final = frozenset({"registry.ollama.ai", "ollama.com", "ollama.ai"})
LIBRARY: Final = "library"
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,79}")
_HOST = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.\-]{0,199}|::1)(?::\d{1,5})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class OllamaName:
    """`host` None is the library's registry."""

    host: str | None
    namespace: str
    model: str
    tag: str

    @property
    def path(self) -> str:
        return f"{self.namespace}/{self.model}"

    @property
    def is_on_the_hub(self) -> bool:
        return self.host is not None and self.host.lower() in HUB_HOSTS


def parse_ollama_name(name: str) -> OllamaName:
    """`llama3`, `llama3:8b`, `user/model:tag`, `hf.co/org/repo:Q4_K_M`, `host[:port]/ns/model:tag`. `InvalidName`."""
    path, colon, tag = check_name(name).rpartition(":")
    if not colon or "/" in tag:
        path, tag = name, "latest"
    host, namespace, model = ("", "", *path.rsplit("/", 2))[-3:]
    namespace = namespace or LIBRARY
    if not all(_PART.fullmatch(part) for part in (namespace, model, tag)) or (host and not _HOST.fullmatch(host)):
        raise InvalidName
    own = not host or host.lower() in LIBRARY_HOSTS
    return OllamaName(host=None if own else host, namespace=namespace, model=model, tag=tag)
