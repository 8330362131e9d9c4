"""Which folders are looked through: ours, those of other programs where they say they are, and the user's own."""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from venom_desktop.core.json_values import mapping_in, text_in
from venom_desktop.core.registry.discovery.found import Origin

_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`is_wanted`: the user named it, so that it is told when it cannot be read."""

    origin: Origin
    folder: Path
    is_wanted: bool = False


def places(
    environ: Mapping[str, str], *, models_dir: Path, ollama_folder: Path | None = None, folders: Iterable[Path] = ()
) -> tuple[Place, ...]:
    """Each folder once, ours first. Reads two small files of LM Studio: blocks.

    Without a home folder in `environ` nothing of other programs is looked for. `ollama_folder` is where the server of
    now keeps its models, where that is known.
    """
    told = environ.get("HOME") or environ.get("USERPROFILE")
    home = Path(told) if told and Path(told).is_absolute() else None
    found = [
        Place(origin=Origin.MODELS_FOLDER, folder=models_dir),
        *(Place(origin=Origin.HUGGING_FACE, folder=folder) for folder in _hugging_face(environ, home)),
        *(Place(origin=Origin.LM_STUDIO, folder=folder) for folder in _lm_studio(home)),
        *(Place(origin=Origin.OLLAMA, folder=folder) for folder in _ollama(environ, home, ollama_folder)),
        *(Place(origin=Origin.FOLDER, folder=folder, is_wanted=True) for folder in folders),
    ]
    once: dict[str, Place] = {}
    for place in found:
        once.setdefault(os.path.realpath(place.folder), place)
    return tuple(once.values())


def _hugging_face(environ: Mapping[str, str], home: Path | None) -> list[Path]:
    """As huggingface_hub finds it (its constants.py)."""
    for variable, below in (
        ("HF_HUB_CACHE", ""),
        ("HUGGINGFACE_HUB_CACHE", ""),
        ("HF_HOME", "hub"),
        ("XDG_CACHE_HOME", "huggingface/hub"),
    ):
        told = environ.get(variable, "").strip()
        if told and home is not None and told.startswith("~/"):
            told = str(home / told[2:])
        if told and Path(told).is_absolute():
            return [Path(told, below)]
    return [] if home is None else [home / ".cache" / "huggingface" / "hub"]


def _lm_studio(home: Path | None) -> list[Path]:
    """Its home may be named by a pointer, and its models folder by its settings."""
    if home is None:
        return []
    homes = [home / ".lmstudio", home / ".cache" / "lm-studio"]
    pointed = _small(home / ".lmstudio-home-pointer").decode("utf-8", "replace").strip()
    if pointed and "\0" not in pointed and Path(pointed).is_absolute():
        homes.insert(0, Path(pointed))
    chosen = [folder for one in homes if (folder := _downloads_folder(one / "settings.json")) is not None]
    return [*chosen, *(one / "models" for one in homes)]


def _downloads_folder(settings: Path) -> Path | None:
    try:
        told = text_in(mapping_in(json.loads(_small(settings))).get("downloadsFolder"))
    except (ValueError, RecursionError):
        return None
    return Path(told) if told and "\0" not in told and Path(told).is_absolute() else None


def _ollama(environ: Mapping[str, str], home: Path | None, known: Path | None) -> list[Path]:
    told = environ.get("OLLAMA_MODELS", "").strip()
    found = [folder for folder in (known, Path(told) if told else None) if folder is not None and folder.is_absolute()]
    return found if home is None else [*found, home / ".ollama" / "models"]


def _small(path: Path) -> bytes:
    """Empty for what is not there, no file or unreadable."""
    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(_MOST_BYTES)
    except OSError:
        return b""
