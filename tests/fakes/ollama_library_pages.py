"""The pages of the stand-in library, as ollama.com served them in August 2026, as before, and as nobody has yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

Look = Literal["2026", "marked", "restyled"]
"""`2026` has words and addresses alone, `marked` the older `x-test-*` marks, `restyled` other classes and elements."""

_WIDE = "hidden sm:flex"
_ICON = (
    '<svg viewBox="0 0 24 24" class="mr-1.5 h-4 w-4"><path d="M3 16.5v2.25A2.25 2.25 0 005.25 21h13.5"></path></svg>'
)
_CHIP = "inline-flex my-1 items-center rounded-md px-2 py-[2px] text-xs font-medium sm:text-[13px]"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTag:
    """One tag; `size` None is one that runs in the publisher's cloud alone."""

    tag: str
    size: str | None
    context: str = "128K"
    inputs: str = "Text"
    digest: str = "46e0c10c039e"
    updated: str = "1 year ago"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedModel:
    """`name` is `gemma3`, or `user/model`; the words are those of the pages."""

    name: str
    description: str = "A model of the stand-in library."
    sizes: tuple[str, ...] = ("8b",)
    abilities: tuple[str, ...] = ("tools",)
    pulls: str = "118.7M"
    updated: str = "1 year ago"
    updated_title: str | None = "Dec 1, 2024 5:23 PM UTC"
    tags: tuple[ListedTag, ...] = ()
    license: str | None = None

    @property
    def path(self) -> str:
        return f"/{self.name}" if "/" in self.name else f"/library/{self.name}"


def search_page(
    models: Sequence[ListedModel], *, text: str, next_page: int | None, look: Look = "2026", whole: bool = True
) -> str:
    """A page of results; without `whole` the piece that the site sends for every later page."""
    card = {"2026": _card, "marked": _marked_card, "restyled": _restyled_card}[look]
    rows = "\n".join(card(model) for model in models)
    if next_page is not None:
        rows += (
            f'\n<li hx-get="/search?page={next_page}&q={escape(text)}" hx-trigger="revealed" hx-swap="outerHTML"></li>'
        )
    if not whole:
        return rows
    if not models:
        rows = '<p class="py-12 text-center">No models found</p>'
    return _page(
        f'<form action="/search"><input name="q" type="search" value="{escape(text)}"></form>'
        f'<ul role="list" class="grid grid-cols-1">\n{rows}\n</ul>',
        title="Search",
    )


def model_page(model: ListedModel) -> str:
    """The page of one model: what it is, its main tags, the files of its first tag."""
    chips = "".join(f'<span class="{_CHIP} text-indigo-600">{word}</span>' for word in model.abilities)
    chips += "".join(f'<span class="{_CHIP} text-blue-600">{size}</span>' for size in model.sizes)
    rows = "".join(_tag_row(model, tag) for tag in model.tags[:10])
    files = ""
    if model.license is not None and model.tags:
        address = f"{model.path}:{model.tags[0].tag}/blobs"
        files = (
            f'<div class="grid"><div><a href="{address}/d3b1c2a4e5f6">model</a></div>'
            f"<div><span>arch</span><span>llama</span></div></div>"
            f'<div class="grid"><div><a href="{address}/0ba8f0e314b4">license</a></div>'
            f'<div class="truncate">{escape(model.license)}</div></div>'
        )
    head = (
        f'<div class="flex"><h1><a href="{model.path}">{escape(model.name)}</a></h1>'
        f'<p class="text-sm">{_ICON}<span>{model.pulls}</span><span>&nbsp;Downloads</span>'
        f"<span{_title(model)}><span>Updated&nbsp;</span><span>{model.updated}</span></span></p>"
        f"<div>{chips}</div><p>{escape(model.description)}</p></div>"
    )
    tags_link = f'<a href="{model.path}/tags">View all {len(model.tags)}</a>'
    return _page(f"{head}<section>{rows}{tags_link}</section><section>{files}</section>", title=model.name)


def tags_page(model: ListedModel) -> str:
    """Every tag twice: for narrow windows, and in columns for wide ones."""
    rows = "\n".join(_tag_row(model, tag) for tag in model.tags)
    head = f'<h1><a href="{model.path}">{escape(model.name)}</a></h1><p>{len(model.tags)} models</p>'
    return _page(f'{head}<div class="border rounded"><div>Name</div><div>Size</div>{rows}</div>', title="Tags")


