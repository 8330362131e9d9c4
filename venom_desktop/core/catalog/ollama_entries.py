"""Turns what the library's pages told into catalog rows: tags as quantizations, words as abilities."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from venom_desktop.core.catalog.base import Ability, CatalogEntry, Quantization, RemoteFile
from venom_desktop.core.catalog.ollama_html import SOURCE
from venom_desktop.core.catalog.ollama_numbers import parse_parameters, tag_level, tag_parameters
from venom_desktop.core.catalog.run_on import OLLAMA
from venom_desktop.core.errors import InvalidName, SourceChanged
from venom_desktop.core.json_values import count_in, moment_in, text_in
from venom_desktop.core.registry.model import ModelProvider
from venom_desktop.core.registry.names import check_name, ollama_title

LATEST: Final = "latest"
_CLOUD: Final = "cloud"
_ABILITIES: Final = {
    "vision": Ability.VISION,
    "tools": Ability.TOOLS,
    "thinking": Ability.THINKING,
    "embedding": Ability.EMBEDDING,
}
# A page has other short words, too: on its buttons.
_KNOWN_WORDS: Final = frozenset({*_ABILITIES, _CLOUD, "audio", "image", "insert", "code"})
# Whose models these are; the library's own pages do not say.
_PUBLISHERS: Final = {
    "01.AI": ("yi",),
    "Ai2": ("olmo", "tulu"),
    "Alibaba": ("qwen", "qwq", "codeqwen"),
    "BAAI": ("bge",),
    "BigCode": ("starcoder",),
    "Cohere": ("command", "aya"),
    "DeepSeek": ("deepseek",),
    "Google": ("gemma", "codegemma", "embeddinggemma", "functiongemma", "medgemma", "shieldgemma", "translategemma"),
    "Hugging Face": ("smollm",),
    "IBM": ("granite",),
    "LG AI Research": ("exaone",),
    "Liquid AI": ("lfm",),
    "Meta": ("llama", "codellama"),
    "Microsoft": ("phi",),
    "MiniMax": ("minimax",),
    "Mistral": ("mistral", "mixtral", "codestral", "devstral", "magistral", "ministral", "mathstral"),
    "Moonshot": ("kimi",),
    "Nomic": ("nomic",),
    "Nous Research": ("hermes", "nous-hermes"),
    "NVIDIA": ("nemotron",),
    "OpenAI": ("gpt-oss",),
    "OpenBMB": ("minicpm",),
    "Snowflake": ("snowflake",),
    "TII": ("falcon",),
    "Z.ai": ("glm",),
}
_FAMILY = re.compile(
    "|".join(f"(?P<p{place}>(?:{'|'.join(names)})(?![a-z]))" for place, names in enumerate(_PUBLISHERS.values()))
)


def parse_rows(rows: Any, *, endpoint: str) -> tuple[CatalogEntry, ...]:
    """The rows of a listing, or of the shipped list. Raises `SourceChanged` when it is none."""
    if not isinstance(rows, list):
        raise SourceChanged(source=SOURCE)
    return tuple(entry for row in rows if (entry := _entry(row, endpoint=endpoint)) is not None)


def parse_entry(row: Any, *, endpoint: str) -> CatalogEntry:
    """One row, with its tags where they were read. Raises `SourceChanged`."""
    entry = _entry(row, endpoint=endpoint)
    if entry is None:
        raise SourceChanged(source=SOURCE)
    return entry


def page_path(name: str) -> str:
    """Where the page of `gemma3` or `user/model` is."""
    return f"/{name}" if "/" in name else f"/library/{name}"


def _entry(row: Any, *, endpoint: str) -> CatalogEntry | None:
    if not isinstance(row, Mapping):
        return None
    name, words = row.get("name"), _texts(row.get("words"))
    try:
        title = ollama_title(check_name(name)) if isinstance(name, str) else ""
    except InvalidName:
        return None
    if not isinstance(name, str):
        return None
    told = [tag for tag in _list(row.get("tags")) if isinstance(tag, Mapping) and isinstance(tag.get("tag"), str)]
    sizes = _texts(row.get("sizes"))
    only_cloud = not any(count_in(tag.get("size_bytes")) for tag in told) if told else _CLOUD in words and not sizes
    quantizations = None if only_cloud else _quantizations(told, sizes)
    first = next(iter(quantizations or ()), None)
    known = [choice.size_bytes for choice in quantizations or () if choice.size_bytes is not None]
    sees = any("image" in _texts(tag.get("inputs")) for tag in told)
    return CatalogEntry(
        provider=ModelProvider.OLLAMA,
        model_name=name,
        display_name=title,
        publisher=_publisher(name),
        description=text_in(row.get("description")),
        parameters=_parameters(quantizations, sizes),
        quantizations=() if only_cloud else quantizations,
        size_range_bytes=(min(known), max(known)) if known else None,
        license=text_in(row.get("license")),
        gated=False,
        private=False,
        downloads=count_in(row.get("pulls")),
        updated=moment_in(row.get("updated")),
        abilities=frozenset(_ABILITIES[word] for word in words if word in _ABILITIES)
        | (frozenset({Ability.VISION}) if sees else frozenset()),
        context_length=first.context_length if first else None,
        runtimes=() if only_cloud else (OLLAMA,),
        tags=tuple(word for word in words if word in _KNOWN_WORDS),
        page_url=f"{endpoint}{page_path(name)}",
        only_cloud=only_cloud,
    )


def _quantizations(tags: Sequence[Mapping[str, Any]], sizes: Sequence[str]) -> tuple[Quantization, ...] | None:
    """One for each tag that can be installed, `latest` first; before the tags were read one for each size."""
    if not tags:
        # Every size is a tag, too.
        return (
            tuple(Quantization(label=size, files=(RemoteFile(name=size, size_bytes=None),)) for size in sizes) or None
        )
    groups: dict[str, list[str]] = {}
    for tag in tags:
        groups.setdefault(text_in(tag.get("digest")) or tag["tag"], []).append(tag["tag"])
    found = [
        _quantization(tag, group=groups[text_in(tag.get("digest")) or tag["tag"]])
        for tag in tags
        if count_in(tag.get("size_bytes")) and _is_usable(tag["tag"])
    ]
    return tuple(sorted(found, key=lambda choice: choice.label != LATEST))


def _quantization(tag: Mapping[str, Any], *, group: Sequence[str]) -> Quantization:
    """`group` are the tags of one digest: the longest one tells the quantization, the shortest is what people say."""
    label: str = tag["tag"]
    others = sorted((other for other in group if other not in (label, LATEST)), key=lambda other: (len(other), other))
    longest_first = sorted(group, key=lambda other: -len(other))
    return Quantization(
        label=label,
        files=(RemoteFile(name=label, size_bytes=count_in(tag.get("size_bytes"))),),
        level=next((level for other in (label, *longest_first) if (level := tag_level(other))), None),
        digest=text_in(tag.get("digest")),
        same_as=_same_as(label, others),
        context_length=count_in(tag.get("context")),
    )


def _same_as(label: str, others: Sequence[str]) -> str | None:
    """What `latest` stands for now; of any other tag the one that says more."""
    if label == LATEST:
        return next(iter(others), None)
    return others[-1] if others and len(others[-1]) > len(label) else None


def _parameters(quantizations: Sequence[Quantization] | None, sizes: Sequence[str]) -> int | None:
    """Of the model there is, or of the one that `latest` stands for; None where there are several and nothing tells."""
    counts = {parse_parameters(size) for size in sizes}
    if len(counts) == 1:
        return counts.pop()
    latest = next((choice for choice in quantizations or () if choice.label == LATEST), None)
    return tag_parameters(latest.same_as) if latest is not None and latest.same_as else None


def _publisher(name: str) -> str | None:
    user, slash, _ = name.partition("/")
    if slash:
        return user
    match = _FAMILY.match(name)
    return None if match is None or match.lastgroup is None else tuple(_PUBLISHERS)[int(match.lastgroup[1:])]


def _is_usable(tag: str) -> bool:
    try:
        return "/" not in check_name(tag) and ":" not in tag
    except InvalidName:
        return False


def _texts(value: Any) -> list[str]:
    return [text for text in _list(value) if isinstance(text, str)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
