"""Search, filters, order and pages of the hub's listing."""

import base64
import binascii
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from tests.fakes import hub_rows
from tests.fakes.hub_store import Account, Repo, Store
from tests.fakes.hub_wire import Reply, Request, as_json

PAGE_ROWS = 1000
TRUE = {"true", "True", "1", "full"}
SCALE = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}
SORTS: dict[str, Callable[[Repo], Any]] = {
    "downloads": lambda repo: repo.downloads,
    "likes": lambda repo: repo.likes,
    "lastModified": lambda repo: repo.last_modified,
    "createdAt": lambda repo: repo.created,
    "trendingScore": lambda repo: repo.trending_score,
}


class Listing:
    """Answers `GET /api/models`; keeps the last orders, so the pages of 10,000 rows cost one sort."""

    def __init__(self, store: Store) -> None:
        self.page_rows = PAGE_ROWS
        self._store = store
        self._kept: dict[str, list[Repo]] = {}
        self._kept_version = -1

    def answer(self, request: Request, *, base: str, account: Account | None) -> Reply:
        expand = _many(request, "expand")
        if unknown := set(expand) - hub_rows.EXPANDABLE:
            return as_json({"error": f"Invalid option for expand: {sorted(unknown)[0]}"}, status=400)
        if (request.last("sort") or "trendingScore") not in SORTS:
            return as_json({"error": "Invalid sort parameter"}, status=400)
        start = _start(request.last("cursor"))
        limit = request.last("limit") or str(self.page_rows)
        if start is None or not limit.isdigit():
            return as_json({"error": "Invalid cursor" if start is None else "Invalid limit"}, status=400)
        rows = self._ordered(request, account)
        stop = start + max(1, min(int(limit), self.page_rows))
        headers = {"Link": f'<{_next(request, base, stop)}>; rel="next"'} if stop < len(rows) else {}
        names = hub_rows.FULL if request.last("full") in TRUE else hub_rows.BRIEF
        if request.last("cardData") in TRUE:
            names = [*names, "cardData"]
        shown = [hub_rows.row(repo, expand or names, brief=bool(expand)) for repo in rows[start:stop]]
        return as_json(shown, headers=headers)

    def _ordered(self, request: Request, account: Account | None) -> list[Repo]:
        if self._kept_version != self._store.version:
            self._kept, self._kept_version = {}, self._store.version
        parts = {name: value for name, value in request.query.items() if name not in ("cursor", "limit", "expand")}
        key = json.dumps([parts, account.name if account else None], sort_keys=True)
        if key not in self._kept:
            found = [repo for repo in list(self._store.repos.values()) if _matches(repo, request, account)]
            found.sort(key=SORTS[request.last("sort") or "trendingScore"], reverse=request.last("direction") != "1")
            self._kept[key] = found
        return self._kept[key]


def _matches(repo: Repo, request: Request, account: Account | None) -> bool:
    name = repo.repo_id.lower()
    wanted = _many(request, "filter") + _many(request, "library") + _many(request, "tags")
    wanted += ["gguf"] if {"llama.cpp", "ollama"} & set(_many(request, "apps")) else []
    wanted += ["safetensors"] if "vllm" in _many(request, "apps") else []
    author, pipeline, gated = (request.last(part) for part in ("author", "pipeline_tag", "gated"))
    return (
        (not repo.private or (account is not None and account.name == repo.author))
        and all(word in name for word in (request.last("search") or "").lower().split())
        and all(tag in (*repo.tags, repo.pipeline_tag, repo.library_name) for tag in wanted)
        and author in (None, "", repo.author)
        and pipeline in (None, "", repo.pipeline_tag)
        and (gated is None or (gated.lower() == "true") is bool(repo.gated))
        and _has_size(repo, request.last("num_parameters"))
    )


def _has_size(repo: Repo, wanted: str | None) -> bool:
    """`min:1B,max:8B`, either part alone too."""
    if not wanted:
        return True
    total = repo.gguf["total"] if repo.gguf else None
    bounds = dict(re.findall(r"(min|max):([\d.]+[KMBT]?)", wanted))
    return total is not None and (_number(bounds.get("min", "0")) <= total <= _number(bounds.get("max", "1000T")))


def _number(text: str) -> float:
    digits = text.rstrip("KMBT")
    return float(digits) * SCALE[text[len(digits) :]]


def _many(request: Request, name: str) -> list[str]:
    return [part for value in request.query.get(name, []) for part in value.split(",") if part]


def _start(cursor: str | None) -> int | None:
    if cursor is None:
        return 0
    try:
        return int(json.loads(base64.urlsafe_b64decode(cursor))["start"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        return None


def _next(request: Request, base: str, start: int) -> str:
    cursor = base64.urlsafe_b64encode(json.dumps({"start": start}).encode()).decode()
    query = {name: value for name, value in request.query.items() if name != "cursor"} | {"cursor": [cursor]}
    return f"{base}{request.path}?{urlencode(query, doseq=True)}"
