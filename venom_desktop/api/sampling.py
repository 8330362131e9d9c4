"""The machine's last sample, for requests that come before the first one was taken."""

import asyncio

from venom_desktop.core.host.monitor import HostMonitor
from venom_desktop.core.host.sample import HostSample


async def latest_sample(host: HostMonitor) -> HostSample:
    """The newest one; the server listens as long as it runs, so it is at most some seconds old."""
    if host.last is not None:
        return host.last
    first: asyncio.Future[HostSample] = asyncio.get_running_loop().create_future()

    def take(sample: HostSample) -> None:
        if not first.done():
            first.set_result(sample)

    end = host.subscribe(take)
    try:
        return await first
    finally:
        end()
