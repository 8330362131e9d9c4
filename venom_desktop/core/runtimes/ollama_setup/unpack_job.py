"""What app and unpacking process say to each other: the job as one JSON line, then lines of progress or the end."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from venom_desktop.core.errors import DiskFull, NoRoomForProgram, StorageFailed, UnsafeArchive, VenomError
from venom_desktop.core.runtimes.ollama_setup.limits import UnpackLimits


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpackJob:
    """`archives` go together into `folder`, which must not exist; `title` names it all when there is no room."""

    archives: tuple[Path, ...]
    folder: Path
    title: str
    limits: UnpackLimits
    reserve_bytes: int
    """Free space that must remain on the volume."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpackProgress:
    """Bytes written; `total_bytes` None while the archives are being judged."""

    done_bytes: int
    total_bytes: int | None


@dataclass(frozen=True, slots=True)
class Finished:
    """Everything is unpacked and on the disk."""


UnpackReport = UnpackProgress | VenomError | Finished

_REPORTED_ERRORS: dict[str, type[VenomError]] = {
    known.reason_code: known for known in (DiskFull, NoRoomForProgram, StorageFailed, UnsafeArchive)
}


def encode_job(job: UnpackJob) -> bytes:
    value = {
        "archives": [str(archive.absolute()) for archive in job.archives],
        "folder": str(job.folder.absolute()),
        "title": job.title,
        "limits": {"total_bytes": job.limits.total_bytes, "entries": job.limits.entries},
        "reserve_bytes": job.reserve_bytes,
    }
    return json.dumps(value).encode() + b"\n"


def decode_job(line: bytes) -> UnpackJob:
    value = json.loads(line)
    return UnpackJob(
        archives=tuple(Path(archive) for archive in value["archives"]),
        folder=Path(value["folder"]),
        title=value["title"],
        limits=UnpackLimits(**value["limits"]),
        reserve_bytes=value["reserve_bytes"],
    )


def encode_report(report: UnpackReport) -> bytes:
    match report:
        case Finished():
            value: dict[str, Any] = {"report": "finished"}
        case VenomError():
            value = {"report": "failed", "reason_code": report.reason_code, "parameters": report.parameters}
        case UnpackProgress():
            value = {"report": "progress", "done_bytes": report.done_bytes, "total_bytes": report.total_bytes}
    return json.dumps(value).encode() + b"\n"


def decode_report(line: bytes) -> UnpackReport | None:
    """None for a line that is no report, as a crashing interpreter prints."""
    try:
        value = json.loads(line)
        match value.pop("report"):
            case "finished":
                return Finished()
            case "failed":
                return _REPORTED_ERRORS[value["reason_code"]](**value["parameters"])
            case "progress":
                return UnpackProgress(done_bytes=value["done_bytes"], total_bytes=value["total_bytes"])
            case _:
                return None
    except (ValueError, TypeError, LookupError, AttributeError):
        return None
