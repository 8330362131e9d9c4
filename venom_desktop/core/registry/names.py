"""Which model names are usable, and what repositories, Ollama models and local files are called (SPEC 1 and 10)."""

import hashlib
import ipaddress
import itertools
import re
import unicodedata
from collections.abc import Container
from pathlib import PurePath

from venom_desktop.core.errors import InvalidName
from venom_desktop.core.registry.model import ModelKey

_NAME = re.compile(r"[A-Za-z0-9_\-.:/]{1,200}")
_REPOSITORY = re.compile(r"(?P<repository>[A-Za-z0-9_\-.]+/[A-Za-z0-9_\-.]+)(?::(?P<quantization>[A-Za-z0-9_\-.]+))?")
_SHARD = re.compile(r"-\d{5}-of-\d{5}$")
_SIZE = re.compile(r"(?:\d+x)?\d+(?:\.\d+)?[bm]")
_QUANTIZATION = re.compile(r"i?q\d\w*|(?:b?f|fp)\d+")
_VERSION = re.compile(r"v\d")
_SLUG_LENGTH = 120
_REMOTE = "remote-"
_REMOTE_SLUG_LENGTH = 40


def check_name(name: str) -> str:
    """`name` itself when it is usable; raises `InvalidName` with one sentence when it is not."""
    if not _NAME.fullmatch(name) or any(part in ("", ".", "..") for part in name.split("/")):
        raise InvalidName
    return name


def parse_repository(name: str) -> tuple[str, str | None]:
    """`org/name:QUANT` as (repository, quantization); None leaves the choice to the fit. Raises `InvalidName`."""
    match = _REPOSITORY.fullmatch(check_name(name))
    if match is None:
        raise InvalidName
    return match["repository"], match["quantization"]


def ollama_name(name: str) -> str:
    """Ollama's own name for what the user typed. Raises `InvalidName`.

    No tag means `:latest`, and what is meant when nothing is said is left out: its registry, and the library there.
    """
    parts = check_name(name).split("/")
    if len(parts) == 3 and parts[0].lower() == "registry.ollama.ai":
        parts = parts[1:]
    if len(parts) == 2 and parts[0].lower() == "library":
        parts = parts[1:]
    short = "/".join(parts)
    return short if ":" in parts[-1] else check_name(f"{short}:latest")


def key_for(name: str, runtime: str) -> ModelKey:
    """The row that `name` on `runtime` stands for. Raises `InvalidName`."""
    return ModelKey(name=ollama_name(name) if runtime == "ollama" else check_name(name), runtime=runtime)


def slug_for_file(path: PurePath, taken: Container[str] = ()) -> str:
    """A usable name for the user's own file, not among `taken`; the same file gets the same one."""
    stem = _SHARD.sub("", path.stem)
    folded = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^A-Za-z0-9_\-.]+", "-", folded).strip("-.")[:_SLUG_LENGTH].rstrip("-.")
    if not slug:
        # Nothing of the name is Latin: its checksum at least tells two such files apart.
        slug = f"model-{hashlib.sha256(stem.encode(errors='surrogateescape')).hexdigest()[:8]}"
    return check_name(free_name(slug, taken))


def free_name(name: str, taken: Container[str]) -> str:
    """`name`, or with a number behind it where that is taken."""
    numbered = (f"{name}-{count}" for count in itertools.count(2))
    return name if name not in taken else next(one for one in numbered if one not in taken)


def is_remote(runtime: str) -> bool:
    """Whether a runtime of this name is a server elsewhere: it is not started or stopped here, and keeps its models."""
    return runtime.startswith(_REMOTE)


def remote_name(title: str, taken: Container[str] = ()) -> str:
    """`remote-<slug>` for a server of this title, not among `taken`."""
    folded = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", folded).strip("-")[:_REMOTE_SLUG_LENGTH].rstrip("-") or "server"
    return free_name(f"{_REMOTE}{slug}", taken)


def ollama_title(name: str) -> str:
    """An Ollama name as a person would say it: `gemma3:4b` is "Gemma3 4B"; of a name of the hub the repository."""
    path, _, tag = ollama_name(name).rpartition(":")
    words = [word for word in re.split("[-_]+", path.rpartition("/")[2]) if word]
    if is_from_hugging_face(name):
        return " ".join(word for word in words if word.lower() != "gguf") or name
    if tag != "latest":
        words += [word for word in tag.split("-") if word]
    return " ".join(map(_as_said, words)) or name


def is_from_hugging_face(name: str) -> bool:
    """Whether Ollama fetched it from the hub."""
    return name.lower().startswith(("hf.co/", "huggingface.co/"))


def is_this_machine(host: str) -> bool:
    """Whether a registry's host, which has to come with its port, is this machine: it speaks plain http then."""
    return is_this_host(host.rpartition(":")[0])


def is_this_host(name: str) -> bool:
    """Whether a host without its port is this machine."""
    try:
        return name.lower() == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _as_said(word: str) -> str:
    if _SIZE.fullmatch(word):
        return word[:-1] + word[-1].upper()
    if _QUANTIZATION.fullmatch(word):
        return word.upper()
    return word if _VERSION.match(word) else word[:1].upper() + word[1:]
