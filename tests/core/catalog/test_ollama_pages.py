"""The library's pages: read by structure in every dress, and never trusted."""

import contextlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.ollama_library import GEMMA, listed_model
from tests.fakes.ollama_library_pages import ListedModel, Look, model_page, search_page, tags_page
from tests.support.counts import count
from venom_desktop.core.catalog.ollama_cards import LONGEST_DESCRIPTION
from venom_desktop.core.catalog.ollama_html import LARGEST_PAGE_BYTES
from venom_desktop.core.catalog.ollama_pages import MOST_ROWS, ListPage, _named_by, parse_list_page
from venom_desktop.core.catalog.ollama_tags import LibraryTag, parse_model_page, parse_tags_page
from venom_desktop.core.errors import SourceChanged

NOW = datetime(2026, 8, 21, tzinfo=UTC)
USERS = ListedModel(name="mannix/jan-nano", sizes=("4b",), pulls="1.2M", abilities=("tools", "cloud"))
LOOKS: list[Look] = ["2026", "marked", "restyled"]


def listed(page: str | bytes, *, number: int = 1, text: str = "") -> ListPage:
    body = page if isinstance(page, bytes) else page.encode()
    return parse_list_page(body, page=number, text=text, now=NOW)


def tags_of(page: str, name: str = "gemma3") -> list[LibraryTag]:
    return parse_tags_page(page.encode(), name=name, now=NOW)


def without_classes(page: str) -> str:
    return re.sub(r'\sclass="[^"]*"', "", page)


def other_classes(page: str) -> str:
    return re.sub(r'class="[^"]*"', 'class="x9 tools 8b Pulls"', page)


def other_elements(page: str) -> str:
    """What a change of the site's components does: other elements, the same nesting."""
    for old, new in (("span", "b"), ("h2", "h3"), ("div", "section")):
        page = re.sub(rf"(</?){old}\b", rf"\1{new}", page)
    return page


@pytest.mark.parametrize("look", LOOKS)
def test_a_row_carries_what_the_page_tells(look: Look) -> None:
    page = listed(search_page([GEMMA, USERS, listed_model(7)], text="", next_page=2, look=look))
    gemma, users, made_up = page["rows"]
    assert (gemma["name"], gemma["description"]) == ("gemma3", GEMMA.description)
    assert (gemma["sizes"], gemma["words"]) == (["270m", "1b", "4b", "12b", "27b"], ["vision"])
    assert (gemma["pulls"], gemma["tag_count"]) == (39_700_000, 9)
    assert gemma["updated"] is not None
    assert gemma["updated"].startswith("2025-12-")
    assert (users["name"], users["sizes"], users["words"]) == ("mannix/jan-nano", ["4b"], ["tools", "cloud"])
    assert made_up["description"] == "Number 7 of many: small & fast, made for <pages> that are long."
    assert page["next"] == "2"


def test_the_date_in_a_title_is_taken_before_the_rough_words() -> None:
    (row,) = listed(search_page([GEMMA], text="", next_page=None))["rows"]
    assert row["updated"] == "2025-12-18T09:04:00+00:00"


@pytest.mark.parametrize("change", [without_classes, other_classes, other_elements])
@pytest.mark.parametrize("look", LOOKS)
def test_a_page_with_other_markup_reads_the_same(change: Callable[[str], str], look: Look) -> None:
    models = [GEMMA, USERS, *(listed_model(number) for number in range(20))]
    page = search_page(models, text="", next_page=2, look=look)
    assert listed(change(page)) == listed(page)


@pytest.mark.parametrize("change", [without_classes, other_classes])
def test_the_pages_of_a_model_with_other_classes_read_the_same(change: Callable[[str], str]) -> None:
    page = tags_page(GEMMA)
    assert tags_of(change(page)) == tags_of(page)
    about = model_page(GEMMA).encode()
    changed = change(about.decode()).encode()
    assert parse_model_page(changed, name="gemma3", now=NOW) == parse_model_page(about, name="gemma3", now=NOW)


def test_links_in_menus_scripts_and_running_text_are_no_rows() -> None:
    page = listed(search_page([GEMMA], text="", next_page=None))
    assert [row["name"] for row in page["rows"]] == ["gemma3"]


