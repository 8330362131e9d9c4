"""Every visible text passes here: translation, plural forms, and numbers, sizes and times in the window's locale.

Numbers are joined to their unit by a no-break space. None is unknown and reads "unknown".
"""

from datetime import UTC, datetime

from PySide6.QtCore import QCoreApplication, QDate, QLocale, Qt

CONTEXT = "Venom"
NO_BREAK = "\u00a0"
MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400


def tr(text: str, comment: str = "", **values: object) -> str:
    """The text in the window's language, `{name}` places filled from `values`; `comment` tells like texts apart."""
    translated = QCoreApplication.translate(CONTEXT, text, comment or None)
    return translated.format(**values) if values else translated


def plural(one: str, other: str, count: int, **values: object) -> str:
    """The plural form for `count`, which fills `{count}`; translators see `other` as the source text."""
    form = QCoreApplication.translate(CONTEXT, other, None, count)
    if form == other and count == 1:
        form = one
    return form.format(count=number(count), **values)


def unknown() -> str:
    return tr("unknown")


def isolate(text: str) -> str:
    """Keep "3.3 GB" in its order inside a right-to-left line; other lines stay as they are."""
    right_to_left = QLocale().textDirection() == Qt.LayoutDirection.RightToLeft
    return f"\u2068{text}\u2069" if right_to_left else text


def number(value: float, digits: int = 0) -> str:
    """A number in the locale, thousands apart by a no-break space in every language ("32 768")."""
    locale = QLocale()
    locale.setNumberOptions(QLocale.NumberOption.OmitGroupSeparator)
    text = locale.toString(float(abs(value)), "f", digits)
    whole, mark, fraction = text.partition(locale.decimalPoint())
    groups = [whole[max(0, end - 3) : end] for end in range(len(whole), 0, -3)]
    joined = NO_BREAK.join(reversed(groups)) if len(whole) > 3 else whole
    sign = "\u2212" if value < 0 and any(character not in "0" for character in whole + fraction) else ""
    return f"{sign}{joined}{mark}{fraction}"


def with_unit(text: str, unit: str) -> str:
    return isolate(f"{text}{NO_BREAK}{unit}")


def gigabytes(size_bytes: float | None) -> str:
    """ "3.3 GB" (10^9 bytes); small files in MB or KB, from 100 GB on without decimals."""
    if size_bytes is None:
        return unknown()
    amount, unit = _scaled(size_bytes)
    return with_unit(amount, unit)


def gigabytes_of(used_bytes: float | None, total_bytes: float | None) -> str:
    """ "6.4 of 12.0 GB"."""
    if used_bytes is None or total_bytes is None:
        return unknown()
    total, unit = _scaled(total_bytes)
    used = number(used_bytes / _UNITS[unit], 1 if unit == "GB" and total_bytes < 99.95e9 else 0)
    return isolate(tr("{used} of {total}", used=used, total=f"{total}{NO_BREAK}{unit}"))


def gigabytes_range(low_bytes: float | None, high_bytes: float | None) -> str:
    """ "3.3 \u2013 8.6 GB"; one figure when both read the same."""
    if low_bytes is None or high_bytes is None:
        return gigabytes(high_bytes if low_bytes is None else low_bytes)
    low, low_unit = _scaled(low_bytes)
    high, high_unit = _scaled(high_bytes)
    if (low, low_unit) == (high, high_unit):
        return with_unit(high, high_unit)
    first = low if low_unit == high_unit else f"{low}{NO_BREAK}{low_unit}"
    return with_unit(f"{first}{NO_BREAK}\u2013{NO_BREAK}{high}", high_unit)


_UNITS = {"GB": 1e9, "MB": 1e6, "KB": 1e3}


def _scaled(size_bytes: float) -> tuple[str, str]:
    if size_bytes >= 99.95e9:
        return number(size_bytes / 1e9), "GB"
    if size_bytes >= 0.095e9 or size_bytes == 0:
        return number(size_bytes / 1e9, 1 if size_bytes else 0), "GB"
    if size_bytes >= 9.5e6:
        return number(size_bytes / 1e6), "MB"
    if size_bytes >= 0.95e6:
        return number(size_bytes / 1e6, 1), "MB"
    return number(max(size_bytes / 1e3, 1)), "KB"


