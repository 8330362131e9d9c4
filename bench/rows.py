"""The rows that benches print, the bars they are held against, and the table made of both."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

BEGIN: Final = "<!-- performance table: written by make bench -->"
END: Final = "<!-- end of performance table -->"
_ROW = re.compile(r"(?P<name>[a-z]\w*) (?P<value>-?\d+(?:\.\d+)?) (?P<unit>\S+)(?: .*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    name: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one bench printed; `failed` when it ended with an error or not at all."""

    module: str
    rows: tuple[Row, ...] = ()
    failed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    limit: float
    at_least: bool = False

    def is_met(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'}\u00a0{self.limit:g}"


BARS: Final[Mapping[str, Bar]] = {
    "start_first_turn_over_bare": Bar(limit=2.0),
    "start_resident_over_bare": Bar(limit=2.0),
    "responsiveness_loaded_stall_max": Bar(limit=50),
    "responsiveness_loaded_stall_p99": Bar(limit=17),
    **{
        f"tabs_{tab}_{kind}": Bar(limit=50)
        for tab in ("trending", "installed", "runtime", "papers", "settings")
        for kind in ("stall_after_max", "again_stall_max")
    },
    "tabs_catalog_again_stall_max": Bar(limit=50),
    "tabs_trending_60_cards_repaint_p50": Bar(limit=50),
    "tabs_trending_60_cards_repaint_max": Bar(limit=50),
    "catalog_keystroke_painted_p95_10000_rows": Bar(limit=16),
    "catalog_keystroke_painted_p95_100000_rows": Bar(limit=50),
    "tray_menu_500_models_p95": Bar(limit=50),
    "tray_switch_model_500_models_p95": Bar(limit=50),
    **{
        f"catalog_filter_{kind}_{rows}_p95": Bar(limit=limit)
        for kind in ("text", "text_and_filters")
        for rows, limit in ((10_000, 16), (100_000, 50))
    },
    **{
        f"catalog_down_{fault}_{kind}_list": Bar(limit=3)
        for fault in ("refused", "hanging", "error_500")
        for kind in ("last", "bundled")
    },
    "ollama_library_page_lxml": Bar(limit=20),
    "ollama_library_page_in_a_thread": Bar(limit=300),
    "ollama_library_page_stall_max": Bar(limit=50),
    **{
        f"ollama_library_{fault}_{kind}_list": Bar(limit=3)
        for fault in ("refused", "hanging", "error_500")
        for kind in ("last", "bundled")
    },
    **{
        f"{server}_{row}": Bar(limit=limit)
        for server in ("ollama", "ollama_real")
        for row, limit in (
            ("load_added", 100),
            ("activation_added", 100),
            ("install_over_plain_pull", 1.03),
            ("install_cpu_over_plain_pull", 3),
        )
    },
    **{
        f"switch_{pair}_added": Bar(limit=limit)
        for pair, limit in (
            ("engine_to_engine", 0.5),
            ("engine_to_ollama", 0.5),
            ("ollama_to_engine", 0.5),
            ("first_engine", 0.2),
            ("first_ollama", 0.2),
        )
    },
    "fit_error_median": Bar(limit=5),
    "fit_error_worst_too_little": Bar(limit=15),
    "ollama_down_list_worst": Bar(limit=0.3),
    "manifest_load_10000": Bar(limit=150),
    "manifest_save_growth": Bar(limit=10),
    "download_install_over_hf_throughput": Bar(limit=1.0, at_least=True),
}


def read_rows(printed: str) -> tuple[Row, ...]:
    """The rows in what a bench printed; limits, which have a row of their own in some, are in `BARS`."""
    found = (_ROW.fullmatch(line.strip()) for line in printed.splitlines())
    rows = (Row(name=one["name"], value=float(one["value"]), unit=one["unit"]) for one in found if one)
    return tuple(row for row in rows if not row.name.endswith("_limit"))


def table(outcomes: Sequence[Outcome], *, when: datetime, machine: str) -> str:
    """The Markdown table between its markers."""
    lines = [
        BEGIN,
        f"Measured on {when:%Y-%m-%d} with {machine}.",
        "",
        "| Figure | Value | Bar | |",
        "|---|---:|---:|---|",
    ]
    for outcome in outcomes:
        lines += [_line(row) for row in outcome.rows]
        if outcome.failed:
            lines.append(f"| `{outcome.module}` | – | – | **failed** |")
    return "\n".join((*lines, END))


def with_table(text: str, renewed: str) -> str:
    """`text` with the table between its markers renewed. Raises `ValueError` where the markers are missing."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the markers of the performance table are missing")
    return f"{before}{renewed}{after}"


def _line(row: Row) -> str:
    bar = BARS.get(row.name)
    verdict = "" if bar is None else "met" if bar.is_met(row.value) else "**missed**"
    return f"| `{row.name}` | {row.value:g}\u00a0{row.unit} | {bar or ''} | {verdict} |"