@pytest.mark.parametrize(
    "page",
    [
        "<html><body><div id=app></div></body></html>",
        "<html><body><p>Models, reimagined. 12.4M Pulls a day. Nothing to see.</p></body></html>",
        "<!doctype html><title>Sign in</title><form><input name=q value=''></form>",
        '{"models": []}',
        "   ",
        "",
    ],
)
def test_a_page_without_its_structure_is_called_so(page: str) -> None:
    with pytest.raises(SourceChanged):
        listed(page)


def test_another_site_behind_a_search_is_no_empty_result() -> None:
    with pytest.raises(SourceChanged):
        listed("<html><body><input name=q value='gemma'><b>gemma3</b> 39.7M Pulls</body></html>", text="gemma")


def test_a_search_that_finds_nothing_is_empty_and_no_failure() -> None:
    assert listed(search_page([], text="nothing such", next_page=None), text="nothing such") == {
        "rows": [],
        "next": None,
    }
    said_otherwise = "<html><body><input name=q value='zzz'><p>Try another search.</p></body></html>"
    assert listed(said_otherwise, text="zzz")["rows"] == []


def test_what_follows_the_last_page_is_the_end() -> None:
    assert listed("", number=9) == {"rows": [], "next": None}
    last = search_page([GEMMA], text="", next_page=None, whole=False)
    assert listed(last, number=3)["next"] is None


def test_a_page_that_offers_itself_again_does_not_go_in_circles() -> None:
    first = search_page([GEMMA], text="", next_page=2)
    assert listed(first, number=5)["next"] is None


def test_tags_carry_size_context_inputs_digest_and_age() -> None:
    tags = tags_of(tags_page(GEMMA))
    assert [tag["tag"] for tag in tags] == [tag.tag for tag in GEMMA.tags]
    assert tags[1] == {
        "tag": "270m",
        "size_bytes": 292_000_000,
        "context": 32_768,
        "inputs": ["text"],
        "digest": "e7d36fb2c3b3",
        "updated": "2025-08-21T00:00:00+00:00",
    }
    assert tags[0]["inputs"] == ["text", "image"]


def test_a_tag_of_the_cloud_has_no_size() -> None:
    (cloud,) = [tag for tag in tags_of(tags_page(GEMMA)) if tag["tag"] == "27b-cloud"]
    assert (cloud["size_bytes"], cloud["digest"]) == (None, "d8f5e0a1b2c3")


def test_the_tags_of_another_model_on_the_page_are_not_taken() -> None:
    page = tags_page(GEMMA).replace("</main>", '<p>See <a href="/library/llama3.2:1b">llama3.2</a> 1.3GB</p></main>')
    assert [tag["tag"] for tag in tags_of(page)] == [tag.tag for tag in GEMMA.tags]


@pytest.mark.parametrize("page", ["<html><body>Tags</body></html>", "", '<a href="/library/gemma3:4b">gemma3:4b</a>'])
def test_a_page_without_tags_is_called_so(page: str) -> None:
    with pytest.raises(SourceChanged):
        tags_of(page)


def test_a_models_own_page_tells_what_it_is_and_its_licence() -> None:
    told = parse_model_page(model_page(GEMMA).encode(), name="gemma3", now=NOW)
    assert told["license"] == "gemma"
    assert told["row"]["description"] == GEMMA.description
    assert (told["row"]["words"], told["row"]["pulls"]) == (["vision"], 39_700_000)
    with pytest.raises(SourceChanged):
        parse_model_page(b"<html><body>Models, reimagined.</body></html>", name="gemma3", now=NOW)


@pytest.mark.parametrize(
    "address",
    [
        "/library/../../etc/passwd",
        "/library/..",
        "/library/%2e%2e%2fetc",
        "/library/a\u0142b",
        "/library/a b",
        "/library/" + "x" * 250,
        "//evil.example/library/x",
        "https://evil.example/library/x",
        "javascript:alert(1)",
        "/library/",
        "/../x",
    ],
)
def test_an_address_that_is_no_usable_name_is_no_row(address: str) -> None:
    hostile = f'<li><a href="{address}"><h2>x</h2><p>Bad one here.</p><span>8b</span>1M Pulls</a></li>'
    page = search_page([GEMMA], text="", next_page=None).replace("</ul>", f"{hostile}</ul>")
    assert [row["name"] for row in listed(page)["rows"]] == ["gemma3"]