def count_short(count: int | None) -> str:
    """ "12.4 M", "812 K", "950"."""
    if count is None:
        return unknown()
    if count >= 999_500:
        return with_unit(number(count / 1e6, 1 if count < 99_950_000 else 0), tr("M", "million"))
    if count >= 10_000:
        return with_unit(number(count / 1e3), tr("K", "thousand"))
    return number(count)


def parameters(count: int | None) -> str:
    """ "4.3 B", "270 M", "150 K": the parameters of a model."""
    if count is None:
        return unknown()
    if count >= 99_500_000:
        return with_unit(number(count / 1e9, 1 if count < 99_950_000_000 else 0), tr("B", "billion"))
    if count >= 999_500:
        return with_unit(number(count / 1e6), tr("M", "million"))
    return with_unit(number(max(count / 1e3, 1)), tr("K", "thousand"))


def tokens(count: int | None) -> str:
    """ "32 768"."""
    return unknown() if count is None else isolate(number(count))


def tokens_short(count: int | None) -> str:
    """ "32 K", "128 K", "1 M": a context length in units of 1,024."""
    if count is None:
        return unknown()
    if count >= 1_000_000:
        return with_unit(number(round(count / 1_048_576 if count % 1000 else count / 1e6)), tr("M", "million"))
    if count >= 1000:
        return with_unit(number(round(count / 1024 if count % 1000 else count / 1000)), tr("K", "thousand"))
    return number(count)


def percent(fraction: float | None) -> str:
    """ "43 %" from 0.43, never rounded up to 100."""
    if fraction is None:
        return unknown()
    whole = round(fraction * 100)
    return with_unit(number(99 if whole == 100 and fraction < 1 else whole), "%")


def speed(bytes_per_s: float | None) -> str:
    """ "38 MB/s"."""
    if bytes_per_s is None:
        return unknown()
    if bytes_per_s >= 0.95e6:
        return with_unit(number(bytes_per_s / 1e6, 0 if bytes_per_s >= 9.95e6 else 1), "MB/s")
    return with_unit(number(bytes_per_s / 1e3), "KB/s")


def tokens_per_second(rate: float | None) -> str:
    """ "47.2 tok/s", "474 tok/s"."""
    return unknown() if rate is None else with_unit(number(rate, 1 if rate < 99.95 else 0), tr("tok/s"))


def dollars(amount: float | None) -> str:
    return unknown() if amount is None else isolate(f"${number(amount, 2)}")


def duration(seconds: float | None) -> str:
    """ "182 ms", "3.1 s", "4 min", "2 h 5 min"."""
    if seconds is None:
        return unknown()
    if seconds < 1:
        return with_unit(number(seconds * 1000), "ms")
    if seconds < MINUTE_S:
        return with_unit(number(seconds, 1 if seconds < 9.95 else 0), "s")
    if seconds < HOUR_S:
        return with_unit(number(round(seconds / MINUTE_S)), "min")
    hours, minutes = divmod(round(seconds / MINUTE_S), 60)
    text = with_unit(number(hours), "h")
    return f"{text}{NO_BREAK}{with_unit(number(minutes), 'min')}" if minutes and hours < 10 else text


def duration_left(seconds: float | None) -> str:
    """ "1 min left", "12 s left": in whole seconds under a minute."""
    if seconds is None:
        return unknown()
    whole = max(1, round(seconds))
    amount = with_unit(number(whole), "s") if whole < MINUTE_S else duration(whole)
    return tr("{duration} left", duration=amount)


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """ "now", "3 min ago", "2 h ago", and the date once a day has passed."""
    if moment is None:
        return unknown()
    reference = now or datetime.now(UTC)
    seconds = (reference - moment).total_seconds()
    if seconds >= DAY_S:
        return date(moment)
    if seconds < 5:
        return tr("now")
    if seconds < MINUTE_S:
        amount = with_unit(number(int(seconds)), "s")
    elif seconds < HOUR_S:
        amount = with_unit(number(int(seconds / MINUTE_S)), "min")
    else:
        amount = with_unit(number(int(seconds / HOUR_S)), "h")
    return tr("{duration} ago", duration=amount)


def date(moment: datetime | None) -> str:
    """ "3 October 2026" in local time."""
    if moment is None:
        return unknown()
    local = moment.astimezone()
    return QLocale().toString(QDate(local.year, local.month, local.day), "d MMMM yyyy")


def facts(*parts: str | None) -> str:
    """Facts of one line with a middle dot between them; absent ones fall out."""
    return " \u00b7 ".join(part for part in parts if part)
