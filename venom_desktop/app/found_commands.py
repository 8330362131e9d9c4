"""`venom-desktop found`: models of other programs on this computer, from the command line."""

import argparse
import json

from venom_desktop.api.payloads import Json
from venom_desktop.app.commands import DONE, end, follow, in_columns, say
from venom_desktop.app.desk import open_desk
from venom_desktop.core.registry.quota import size_text


async def found(given: argparse.Namespace) -> int:
    """What the verb after `found` asks for; without one they are listed."""
    verbs = {"list": _list, "import": _import, "undo": _undo, "dismiss": _dismiss, "restore": _restore}
    return await verbs[given.verb or "list"](given)


async def _list(given: argparse.Namespace) -> int:
    async with open_desk(command="venom-desktop found") as desk:
        answer = await desk.found(dismissed=given.dismissed)
    rows = [(one["id"], one["title"], size_text(one["size_bytes"]), one["path"]) for one in answer["models"]]
    told = [*in_columns(rows), *_skipped(answer["skipped"])]
    return _answer(given, answer, "\n".join(told) or "No further models were found on this computer.")


async def _import(given: argparse.Namespace) -> int:
    """A copy or a move is followed to its end."""
    async with open_desk(command="venom-desktop found import") as desk:
        answer = await desk.take_found(given.id, given.way)
        if "operation_id" not in answer:
            return _answer(given, answer, answer["message"])
        operation = await follow(desk, answer["operation_id"], quiet=given.json)
    return end(operation, done=f"{operation['model_name']} is in the list", as_json=given.json)


async def _undo(given: argparse.Namespace) -> int:
    async with open_desk(command="venom-desktop found undo") as desk:
        operation = await follow(desk, await desk.undo_import(given.name, given.runtime), quiet=given.json)
    return end(operation, done=f"{given.name} is back where it was found", as_json=given.json)


async def _dismiss(given: argparse.Namespace) -> int:
    async with open_desk(command="venom-desktop found dismiss") as desk:
        answer = await desk.dismiss_found(given.id)
    return _answer(given, answer, answer["message"])


async def _restore(given: argparse.Namespace) -> int:
    async with open_desk(command="venom-desktop found restore") as desk:
        answer = await desk.restore_found(given.id)
    return _answer(given, answer, answer["message"])


def _skipped(skipped: Json) -> list[str]:
    """Why there may be fewer than expected."""
    lines = [str(problem) for problem in skipped["problems"]]
    return [*lines, "There was more than could be looked through."] if skipped["cut_short"] else lines


def _answer(given: argparse.Namespace, answer: Json, words: str) -> int:
    say(json.dumps(answer, ensure_ascii=False) if given.json else words)
    return DONE
