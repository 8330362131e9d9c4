"""What app and worker say to each other: the job as one JSON line, then lines of progress, failure or end."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from venom_desktop.core import errors
from venom_desktop.core.downloads.base import DownloadPhase, DownloadPlan, DownloadProgress, FileToFetch
from venom_desktop.core.errors import VenomError


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferLimits:
    """How patient the worker is."""

    connect_s: float = 10.0
    stall_s: float = 20.0
    """The longest silence of a server before the connection counts as broken."""
    tries: int = 6
    """Failures in a row, without one new byte between them, after which it gives up."""
    first_wait_s: float = 0.5
    longest_wait_s: float = 10.0
    longest_told_wait_s: float = 300.0
    """A longer `Retry-After` than this is an error instead of a wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Everything a worker needs, the token included: it is written to its stdin and nowhere else."""

    plan: DownloadPlan
    limits: TransferLimits
    certificate_file: Path | None = None
    only_here: bool = False
    """True while the user works offline: a redirect must not lead away from this machine either."""


@dataclass(frozen=True, slots=True)
class Finished:
    """Every file is in place and verified."""


Report = DownloadProgress | VenomError | Finished

_REPORTED_ERRORS: dict[str, type[VenomError]] = {
    known.reason_code: known
    for known in (
        errors.ChecksumMismatch,
        errors.DiskFull,
        errors.DownloadInterrupted,
        errors.GatedRepository,
        errors.NotFound,
        errors.SizeMismatch,
        errors.SourceBusy,
        errors.SourceChanged,
        errors.StayingOffline,
        errors.StorageFailed,
        errors.TokenRefused,
        errors.UnknownRepository,
        errors.UpstreamFailed,
    )
}


def encode_job(job: Job) -> bytes:
    plan = job.plan
    value = {
        "files": [_file_as_json(file) for file in plan.files],
        "source": plan.source,
        "token": plan.token,
        "token_host": plan.token_host,
        "reserve_bytes": plan.reserve_bytes,
        "limits": {name: getattr(job.limits, name) for name in TransferLimits.__slots__},
        "certificate_file": None if job.certificate_file is None else str(job.certificate_file.absolute()),
        "only_here": job.only_here,
    }
    return json.dumps(value).encode() + b"\n"


def decode_job(line: bytes) -> Job:
    value = json.loads(line)
    plan = DownloadPlan(
        files=tuple(_file_from_json(file) for file in value["files"]),
        source=value["source"],
        token=value["token"],
        token_host=value["token_host"],
        reserve_bytes=value["reserve_bytes"],
    )
    certificate_file = value["certificate_file"]
    return Job(
        plan=plan,
        limits=TransferLimits(**value["limits"]),
        certificate_file=None if certificate_file is None else Path(certificate_file),
        only_here=value["only_here"],
    )


def encode_report(report: Report) -> bytes:
    match report:
        case Finished():
            value: dict[str, Any] = {"report": "finished"}
        case VenomError():
            value = {"report": "failed", "reason_code": report.reason_code, "parameters": report.parameters}
        case DownloadProgress():
            value = {
                "report": "progress",
                "phase": report.phase.value,
                "done_bytes": report.done_bytes,
                "total_bytes": report.total_bytes,
                "file_name": report.file_name,
                "wait_s": report.wait_s,
            }
    return json.dumps(value).encode() + b"\n"


def decode_report(line: bytes) -> Report | None:
    """None for a line that is no report, as a crashing interpreter prints."""
    try:
        value = json.loads(line)
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    match value.pop("report", None):
        case "finished":
            return Finished()
        case "failed":
            return _REPORTED_ERRORS[value["reason_code"]](**value["parameters"])
        case "progress":
            return DownloadProgress(**{**value, "phase": DownloadPhase(value["phase"])})
        case _:
            return None


def _file_as_json(file: FileToFetch) -> dict[str, Any]:
    return {
        "url": file.url,
        # The worker has a working folder of its own.
        "target": str(file.target.absolute()),
        "size_bytes": file.size_bytes,
        "sha256": file.sha256,
        "etag": file.etag,
        "git_sha": file.git_sha,
    }


def _file_from_json(value: dict[str, Any]) -> FileToFetch:
    return FileToFetch(**{**value, "target": Path(value["target"])})
