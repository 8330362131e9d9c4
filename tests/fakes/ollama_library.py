"""The Ollama library on a loopback port: search, models and tags as pages, with faults of the test's choosing."""

import re

from tests.fakes.faulty_server import FaultyServer
from tests.fakes.hub_faults import Answers
from tests.fakes.hub_wire import Reply, Request, data
from tests.fakes.ollama_library_pages import ListedModel, ListedTag, Look, model_page, search_page, tags_page

PAGE_ROWS = 20
GEMMA = ListedModel(
    name="gemma3",
    description="The current, most capable model that runs on a single GPU.",
    sizes=("270m", "1b", "4b", "12b", "27b"),
    abilities=("vision",),
    pulls="39.7M",
    updated="8 months ago",
    updated_title="Dec 18, 2025 9:04 AM UTC",
    license="Gemma Terms of Use Last modified: February 21, 2024",
    tags=(
        ListedTag(tag="latest", size="3.3GB", inputs="Text, Image", digest="a2af6cc3eb7f"),
        ListedTag(tag="270m", size="292MB", context="32K", digest="e7d36fb2c3b3"),
        ListedTag(tag="1b", size="815MB", context="32K", digest="8648f39daa8f"),
        ListedTag(tag="4b", size="3.3GB", inputs="Text, Image", digest="a2af6cc3eb7f"),
        ListedTag(tag="12b", size="8.1GB", inputs="Text, Image", digest="f4031aab637d"),
        ListedTag(tag="27b", size="17GB", inputs="Text, Image", digest="a418f5838eaf"),
        ListedTag(tag="27b-cloud", size=None, inputs="Text, Image", digest="d8f5e0a1b2c3"),
        ListedTag(tag="4b-it-q4_K_M", size="3.3GB", inputs="Text, Image", digest="a2af6cc3eb7f"),
        ListedTag(tag="4b-it-q8_0", size="5.0GB", inputs="Text, Image", digest="b0c0d0e0f0a1"),
    ),
)


class OllamaLibraryServer(FaultyServer):
    """Runs inside `with`. Like the site it gives later pages of a search only to requests that say `HX-Request`."""

    def __init__(self, *models: ListedModel, look: Look = "2026") -> None:
        super().__init__()
        self.look: Look = look
        self.models = list(models)
        self.url = f"http://127.0.0.1:{self._serve('library', self._answer).port}"

    def many_models(self, count: int) -> None:
        """So many made-up models, the most pulled first."""
        self.models += [listed_model(number) for number in range(count)]

    def change_structure(self) -> None:
        """Answer every page as another site would."""
        page = "<html><body><div id=app></div><p>Models, reimagined. 12.4M Pulls a day.</p></body></html>"
        self.fault(Answers(reply=_html(page)), times=None)

    def _answer(self, request: Request) -> Reply:
        path = request.path.rstrip("/")
        if path in ("/search", "/library"):
            return self._search(request)
        match = re.fullmatch(r"/(?:library/)?(?P<name>[^:]+?)(?P<tags>/tags)?", path)
        found = [one for one in self.models if match and one.path == path.removesuffix("/tags")]
        if match is None or not found:
            return _html("<html><body><main><h1>404</h1><p>page not found</p></main></body></html>", status=404)
        return _html(tags_page(found[0]) if match["tags"] else model_page(found[0]))

    def _search(self, request: Request) -> Reply:
        text = request.last("q") or ""
        by_htmx = request.headers.get("hx-request") == "true"
        page = int(request.last("page") or 1) if by_htmx else 1
        found = [one for one in self.models if all(word in one.name.lower() for word in text.lower().split())]
        if request.last("o") == "newest":
            found.reverse()
        if request.path.rstrip("/") == "/library":
            return _html(search_page(found, text="", next_page=None, look=self.look))
        start, stop = (page - 1) * PAGE_ROWS, page * PAGE_ROWS
        following = page + 1 if stop < len(found) else None
        rows = found[start:stop]
        return _html(search_page(rows, text=text, next_page=following, look=self.look, whole=page == 1))


def listed_model(number: int) -> ListedModel:
    """A made-up model with a few tags, the larger the number the less often pulled."""
    digest = f"{number:06x}"
    sizes = ("1b", "8b", "70b")[: 1 + number % 3]
    tags = [ListedTag(tag="latest", size="1.3GB", digest=f"{digest}000000", updated=f"{1 + number % 11} months ago")]
    tags += [
        ListedTag(tag=size, size=f"{1.3 * (place + 1) ** 3:.1f}GB", digest=f"{digest}00000{place}")
        for place, size in enumerate(sizes)
    ]
    return ListedModel(
        name=f"made-up{number:04}",
        description=f"Number {number} of many: small & fast, made for <pages> that are long.",
        sizes=sizes,
        abilities=(("tools", "thinking"), ("vision",), ("embedding",), ())[number % 4],
        pulls=f"{max(1, 9_999 - number) / 10:.1f}K",
        updated=f"{1 + number % 11} months ago",
        updated_title=None,
        tags=tuple(tags),
    )


def _html(text: str, *, status: int = 200) -> Reply:
    return data(text.encode(), "text/html; charset=utf-8", status=status)
