"""`venom-desktop remote`: servers elsewhere from the command line; a key comes from a pipe or the environment."""

import argparse
import json
import os
import sys

from venom_desktop.api.payloads import Json
from venom_desktop.app.desk import open_desk
from venom_desktop.app.remote_parser import KEY_VARIABLE
from venom_desktop.core.errors import InvalidInput

DONE = 0


async def remote(given: argparse.Namespace) -> int:
    """What the verb after `remote` asks for."""
    verbs = {"add": _add, "list": _list, "remove": _remove, "forget-key": _forget_key, "test": _test}
    return await verbs[given.verb](given)


async def _add(given: argparse.Namespace) -> int:
    body = {
        **_described(given),
        "title": given.title,
        "url": given.url,
        "input_usd_per_million": given.input_usd,
        "output_usd_per_million": given.output_usd,
        "requests_per_minute": given.requests_per_minute,
    }
    async with open_desk(command="venom-desktop remote add") as desk:
        answer = await desk.add_remote(body)
    return _say(given, answer, f"{answer['message']} as {answer['remote']['name']}")


async def _list(given: argparse.Namespace) -> int:
    async with open_desk(command="venom-desktop remote list") as desk:
        answer = await desk.remotes()
    rows = [f"{one['name']}  {one['kind']}  {one['url']}  {one['title']}" for one in answer["remotes"]]
    empty = "No server was added. Add one with: venom-desktop remote add TITLE URL"
    return _say(given, answer, "\n".join(rows) or empty)


async def _remove(given: argparse.Namespace) -> int:
    async with open_desk(command="venom-desktop remote remove") as desk:
        answer = await desk.remove_remote(given.name, confirm=given.yes)
    return _say(given, answer, answer["message"])


async def _forget_key(given: argparse.Namespace) -> int:
    async with open_desk(command="venom-desktop remote forget-key") as desk:
        answer = await desk.forget_remote_key(given.name, confirm=given.yes)
    return _say(given, answer, answer["message"])


async def _test(given: argparse.Namespace) -> int:
    """One that was added by its name, any other by its address."""
    body = {**_described(given), "name": given.name, "url": given.url}
    async with open_desk(command="venom-desktop remote test") as desk:
        answer = await desk.test_remote(body)
    count = answer["models_count"]
    told = f"{count} model" if count == 1 else f"{count} models"
    return _say(given, answer, " · ".join(part for part in (answer["version"], told) if part))


def _described(given: argparse.Namespace) -> Json:
    ca_file = None if given.ca_file is None else str(given.ca_file)
    return {"kind": given.kind, "ca_file": ca_file, "key": _key(given), "confirm": given.yes}


def _key(given: argparse.Namespace) -> str | None:
    """Raises `InvalidInput` for a key that was announced and did not come."""
    if not given.key_stdin:
        return os.environ.get(KEY_VARIABLE) or None
    key = sys.stdin.readline(8192).strip()
    if not key:
        raise InvalidInput(problem="No key came on standard input.")
    return key


def _say(given: argparse.Namespace, answer: Json, words: str) -> int:
    sys.stdout.write(f"{json.dumps(answer, ensure_ascii=False) if given.json else words}\n")
    sys.stdout.flush()
    return DONE
