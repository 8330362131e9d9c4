"""Turns the file names of a repository into installable variants: shards together, projector included, labels read."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from types import MappingProxyType
from typing import Final

from venom_desktop.core.catalog.base import Quantization, RemoteFile
from venom_desktop.core.catalog.weight_bits import bits_per_weight
from venom_desktop.core.errors import UnknownQuantization

LATEST: Final = "latest"
"""The tag that Ollama takes where none is named."""
PICKLE_SUFFIXES: Final = (".bin", ".pt", ".pth", ".ckpt", ".pkl")

_SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})", re.IGNORECASE)
_LABEL = re.compile(
    r"(?<![A-Za-z0-9])(?:UD-)?(?:"
    r"I?Q\d_(?:K|0|1|NL|XXS|XS|S|M|L)(?:_(?:XXS|XS|S|M|L|XL|XXL|P|\d_\d))*"
    r"|TQ\d_0|MXFP\d(?:_MOE)?|NVFP4|BF16|FP?16|FP?32"
    r")(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_NOT_A_MODEL = ("imatrix", "ggml-vocab")
_PROJECTOR_ORDER = ("F16", "BF16", "F32")

# Best first. Four bits are the sweet spot: larger ones cost memory and speed for a difference that is hard to notice,
# smaller ones lose quality quickly. So the four-bit ones come first, then the next larger, then what is left.
_PREFERENCE: Mapping[str, int] = MappingProxyType(
    {
        label: rank
        for rank, label in enumerate(
            (
                *("Q4_K_M", "UD-Q4_K_XL", "UD-Q4_K_M", "MXFP4_MOE", "MXFP4", "Q4_K_L", "Q4_K_XL", "Q4_K_S"),
                *("UD-Q4_K_S", "IQ4_NL", "UD-IQ4_NL", "IQ4_XS", "UD-IQ4_XS", "Q4_1", "Q4_0"),
                *("Q5_K_M", "UD-Q5_K_XL", "UD-Q5_K_M", "Q5_K_L", "Q5_K_S", "UD-Q5_K_S", "Q5_1", "Q5_0"),
                *("Q6_K", "UD-Q6_K_XL", "UD-Q6_K", "Q6_K_L", "Q8_0", "UD-Q8_K_XL", "Q8_K_XL"),
            )
        )
    }
)


def group_files(files: Iterable[RemoteFile]) -> tuple[Quantization, ...]:
    """The variants of a repository, smallest first: by their files where all sizes are known, else by bits.

    Incomplete sets of shards, importance matrices and vocabularies are left out. Two variants of one label keep their
    file names as labels, all but the one with the shortest name.
    """
    gguf = [file for file in files if file.name.lower().endswith(".gguf") and not _is_no_model(file.name)]
    projectors = [file for file in gguf if _is_projector(file.name)]
    sets = _sets_of_shards(file for file in gguf if not _is_projector(file.name))
    found: dict[str, Quantization] = {}
    for stem, shards in sorted(sets.items(), key=lambda item: (len(item[0]), item[0])):
        label = label_of(stem)
        if label in found:
            label = _plain(stem.rpartition("/")[2])
        projector = choose_projector(projectors, folder=stem.rpartition("/")[0])
        found.setdefault(label, Quantization(label=label, files=shards, projector=projector))
    return _in_order(found.values())


def label_of(stem: str) -> str:
    """`Q4_K_M` of `org-model.Q4_K_M`; the folder tells where the name does not, else the name itself is the label."""
    folder, _, name = stem.rpartition("/")
    return level_in(name) or level_in(folder) or _plain(name)


def level_in(text: str) -> str | None:
    """The quantization a name tells, `Q4_K_M` of `org-model.Q4_K_M`; None when it tells none."""
    labels: list[str] = _LABEL.findall(text)
    return labels[-1].upper().replace("FP16", "F16").replace("FP32", "F32") if labels else None


def choose_projector(projectors: Sequence[RemoteFile], *, folder: str = "") -> RemoteFile | None:
    """F16 runs everywhere, then BF16, F32, and the rest by name; one in the model's own folder is meant for it."""

    def rank(file: RemoteFile) -> tuple[bool, int, str]:
        own, _, name = file.name.rpartition("/")
        label = label_of(name.removesuffix(".gguf"))
        place = _PROJECTOR_ORDER.index(label) if label in _PROJECTOR_ORDER else len(_PROJECTOR_ORDER)
        return own != folder, place, name

    return min(projectors, key=rank, default=None)


