"""A program of its own that claims a home and answers until its standard input closes."""

import asyncio
import sys
from pathlib import Path

from venom_desktop.app.instance import InstanceServer
from venom_desktop.app.instance_door import Claim, claim_or_ask


class PrintingAnswers:
    async def show(self) -> None:
        say("shown")

    async def open_file(self, file: Path) -> None:
        say(f"opened {file}")

    async def api(self) -> tuple[str, str]:
        return "http://127.0.0.1:1", "token"


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def serve(claim: Claim) -> None:
    server = InstanceServer(claim, PrintingAnswers())
    await server.start()
    say("first")
    await asyncio.to_thread(sys.stdin.read)
    await server.close()
    claim.release()


if __name__ == "__main__":
    met = claim_or_ask(Path(sys.argv[1]), {"request": "show"})
    if isinstance(met, Claim):
        asyncio.run(serve(met))
    else:
        say(f"second {met['ok']}")
