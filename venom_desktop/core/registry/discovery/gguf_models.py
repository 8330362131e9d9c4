"""Makes models of the GGUF files of one folder: parts together, a projector beside its model, what is none left out."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from venom_desktop.core.catalog.base import RemoteFile
from venom_desktop.core.catalog.gguf_header import GgufHeader
from venom_desktop.core.catalog.quantizations import choose_projector, level_in
from venom_desktop.core.registry.capabilities import capabilities_from_gguf
from venom_desktop.core.registry.discovery.found import FoundFile, FoundModel, Origin
from venom_desktop.core.registry.discovery.glance import Glances
from venom_desktop.core.registry.own_files import bare_name, named_parts
from venom_desktop.core.registry.own_model import PROJECTOR_ARCHITECTURE, RUNTIME, title_of

SUFFIX: Final = ".gguf"
_NO_MODEL: Final = frozenset({"adapter", "imatrix", "vocab"})
"""Of `general.type`; one without a type is a model."""
_QUANTIZED: Final = re.compile(r"[-_.]?(?:UD-)?(?:I?Q\d\w*|TQ\d_0|MXFP4\w*|BF16|F16|F32|FP16|FP32)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weights:
    parts: tuple[FoundFile, ...]
    header: GgufHeader


def gguf_models(folder: Path, names: Iterable[str], glances: Glances) -> list[FoundModel]:
    """The models among the files `names` of `folder`; what cannot be read is counted by `glances`. Blocks.

    Names and origins are those of any folder; whoever knows better puts them right.
    """
    weights: list[_Weights] = []
    projectors: list[FoundFile] = []
    for parts in _sets(folder, names, glances):
        header = glances.header(parts[0])
        if header is None:
            continue
        if header.architecture == PROJECTOR_ARCHITECTURE:
            projectors.append(parts[0])
        elif is_language_model(header):
            weights.append(_Weights(parts=parts, header=header))
    return [made(one.parts, one.header, projector=_projector_of(one, weights, projectors)) for one in weights]


def is_language_model(header: GgufHeader) -> bool:
    """Layers and a type of their own tell it from adapters, vocabularies and parts of picture generators."""
    kind = header.keys.get("general.type")
    return bool(header.tensor_count and header.number("block_count")) and kind not in _NO_MODEL


def made(parts: tuple[FoundFile, ...], header: GgufHeader, *, projector: FoundFile | None = None) -> FoundModel:
    """The model of these files, told by its header."""
    first = parts[0].path
    capabilities = capabilities_from_gguf(header, has_projector=True if projector else None)
    return FoundModel(
        path=first,
        origin=Origin.FOLDER,
        runtime=RUNTIME,
        name="",
        title=title_of(header, first),
        files=parts,
        projector=projector,
        capabilities=replace(capabilities, quantization=capabilities.quantization or level_in(first.stem)),
        header=header,
    )


def _sets(folder: Path, names: Iterable[str], glances: Glances) -> list[tuple[FoundFile, ...]]:
    """Every whole set of parts, first part first; a file without parts is a set of one."""
    files = {name: file for name in sorted(names) if (file := glances.file(folder / name)) is not None}
    found: list[tuple[FoundFile, ...]] = []
    told: set[Path] = set()
    for file in files.values():
        parts = named_parts(file.path)
        if parts[0] in told:
            continue
        told.add(parts[0])
        there = [files[part.name] for part in parts if part.name in files]
        if len(there) == len(parts):
            found.append(tuple(there))
        else:
            glances.miss_a_part(file.path)
    return found


def _projector_of(one: _Weights, all_weights: Sequence[_Weights], projectors: Sequence[FoundFile]) -> FoundFile | None:
    """The one meant for it: of its own name, or any where the folder holds one model in several precisions."""
    meant = [file for file in projectors if _family(file.path) == _family(one.parts[0].path)]
    if not meant and len({_family(other.parts[0].path) for other in all_weights}) == 1:
        meant = list(projectors)
    named = {file.path.name: file for file in meant}
    chosen = choose_projector([RemoteFile(name=name, size_bytes=None) for name in named])
    return named[chosen.name] if chosen is not None else None


def _family(path: Path) -> str:
    """What is left of a name without `mmproj` and precision."""
    bare = re.sub(r"[-_.]?mmproj[-_.]?", "", bare_name(path), flags=re.IGNORECASE)
    return _QUANTIZED.sub("", bare).casefold()
