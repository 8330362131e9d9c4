"""Words and figures as people read them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from PySide6.QtCore import QCoreApplication, QLocale, QTranslator
from PySide6.QtWidgets import QApplication

from venom_desktop.ui import i18n

NB = "\u00a0"
NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("function", "value", "shown"),
    [
        (i18n.gigabytes, 3_338_000_000, "3.3 GB"),
        (i18n.gigabytes, 141_000_000_000, "141 GB"),
        (i18n.gigabytes, 300_000_000, "0.3 GB"),
        (i18n.gigabytes, 42_000_000, "42 MB"),
        (i18n.gigabytes, 1_500_000, "1.5 MB"),
        (i18n.gigabytes, 512_000, "512 KB"),
        (i18n.gigabytes, 0, "0 GB"),
        (i18n.count_short, 12_400_000, "12.4 M"),
        (i18n.count_short, 812_300, "812 K"),
        (i18n.count_short, 999_700, "1.0 M"),
        (i18n.count_short, 950, "950"),
        (i18n.parameters, 4_300_000_000, "4.3 B"),
        (i18n.parameters, 235_000_000_000, "235 B"),
        (i18n.parameters, 1_026_000_000_000, "1 026 B"),
        (i18n.parameters, 22_000_000, "22 M"),
        (i18n.parameters, 150_000, "150 K"),
        (i18n.tokens_per_second, 47.24, "47.2 tok/s"),
        (i18n.tokens_per_second, 474.1, "474 tok/s"),
        (i18n.tokens, 32768, "32 768"),
        (i18n.tokens, 2048, "2 048"),
        (i18n.tokens_short, 131072, "128 K"),
        (i18n.tokens_short, 128000, "128 K"),
        (i18n.tokens_short, 40960, "40 K"),
        (i18n.tokens_short, 1_048_576, "1 M"),
        (i18n.percent, 0.43, "43 %"),
        (i18n.percent, 0.9999, "99 %"),
        (i18n.percent, 1.0, "100 %"),
        (i18n.speed, 38_000_000, "38 MB/s"),
        (i18n.speed, 1_240_000, "1.2 MB/s"),
        (i18n.speed, 640_000, "640 KB/s"),
        (i18n.duration, 0.182, "182 ms"),
        (i18n.duration, 3.1, "3.1 s"),
        (i18n.duration, 7500, "2 h 5 min"),
        (i18n.duration_left, 61, "1 min left"),
        (i18n.duration_left, 12.4, "12 s left"),
        (i18n.duration_left, 0.2, "1 s left"),
    ],
)
def test_a_figure_is_shown_with_its_unit(function: Callable[[object], str], value: object, shown: str) -> None:
    assert function(value).replace(NB, " ") == shown


def test_a_unit_never_breaks_off_its_figure() -> None:
    assert i18n.gigabytes(3.3e9) == f"3.3{NB}GB"
    assert i18n.percent(0.43) == f"43{NB}%"


def test_what_is_unknown_says_so() -> None:
    functions: list[Callable[[None], str]] = [
        i18n.gigabytes, i18n.count_short, i18n.parameters, i18n.tokens, i18n.tokens_short, i18n.percent,
        i18n.speed, i18n.duration, i18n.duration_left, i18n.ago, i18n.date, i18n.tokens_per_second, i18n.dollars,
    ]  # fmt: skip
    assert {function(None) for function in functions} == {"unknown"}


def test_a_range_names_its_unit_once() -> None:
    assert i18n.gigabytes_range(3.3e9, 8.6e9).replace(NB, " ") == "3.3 – 8.6 GB"
    assert i18n.gigabytes_range(3.3e9, 3.31e9).replace(NB, " ") == "3.3 GB"
    assert i18n.gigabytes_range(40e6, 8.6e9).replace(NB, " ") == "40 MB – 8.6 GB"
    assert i18n.gigabytes_of(6.4e9, 12e9).replace(NB, " ") == "6.4 of 12.0 GB"


def test_times_are_relative_for_a_day_and_dates_after_it() -> None:
    ages = {2: "now", 40: "40 s ago", 200: "3 min ago", 7300: "2 h ago"}
    shown = {age: i18n.ago(NOW - timedelta(seconds=age), NOW).replace(NB, " ") for age in ages}
    assert shown == ages
    assert i18n.ago(NOW - timedelta(days=2), NOW) == "19 November 2026"


def test_figures_follow_the_locale_and_keep_our_grouping() -> None:
    QLocale.setDefault(QLocale("pl_PL"))
    assert i18n.gigabytes(3.3e9) == f"3,3{NB}GB"
    assert i18n.tokens(32768) == f"32{NB}768"
    assert i18n.date(NOW) == "21 listopada 2026"


def test_a_figure_keeps_its_order_in_a_right_to_left_line() -> None:
    QLocale.setDefault(QLocale("ar"))
    assert i18n.gigabytes(3.3e9).startswith("\u2068")
    assert i18n.gigabytes(3.3e9).endswith("\u2069")


def test_plurals_without_a_translation_are_english() -> None:
    assert i18n.plural("{count} model", "{count} models", 1) == "1 model"
    assert i18n.plural("{count} model", "{count} models", 2) == "2 models"


class Reversed(QTranslator):
    """Stands for a .qm file."""

    def translate(
        self,
        context: str,
        sourceText: str,  # noqa: N803 - Qt calls it by this name
        disambiguation: str | None = None,
        n: int = -1,
    ) -> str:
        if context != i18n.CONTEXT:
            return ""
        return f"[{n}] {sourceText}" if n >= 0 else f"<{sourceText}>"


def test_every_text_passes_the_translator(qapp: QApplication) -> None:
    translator = Reversed()
    QCoreApplication.installTranslator(translator)
    try:
        assert i18n.tr("Install {name}", name="x") == "<Install x>"
        assert i18n.plural("{count} model", "{count} models", 3) == "[3] 3 models"
    finally:
        QCoreApplication.removeTranslator(translator)
