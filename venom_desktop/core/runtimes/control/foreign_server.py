"""Ends a server that somebody else started, where this account may."""

import asyncio

from venom_desktop.core.errors import ControlRefused
from venom_desktop.core.runtimes.control.foreign import belongs_to_us, end_process, owner_of
from venom_desktop.core.runtimes.control.ports import listens_at
from venom_desktop.core.runtimes.control.process_identity import started_mark
from venom_desktop.core.runtimes.control.server_facts import ServerFacts


async def end_foreign(facts: ServerFacts, *, term_within_s: float) -> None:
    """Returns when it is gone. Raises `ControlRefused` for a process of another account, or one nobody can name."""
    pid = facts.pid
    mark = None if pid is None else started_mark(pid)
    if pid is None or mark is None:
        cure = "It belongs to another account or to another machine. End it there."
        raise ControlRefused(problem=f"end the server at {facts.endpoint}", cure=cure)
    if not await asyncio.to_thread(belongs_to_us, pid):
        owner = await asyncio.to_thread(owner_of, pid)
        cure = f"It belongs to {owner or 'another account'}. Run sudo kill {pid} in a terminal."
        raise ControlRefused(problem=f"end the process {pid}", cure=cure)
    if facts.port is not None and not await asyncio.to_thread(listens_at, pid, facts.port):
        # The number is another process' by now, or it stopped listening by itself.
        return
    if not await end_process(pid, mark, term_within_s=term_within_s):
        raise ControlRefused(problem=f"end the process {pid}", cure="It does not end. Restart the machine.")