def test_a_script_in_a_name_or_description_is_text_or_nothing() -> None:
    evil = ListedModel(name="evil", description="<script>alert(1)</script> <img src=x onerror=alert(1)> model")
    (row,) = listed(search_page([evil], text="", next_page=None))["rows"]
    assert row["description"] == "<script>alert(1)</script> <img src=x onerror=alert(1)> model"
    raw = search_page([GEMMA], text="", next_page=None).replace(GEMMA.description, "A <script>alert(1)</script>model.")
    (row,) = listed(raw)["rows"]
    assert row["description"] == "A model."


def test_a_page_beyond_all_measure_is_refused_unread() -> None:
    with pytest.raises(SourceChanged):
        listed(search_page([GEMMA], text="", next_page=None).encode() + b" " * LARGEST_PAGE_BYTES)


def test_long_texts_and_many_rows_are_cut() -> None:
    long = ListedModel(name="long", description="word " * 100_000, abilities=tuple(f"a{n}" for n in range(500)))
    (row,) = listed(search_page([long], text="", next_page=None))["rows"]
    assert len(row["description"] or "") <= LONGEST_DESCRIPTION
    assert len(row["words"]) <= 40
    card = '<li><a href="/library/m{}"><h2>m</h2></a></li>'
    many = "".join(card.format(number) for number in range(MOST_ROWS + 500))
    assert len(listed(f"<ul>{many}</ul>")["rows"]) == MOST_ROWS


def test_deep_nesting_and_a_hundred_thousand_links_end() -> None:
    deep = "<div>" * 50_000 + '<a href="/library/deep"><h2>deep</h2></a>' + "</div>" * 50_000
    with pytest.raises(SourceChanged):
        listed(deep)
    same = '<a href="/library/same">same</a>' * 100_000
    with pytest.raises(SourceChanged):
        listed(f"<div>{same}</div>")
    page = search_page([GEMMA], text="", next_page=None).replace("<main", f"<nav>{same[:32_000]}</nav><main")
    assert [row["name"] for row in listed(page)["rows"]] == ["gemma3"]


def test_a_page_is_gone_through_once_however_its_links_stand() -> None:
    """Links to files belong to no row, so each name after them had them all looked through again."""
    files = "".join(f'<a href="/library/m{number}/blobs/x">b</a>' for number in range(1_500))
    named = "".join(f'<b><a href="/library/m{number}">m</a></b>' for number in range(1_500))
    tagged = "".join(f'<b><a href="/library/m:t{number}">m</a></b>' for number in range(1_500))
    for body, parse in (
        (named, lambda page: listed(page)),
        (tagged, lambda page: tags_of(page, "m")),
        (tagged, lambda page: parse_model_page(page.encode(), name="m", now=NOW)),
    ):
        _named_by.cache_clear()
        nested = "<div>" * 100 + f"<h1>m</h1>{files}{body}" + "</div>" * 100
        with contextlib.suppress(SourceChanged):
            parse(nested)
        looks = _named_by.cache_info()
        assert 3_000 <= looks.hits + looks.misses <= 10 * 3_000


def test_a_page_of_licences_without_end_is_read_to_one() -> None:
    licences = "".join(f'<a href="/library/m/blobs/l{number}">license</a>' for number in range(20_000))
    page = f"<html><body><div>{licences}{'x ' * 1_000_000}</div><h1>m</h1></body></html>"
    assert parse_model_page(page.encode(), name="m", now=NOW)["license"] is None


@settings(max_examples=count(60, 2_000), deadline=None)
@given(st.data())
def test_a_page_damaged_anywhere_is_read_or_refused(data: st.DataObject) -> None:
    body = bytearray(search_page([GEMMA, USERS], text="", next_page=2).encode())
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place : place + data.draw(st.integers(0, 400))] = data.draw(st.binary(max_size=20))
    try:
        rows = listed(bytes(body))["rows"]
    except SourceChanged:
        return
    for row in rows:
        assert re.fullmatch(r"[A-Za-z0-9_\-./]{1,200}", row["name"])
        assert ".." not in Path(row["name"]).parts
