"""Durations, shares, sizes and counts: parsed from what users write, and formatted for them."""

from __future__ import annotations

import math
import re

# Python's own float() would also take "nan", "1e5", "+1" and digits of other scripts.
_DURATION = re.compile(r"(?P<number>\d+(?:\.\d+)?|\.\d+)\s*(?P<unit>us|ms|s|m|h|)")
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}
_SIZE = re.compile(r"(?P<number>\d+(?:\.\d+)?|\.\d+)\s*(?P<unit>[kMG]?B|[KMG]iB)")
_BYTES = {"B": 1, "kB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_MULTIPLE = re.compile(r"(?P<number>\d+(?:\.\d+)?|\.\d+)\s*(?P<unit>%|x)")
_SHARE = re.compile(r"(?P<number>\d+(?:\.\d+)?|\.\d+)\s*%")

LONGEST_S = 7 * 86_400.0
"""The longest duration that is accepted, in seconds."""
MOST_WHOLE = 10**12
"""The largest whole number that is accepted."""
_MOST_SHOWN = 60
DURATION_FORMS = "a duration such as 250ms, 2s, 1m, or a number of seconds, 7 days at most"
SIZE_FORMS = "a size such as 512MB, 1.5GiB, or a number of bytes"
LEAST_RATE = 1 / 60
"""The lowest rate that is accepted, in requests/s: one a minute."""
MOST_RATE = 100_000.0
"""The highest rate that is accepted, in requests/s: no generator here can plan more."""
RATE_FORMS = f"a number of requests per second up to {MOST_RATE:,.0f}"
SHARE_FORMS = "a share such as 10%"
MULTIPLE_FORMS = "a multiple such as '60%' or '8x'"
ARROW = "→"
"""Stands between a figure before and the same figure now."""
# As the functions below write figures: digits first, the unit behind them without a blank.
_FIGURE = re.compile(r"(?P<number>[\d.,]+(?:e-\d+)?)(?P<unit>\D*)")


def written(value: object) -> str:
    """Return a value as it was written, for a message; only the beginning of a long one."""
    try:
        text = repr(value)
    except ValueError:  # Python refuses to convert an int of more than 4,300 digits to text
        return "a number of thousands of digits"
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}..."


def parse_duration(value: object) -> float:
    """Return the seconds in ``250ms``, ``2s``, ``1m``, ``1h``, or a number of seconds.

    Raises ValueError, with the accepted forms, for anything else and for negative values.
    """
    if isinstance(value, bool):  # True is an int, too
        raise ValueError(f"{written(value)} is not {DURATION_FORMS}")
    if isinstance(value, int | float):
        seconds = _float(value)
    else:
        match = _DURATION.fullmatch(value.strip()) if isinstance(value, str) else None
        if match is None:
            raise ValueError(f"{written(value)} is not {DURATION_FORMS}")
        seconds = float(match["number"]) * _SECONDS[match["unit"]]
    if not 0 <= seconds <= LONGEST_S:
        raise ValueError(f"{written(value)} is not {DURATION_FORMS}")
    return seconds


def parse_share(value: object) -> float:
    """Return the fraction in ``"10%"``, which is 0.1. Raises ValueError for anything else."""
    match = _SHARE.fullmatch(value.strip()) if isinstance(value, str) else None
    if match is None or not math.isfinite(percent := float(match["number"])):
        raise ValueError(f"{written(value)} is not {SHARE_FORMS}")
    return percent / 100


def parse_multiple(value: object) -> float:
    """Return the factor in ``"60%"``, which is 0.6, or in ``"8x"``.

    Raises ValueError for anything else, and for 0.
    """
    match = _MULTIPLE.fullmatch(value.strip()) if isinstance(value, str) else None
    factor = 0.0 if match is None else float(match["number"]) / (100 if match["unit"] == "%" else 1)
    if not 0 < factor < math.inf:
        raise ValueError(f"{written(value)} is not {MULTIPLE_FORMS}")
    return factor


def parse_rate(value: object) -> float:
    """Return a number of requests per second.

    Raises ValueError for anything else, and outside of ``LEAST_RATE`` to ``MOST_RATE``.
    """
    try:
        rate = math.nan if isinstance(value, bool) else _float(value)  # type: ignore[arg-type]  # any
    except (TypeError, ValueError):
        rate = math.nan
    if not LEAST_RATE <= rate <= MOST_RATE:
        raise ValueError(f"{written(value)} is not {RATE_FORMS}")
    return rate


def parse_whole(value: object, *, least: int = 1) -> int:
    """Return a whole number of at least ``least``; ``30_000`` may be written as in Python.

    Raises ValueError for anything else.
    """
    accepted = f"a whole number of {least} or more, up to {MOST_WHOLE:,}"
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError(f"{written(value)} is not {accepted}")
    try:
        number = int(value)
    except ValueError:
        raise ValueError(f"{written(value)} is not {accepted}") from None
    if not least <= number <= MOST_WHOLE:
        raise ValueError(f"{written(value)} is not {accepted}")
    return number


