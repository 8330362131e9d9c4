"""The download process: takes one job from its stdin, reports on its stdout, and ends when its stdin closes.

Started by `client.py` as `python -m venom_desktop.core.downloads.worker`.
"""

import os
import sys
import threading

from venom_desktop.core.downloads.base import FileToFetch
from venom_desktop.core.downloads.checksum import add_file, digest_for, is_named_by
from venom_desktop.core.downloads.job import Finished, Job, Report, decode_job, encode_report
from venom_desktop.core.downloads.ledger import Ledger
from venom_desktop.core.downloads.partial import PartialFile, storage_errors
from venom_desktop.core.downloads.source import Source
from venom_desktop.core.downloads.transfer import Transfer
from venom_desktop.core.errors import VenomError

_REPORT_EVERY_S = 0.25


def main() -> None:
    """Run the one job; the exit status is 0 when every file is in place, 1 for a failure that was reported."""
    line = sys.stdin.buffer.readline()
    if not line:
        return
    # At once, so that a closed stdin ends even a worker that waits for a silent server.
    threading.Thread(target=_end_with_stdin, name="stdin", daemon=True).start()
    job = decode_job(line)
    ledger = Ledger(job.plan)
    reporter = _Reporter(ledger)
    try:
        _fetch_all(job, ledger)
    except VenomError as error:
        reporter.end(error)
        os._exit(1)
    reporter.end(Finished())
    os._exit(0)


class _Reporter:
    """Says how far the job is four times a second, whatever the transfer waits for."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="report", daemon=True)
        self._thread.start()

    def end(self, report: Report) -> None:
        """Say the last progress, then `report`."""
        self._ended.set()
        self._thread.join()
        _say(self._ledger.progress())
        _say(report)

    def _run(self) -> None:
        _say(self._ledger.progress())
        while not self._ended.wait(_REPORT_EVERY_S):
            _say(self._ledger.progress())


def _fetch_all(job: Job, ledger: Ledger) -> None:
    plan = job.plan
    source = Source(
        name=plan.source,
        token=plan.token,
        token_host=plan.token_host,
        limits=job.limits,
        certificate_file=job.certificate_file,
        only_here=job.only_here,
    )
    for index, file in enumerate(plan.files):
        ledger.begin_file(index)
        if not _is_in_place(file, ledger):
            part = PartialFile(file, reserve_bytes=plan.reserve_bytes)
            try:
                Transfer(file, part, source=source, ledger=ledger).run()
            finally:
                part.close()
        ledger.complete_file(file.target.stat().st_size)


def _is_in_place(file: FileToFetch, ledger: Ledger) -> bool:
    """True when the target is there with the right size and checksum; what cannot be told is fetched again."""
    with storage_errors(file.target):
        try:
            size = file.target.stat().st_size
        except FileNotFoundError:
            return False
        if file.size_bytes != size:
            return False
        digest = digest_for(file)
        if digest is None:
            return True
        ledger.checking()
        add_file(digest, file.target)
    return is_named_by(digest.hexdigest(), file)


def _say(report: Report) -> None:
    try:
        sys.stdout.buffer.write(encode_report(report))
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        os._exit(1)


def _end_with_stdin() -> None:
    while os.read(0, 4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    main()
