"""Which of the official archives run on this machine."""

import platform
import sys
from dataclasses import dataclass
from pathlib import Path

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_AMD_VENDOR = "0x1002"
_JETPACKS = {"R35": "jetpack5", "R36": "jetpack6"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """`archive` is the name before `.tar.zst`; `companions` are ends of names of what its graphics card needs too."""

    archive: str
    companions: tuple[str, ...] = ()


def official_archive() -> str | None:
    """None where the official way is an installer, or where there is no release."""
    architecture = _ARCHITECTURES.get(platform.machine().lower())
    return None if sys.platform != "linux" or architecture is None else f"ollama-linux-{architecture}"


def companions_here() -> tuple[str, ...]:
    """Of this machine. Reads files: call it in a thread."""
    return companions_of(_ARCHITECTURES.get(platform.machine().lower(), ""))


def companions_of(architecture: str, root: Path = Path("/")) -> tuple[str, ...]:
    """As the official installer decides: ROCm for a card of AMD, JetPack for a board of that release."""
    if architecture == "amd64":
        return ("rocm",) if _has_amd_card(root / "sys/class/drm") else ()
    told = _text(root / "etc/nv_tegra_release")
    return tuple(jetpack for release, jetpack in _JETPACKS.items() if release in told)


def _has_amd_card(cards: Path) -> bool:
    return any(_text(vendor).strip().lower() == _AMD_VENDOR for vendor in cards.glob("card*/device/vendor"))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
