"""`venom-desktop trending`: what many look at now, a line for each model."""

import argparse
import json
import sys

from venom_desktop.api.payloads import Json
from venom_desktop.app.commands import DONE, FAILED, in_columns
from venom_desktop.app.desk import open_desk

PROVIDERS = ("ollama", "huggingface")
_FIT = {"gpu": "fits GPU", "part": "GPU + RAM", "ram": "RAM only", "big": "too big"}


async def trending(given: argparse.Namespace) -> int:
    """One source that fails leaves the other; only when none gave a list has the command failed.

    As JSON a line for each source.
    """
    providers = PROVIDERS if given.provider is None else (given.provider,)
    async with open_desk(command="venom-desktop trending") as desk:
        pages = [await desk.trending(name, limit=given.limit, refresh=given.refresh) for name in providers]
    for page in pages:
        lines = [json.dumps(page, ensure_ascii=False)] if given.json else _lines(page)
        sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()
    return DONE if any(page["models"] for page in pages) else FAILED


def _lines(page: Json) -> list[str]:
    if page["error"] is not None:
        since = f" This is the list of {page['read_at']}." if page["models"] else ""
        sys.stderr.write(f"{page['error']}{since}\n")
    rows = [_row(place, model) for place, model in enumerate(page["models"], start=1)]
    return [page["provider"], *in_columns(rows)]


def _row(place: int, model: Json) -> tuple[str, ...]:
    """`1  gemma3  3.3 GB  RAM only  39700000 downloads  9 likes`, as far as it is known."""
    fit = model["fit"]
    about = "" if fit is None or fit["grade"] == "exact" else "\u2248 "
    return (
        f"{place:2}",
        model["model_name"],
        "" if model["size_gb"] is None else f"{model['size_gb']:.1f} GB",
        "" if fit is None else f"{about}{_FIT[fit['place']]}",
        "" if model["downloads"] is None else f"{model['downloads']} downloads",
        "" if model["likes"] is None else f"{model['likes']} likes",
    )