def default_quantization(
    quantizations: Sequence[Quantization], fits: Callable[[Quantization], bool]
) -> Quantization | None:
    """The best one that fits this machine; None when none does.

    Four-bit ones first (Q4_K_M before the others), then five, six and eight bits, then three bits and fewer by falling
    quality, 16 bits and unknown labels last. Of a library's tags the one that `latest` stands for, else the largest
    below it.
    """
    latest = next((choice for choice in quantizations if choice.label == LATEST), None)
    if latest is not None:
        return _best_tag(latest, quantizations, fits)
    return next((choice for choice in sorted(quantizations, key=_preference) if fits(choice)), None)


def _best_tag(
    latest: Quantization, tags: Sequence[Quantization], fits: Callable[[Quantization], bool]
) -> Quantization | None:
    """Under its own name, not under the one that means another model next month."""
    meant = next((choice for choice in tags if choice.label == latest.same_as), latest)
    if fits(meant):
        return meant
    most = latest.size_bytes
    smaller = [
        (size, choice)
        for choice in tags
        if (size := choice.size_bytes) is not None and (most is None or size < most) and fits(choice)
    ]
    return max(smaller, key=lambda one: (one[0], -len(one[1].label)), default=(0, None))[1]


def find_quantization(model_name: str, quantizations: Sequence[Quantization], label: str) -> Quantization:
    """The variant of this label, upper or lower case; raises `UnknownQuantization` naming what is offered."""
    for choice in quantizations:
        if choice.label.lower() == label.lower():
            return choice
    offered = ", ".join(choice.label for choice in quantizations) or "none"
    raise UnknownQuantization(model_name=model_name, quantization=label, offered=offered)


def only_pickle(names: Iterable[str]) -> bool:
    """True when the weights exist only in a form that can run code on opening."""
    lower = [name.lower() for name in names]
    safe = any(name.endswith((".gguf", ".safetensors")) for name in lower)
    return not safe and any(name.endswith(PICKLE_SUFFIXES) for name in lower)


def _sets_of_shards(files: Iterable[RemoteFile]) -> dict[str, tuple[RemoteFile, ...]]:
    ordered = sorted(files, key=lambda file: file.name)
    sets = {}
    for (stem, count), group in groupby(ordered, key=lambda file: _stem(file.name)):
        shards = tuple(group)
        if len(shards) == count:
            sets[stem] = shards
    return sets


def _stem(name: str) -> tuple[str, int]:
    """Name without suffix and shard number, and how many files belong to it."""
    bare = name[: -len(".gguf")]
    match = _SHARD.fullmatch(bare)
    return (bare, 1) if match is None else (match["stem"], int(match["count"]))


def _is_projector(name: str) -> bool:
    return "mmproj" in name.rpartition("/")[2].lower()


def _is_no_model(name: str) -> bool:
    return any(word in name.lower() for word in _NOT_A_MODEL)


def _plain(name: str) -> str:
    """A label that can stand behind the colon of `org/name:label`."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name)


def _in_order(choices: Iterable[Quantization]) -> tuple[Quantization, ...]:
    # The projector is the same for all: one of unknown size says nothing against the sizes of the models.
    weights = {choice: _weights_bytes(choice) for choice in choices}
    comparable = all(size is not None for size in weights.values())

    def place(choice: Quantization) -> tuple[float, str]:
        size = weights[choice] if comparable else bits_per_weight(choice.label)
        return (size if size is not None else float("inf"), choice.label)

    return tuple(sorted(weights, key=place))


def _weights_bytes(choice: Quantization) -> int | None:
    sizes = [file.size_bytes for file in choice.files]
    return None if any(size is None for size in sizes) else sum(size for size in sizes if size is not None)


def _preference(choice: Quantization) -> tuple[float, float]:
    rank = _PREFERENCE.get(choice.label)
    if rank is not None:
        return rank, 0.0
    bits = bits_per_weight(choice.label)
    if bits is None:
        return len(_PREFERENCE) + 2, 0.0
    return (len(_PREFERENCE) + (0 if bits < 16 else 1)), -bits if bits < 16 else bits
