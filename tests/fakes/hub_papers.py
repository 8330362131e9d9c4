"""Daily papers, their HTML page by month and the blog's feed, as the hub serves them."""

import html
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from tests.fakes import hub_rows
from tests.fakes.hub_wire import Reply, Request, as_json, data

PAGE_PAPERS = 50
MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")
DAY = re.compile(r"\d{4}-(0[1-9]|1[0-2])-([0-2]\d|3[01])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A paper of the day."""

    paper_id: str
    title: str
    summary: str = ""
    published: datetime
    authors: tuple[str, ...] = ()
    upvotes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """An entry of the blog."""

    title: str
    link: str
    description: str | None = None
    published: datetime


@dataclass(slots=True)
class Press:
    """What is there to read, and the answers that tell it."""

    papers: list[Paper] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)

    def daily(self, request: Request) -> Reply:
        month, day = request.last("month"), request.last("date")
        if (month and not MONTH.fullmatch(month)) or (day and not DAY.fullmatch(day)):
            return as_json({"error": "Invalid date"}, status=400)
        found = self._of(day or month or "")
        if request.last("sort") == "trending":
            found.sort(key=lambda paper: paper.upvotes, reverse=True)
        size = int(request.last("limit") or PAGE_PAPERS)
        start = int(request.last("p") or 0) * size
        return as_json([_told(paper) for paper in found[start : start + size]])

    def month_page(self, month: str) -> Reply:
        if not MONTH.fullmatch(month):
            return data(b"<!doctype html><h1>404</h1>", "text/html; charset=utf-8", status=404)
        props = html.escape(json.dumps({"dailyPapers": [_told(paper) for paper in self._of(month)]}), quote=True)
        page = (
            f"<!doctype html><html><head><title>Papers {month}</title></head><body>"
            f'<div class="SVELTE_HYDRATER contents" data-target="DailyPapers" data-props="{props}"></div></body></html>'
        )
        return data(page.encode(), "text/html; charset=utf-8")

    def feed(self) -> Reply:
        items = "".join(_item(post) for post in sorted(self.posts, key=lambda post: post.published, reverse=True))
        page = (
            '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>Hugging Face - Blog</title>'
            f"<link>https://huggingface.co/blog</link><description>Stories</description>{items}</channel></rss>"
        )
        return data(page.encode(), "application/xml")

    def _of(self, period: str) -> list[Paper]:
        found = [paper for paper in self.papers if paper.published.astimezone(UTC).isoformat().startswith(period)]
        return sorted(found, key=lambda paper: paper.published, reverse=True)


def _told(paper: Paper) -> dict[str, Any]:
    published = hub_rows.timestamp(paper.published)
    inner = {
        "id": paper.paper_id,
        "title": paper.title,
        "summary": paper.summary,
        "publishedAt": published,
        "authors": [{"_id": f"{number:024x}", "name": name} for number, name in enumerate(paper.authors)],
        "upvotes": paper.upvotes,
    }
    return {
        "paper": inner,
        "title": paper.title,
        "summary": paper.summary,
        "publishedAt": published,
        "numComments": 0,
        "submittedBy": {"user": "editor", "fullname": "Editor", "avatarUrl": "/avatars/editor.svg", "type": "user"},
    }


def _item(post: Post) -> str:
    description = "" if post.description is None else f"<description>{html.escape(post.description)}</description>"
    return (
        f"<item><title>{html.escape(post.title)}</title><link>{html.escape(post.link)}</link>{description}"
        f"<pubDate>{format_datetime(post.published.astimezone(UTC), usegmt=True)}</pubDate>"
        f'<guid isPermaLink="false">{html.escape(post.link)}</guid></item>'
    )
