"""Names as Ollama reads them: `[host/][namespace/]model[:tag]`, with its defaults filled in."""

import re
from dataclasses import dataclass
from pathlib import Path

DEFAULT_HOST = "registry.ollama.ai"
_HOST = re.compile(r"\w[\w\-.:]{0,349}", re.ASCII)
_NAMESPACE = re.compile(r"\w[\w\-]{0,79}", re.ASCII)
_PART = re.compile(r"\w[\w\-.]{0,79}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    host: str
    namespace: str
    model: str
    tag: str

    @property
    def short(self) -> str:
        """As lists tell it: default parts left out, the tag always there."""
        last = f"{self.model}:{self.tag}"
        if self.host.lower() != DEFAULT_HOST:
            return f"{self.host}/{self.namespace}/{last}"
        return last if self.namespace.lower() == "library" else f"{self.namespace}/{last}"

    @property
    def full(self) -> str:
        return f"{self.host}/{self.namespace}/{self.model}:{self.tag}"

    @property
    def path(self) -> Path:
        return Path(self.host, self.namespace, self.model, self.tag)


def parse(text: str) -> Name | None:
    """None for what Ollama does not take for a name."""
    rest, tag = text, "latest"
    if text.rfind(":") > text.rfind("/"):
        rest, _, tag = text.rpartition(":")
    rest, _, model = rest.rpartition("/")
    rest, _, namespace = rest.rpartition("/")
    host = rest.rpartition("://")[2]
    name = Name(host=host or DEFAULT_HOST, namespace=namespace or "library", model=model, tag=tag)
    usable = (
        _HOST.fullmatch(name.host)
        and _NAMESPACE.fullmatch(name.namespace)
        and _PART.fullmatch(model)
        and _PART.fullmatch(tag)
    )
    return name if usable else None