def _tag_row(model: ListedModel, tag: ListedTag) -> str:
    address, name = f"{model.path}:{tag.tag}", escape(f"{model.name}:{tag.tag}")
    size = tag.size or "High Usage"
    return f"""<div class="group px-4 py-3">
  <a href="{address}" class="md:hidden flex flex-col space-y-[6px] group">
    <div class="flex items-center"><span class="group-hover:underline">{name}</span></div>
    <div class="flex flex-col text-neutral-500 text-[13px]">
      <span><span class="font-mono">{tag.digest}</span> • {size} • {tag.context} context window • {tag.inputs}
        input</span>
      <span>{tag.updated}</span>
    </div>
  </a>
  <div class="hidden md:grid grid-cols-12 items-center">
    <span class="flex"><a href="{address}" class="group-hover:underline">{name}</a><input class="command hidden"
      value="{name}"><button onclick="copyToClipboard(this)">{_ICON}</button></span>
    <p class="col-span-2">{tag.size or "-"}</p><p class="col-span-2">{tag.context}</p><div>{tag.inputs}</div>
    <div class="flex text-xs"><span class="font-mono text-[11px]">{tag.digest}</span>&nbsp;·&nbsp;{tag.updated}</div>
  </div>
</div>"""


def _card(model: ListedModel) -> str:
    chips = "".join(f'<span class="{_CHIP} bg-indigo-50 text-indigo-600">{word}</span>\n' for word in model.abilities)
    chips += "".join(f'<span class="{_CHIP} bg-[#ddf4ff] text-blue-600">{size}</span>\n' for size in model.sizes)
    return f"""<li class="flex items-baseline border-b border-neutral-200 py-6">
  <a href="{model.path}" class="group w-full">
    <div class="flex flex-col mb-1" title="{escape(model.name)}">
      <h2 class="truncate text-xl font-medium"><span>{escape(model.name)}</span></h2>
      <p class="max-w-lg break-words text-neutral-800 text-md">{escape(model.description)}</p>
    </div>
    <div class="flex flex-col">
      <div class="flex flex-wrap space-x-2">{chips}</div>
      <p class="my-1 flex space-x-5 text-[13px] font-medium text-neutral-500">
        <span class="flex">{_ICON}<span >{model.pulls}</span><span class="{_WIDE}">&nbsp;Pulls</span></span>
        <span class="flex">{_ICON}<span >{len(model.tags)}</span><span class="{_WIDE}">&nbsp;Tags</span></span>
        <span class="flex"{_title(model)}>{_ICON}<span class="{_WIDE}">Updated&nbsp;</span>
          <span >{model.updated}</span></span>
      </p>
    </div>
  </a>
</li>"""


def _marked_card(model: ListedModel) -> str:
    chips = "".join(f'<span x-test-capability class="a">{word}</span>' for word in model.abilities)
    chips += "".join(f'<span x-test-size class="b">{size.upper()}</span>' for size in model.sizes)
    return f"""<li x-test-model class="flex py-6"><a href="{model.path}" class="group w-full">
  <div title="{escape(model.name)}"><h2><span x-test-search-response-title>{escape(model.name)}</span></h2>
  <p class="max-w-md">{escape(model.description)}</p></div><div>{chips}</div>
  <p class="my-2"><span>{_ICON}<span x-test-pull-count>{model.pulls}</span><span>&nbsp;Pulls</span></span>
  <span>{_ICON}<span x-test-tag-count>{len(model.tags)}</span><span>&nbsp;Tags</span></span>
  <span>{_ICON}<span>Updated&nbsp;</span><span x-test-updated>{model.updated}</span></span></p>
</a></li>"""


def _restyled_card(model: ListedModel) -> str:
    marks = "".join(f"<b data-kind='mark'>{word.title()}</b>" for word in model.abilities)
    marks += "".join(f"<i data-kind='mark'>{size}</i>" for size in model.sizes)
    return f"""<li><section class="k7f"><header class="q1"><a href="{model.path}">{escape(model.name)}</a></header>
  <div class="zz">{escape(model.description)}</div><footer>{marks}
  <em>{model.pulls} Pulls</em><em>{len(model.tags)} Tags</em><em>Updated {model.updated}</em></footer></section></li>"""


def _title(model: ListedModel) -> str:
    return "" if model.updated_title is None else f' title="{model.updated_title}"'


def _page(content: str, *, title: str) -> str:
    return f"""<!DOCTYPE html>
<html lang="en" class="h-full"><head><meta charset="utf-8"><title>{escape(title)}</title>
<meta name="description" content="{escape(title)} in the library">
<script>var next = '<a href="/library/not-a-model">Pulls</a>';</script></head>
<body class="antialiased"><header><nav><a href="/">Ollama</a><a href="/search">Models</a><a href="/docs/api">Docs</a>
<a href="/blog/new-models">Blog</a><a href="/library">Library</a></nav></header>
<main class="mx-auto">{content}</main>
<footer><p>© 2026 Ollama · See <a href="/library/llama3.2">llama3.2</a> in action.</p></footer></body></html>"""