def format_duration(seconds: float) -> str:
    """Return a duration in three digits and a unit that suits it: ``812us``, ``45.8ms``, ``2s``."""
    if not seconds:
        return "0s"
    for unit, size in (("us", 1e-6), ("ms", 1e-3)):
        # 999.6 ms would be rounded to 1000ms: from 999.5 on, the next unit is used.
        if seconds < 999.5 * size:
            return f"{_three_digits(seconds / size)}{unit}"
    return f"{_three_digits(seconds)}s"


def format_longer_by(seconds: float) -> str:
    """Return a change of a duration with its sign: ``+5.1ms``, ``-812us``, ``0s``."""
    sign = "" if not seconds else "+" if seconds > 0 else "-"
    return f"{sign}{format_duration(abs(seconds))}"


def format_long_duration(seconds: float) -> str:
    """Return a duration as people say it, to the second: ``42s``, ``10m``, ``7m 42s``, ``1h 5m``.

    Below ten seconds it is as ``format_duration`` returns it.
    """
    if seconds < 10:
        return format_duration(seconds)
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [
        f"{hours}h" if hours else "",
        f"{minutes}m" if minutes else "",
        f"{rest}s" if rest else "",
    ]
    return " ".join(filter(None, parts))


def about(seconds: float) -> str:
    """Return an expected duration in words: ``about 40 seconds``, ``about 6 minutes``."""
    if seconds < 90:
        return f"about {counted(max(10, round(seconds / 10) * 10), 'second')}"
    if seconds < 90 * 60:
        return f"about {counted(round(seconds / 60), 'minute')}"
    return f"about {counted(round(seconds / 3600), 'hour')}"


def format_rate(per_second: float) -> str:
    """Return a number of requests per second: ``31,896``, ``25.00``. Below 100 it has decimals."""
    return f"{per_second:,.2f}" if per_second < 100 else f"{per_second:,.0f}"


def format_share(share: float) -> str:
    """Return a fraction as a percentage: ``0.0123`` is ``1.23%``."""
    percent = share * 100
    return f"{percent:,.0f}%" if percent >= 100 else f"{percent:.3g}%"


def format_multiple(factor: float) -> str:
    """Return a factor as ``parse_multiple`` takes it: ``60%``, ``8x``."""
    return f"{factor:.10g}x" if factor >= 1 else f"{factor * 100:.10g}%"


def counted(number: int, word: str) -> str:
    """Return a number and a noun, in the plural if needed: ``1 worker``, ``2,000 workers``."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def format_size(size: float) -> str:
    """Return bytes in three digits and a unit that suits them: ``512B``, ``45.8MB``, ``1.2GB``."""
    for unit, factor in (("B", 1), ("kB", 1e3), ("MB", 1e6)):
        if size < 999.5 * factor:
            return f"{_three_digits(size / factor)}{unit}"
    return f"{_three_digits(size / 1e9)}GB"


def parse_size(value: object) -> float:
    """Return the bytes in ``512MB``, ``1.5GB``, ``64MiB`` or a number of bytes.

    Raises ValueError, with the accepted forms, for anything else and for less than a byte.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        size = _float(value)
    else:
        match = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
        size = float(match["number"]) * _BYTES[match["unit"]] if match else math.nan
    if not 1 <= size < math.inf:
        raise ValueError(f"{written(value)} is not {SIZE_FORMS}")
    return size


def format_change(ratio: float) -> str:
    """Return a ratio of new to old as a signed change: ``0.9`` is ``-10.0%``."""
    return f"{(ratio - 1) * 100:+.1f}%"


def before_and_after(before: str, after: str) -> str:
    """Return two figures as one text: ``10.2ms`` and ``12.4ms`` make ``10.2 → 12.4 ms``.

    A unit that both figures share stands once, at the end.
    """
    number, unit = _split(before)
    new_number, new_unit = _split(after)
    old = number if unit == new_unit else f"{number} {unit}".rstrip()
    return f"{old} {ARROW} {new_number} {new_unit}".rstrip()


def _float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:  # an int can be larger than any float
        return math.inf


def _three_digits(number: float) -> str:
    # The bounds are where rounding to fewer decimals begins: 99.95 is shown as 100, not 100.0.
    if number >= 99.95:
        return f"{number:.0f}"
    text = f"{number:.1f}" if number >= 9.995 else f"{number:.2f}"
    return text.rstrip("0").rstrip(".")


def _split(figure: str) -> tuple[str, str]:
    """Return the number and the unit of a figure."""
    match = _FIGURE.fullmatch(figure)
    # A file that anybody edited can make a figure infinite.
    return (figure, "") if match is None else (match["number"], match["unit"])
