from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.units import (
    MOST_WHOLE,
    about,
    before_and_after,
    counted,
    format_change,
    format_duration,
    format_long_duration,
    format_rate,
    format_share,
    format_size,
    parse_duration,
    parse_share,
    parse_size,
    parse_whole,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25),
        ("80us", 80e-6),
        ("2s", 2),
        ("1.5m", 90),
        ("1h", 3600),
        (" 2 s ", 2),
        (".5", 0.5),
        ("0", 0),
        (3, 3),
        (0.25, 0.25),
    ],
)
def test_a_duration_has_a_unit_or_is_seconds(text: object, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "2 days",
        "-1s",
        "1e3",
        "1s2",
        "nan",
        "inf",
        "9" * 400,
        -1,
        10**400,
        math.nan,
        math.inf,
        True,
        None,
        [1],
    ],
    ids=repr,
)
def test_a_wrong_duration_is_refused_with_the_accepted_forms(value: object) -> None:
    with pytest.raises(ValueError, match="is not a duration such as 250ms, 2s, 1m"):
        parse_duration(value)


@pytest.mark.parametrize(
    ("value", "size"),
    [("512MB", 512e6), ("1.5 GiB", 1.5 * 2**30), (" 10kB", 1e4), ("7B", 7), (4096, 4096)],
)
def test_a_size_has_a_unit_or_is_bytes(value: object, size: float) -> None:
    assert parse_size(value) == size


@pytest.mark.parametrize("value", ["", "512", "5mb", "0B", "-1B", 0, -1, True, None, math.nan])
def test_a_wrong_size_is_refused_with_the_accepted_forms(value: object) -> None:
    with pytest.raises(ValueError, match="is not a size such as 512MB"):
        parse_size(value)


@given(st.floats(min_value=1, max_value=1e12))
def test_a_formatted_size_is_parsed_to_three_digits(size: float) -> None:
    assert parse_size(format_size(size)) == pytest.approx(size, rel=0.0051, abs=0.51)


@given(st.floats(min_value=1e-6, max_value=1e5))
def test_a_formatted_duration_is_parsed_to_three_digits(seconds: float) -> None:
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, rel=0.0051)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.000_001, "1us"),
        (0.000_812_4, "812us"),
        (0.000_999_6, "1ms"),
        (0.0458, "45.8ms"),
        (0.999_4, "999ms"),
        (0.999_6, "1s"),
        (9.996, "10s"),
        (99.96, "100s"),
        (600, "600s"),
    ],
)
def test_a_duration_is_formatted_in_a_unit_that_suits_it(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.decimals(min_value=0, max_value=10_000, places=2))
def test_a_share_is_a_percentage(percent: object) -> None:
    assert parse_share(f"{percent} %") == pytest.approx(float(str(percent)) / 100)


@pytest.mark.parametrize("value", ["10", "ten%", "-1%", "%", "9" * 400 + "%", 0.1, 10, None])
def test_a_wrong_share_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="is not a share such as 10%"):
        parse_share(value)


@given(st.floats(min_value=1e-4, max_value=0.99))
def test_a_formatted_share_is_parsed_to_three_digits(share: float) -> None:
    assert parse_share(format_share(share)) == pytest.approx(share, rel=0.0051)


@given(st.integers(min_value=1, max_value=MOST_WHOLE))
def test_the_digits_of_a_whole_number_may_be_grouped(number: int) -> None:
    assert parse_whole(f"{number:_}") == parse_whole(str(number)) == parse_whole(number) == number


@pytest.mark.parametrize("value", [0, -1, "0", "1.5", "x", "", 1.5, True, None])
def test_a_wrong_whole_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="is not a whole number of 1 or more"):
        parse_whole(value)


def test_the_least_whole_number_may_be_zero() -> None:
    assert parse_whole(0, least=0) == 0


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (format_rate(12.345), "12.35"),
        (format_rate(31_896.61), "31,897"),
        (format_share(0.0123), "1.23%"),
        (format_share(12.5), "1,250%"),
        (format_change(0.9), "-10.0%"),
        (format_change(1.25), "+25.0%"),
        (counted(1, "worker"), "1 worker"),
        (counted(2000, "worker"), "2,000 workers"),
    ],
)
def test_figures_are_formatted_for_people(written: str, text: str) -> None:
    assert written == text


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ("10.2ms", "12.4ms", "10.2 → 12.4 ms"),
        ("812us", "1.2ms", "812 us → 1.2 ms"),
        ("0s", "3ms", "0 s → 3 ms"),
        ("2s", "2s", "2 → 2 s"),
        ("0", "1,234", "0 → 1,234"),
        ("1.2%", "30%", "1.2 → 30 %"),
        ("8.33e-05%", "1%", "8.33e-05 → 1 %"),
        ("inf", "12.4ms", "inf → 12.4 ms"),
    ],
)
def test_a_unit_that_both_figures_share_stands_once(before: str, after: str, text: str) -> None:
    assert before_and_after(before, after) == text


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(2.5, "2.5s"), (42, "42s"), (59.7, "1m"), (600, "10m"), (462, "7m 42s"), (3900, "1h 5m")],
)
def test_long_durations(seconds: float, written: str) -> None:
    assert format_long_duration(seconds) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (0, "about 10 seconds"),
        (44, "about 40 seconds"),
        (88, "about 90 seconds"),
        (91, "about 2 minutes"),
        (360, "about 6 minutes"),
        (7300, "about 2 hours"),
    ],
)
def test_expected_durations(seconds: float, written: str) -> None:
    assert about(seconds) == written
