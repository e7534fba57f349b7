"""The rows of a table of functions."""

from __future__ import annotations

from pytest_djworkers.report.function_rows import function_rows
from tests.support.explanations import EXPLAINED


def test_a_function_has_its_change_and_the_time_of_both_arms() -> None:
    burn, wait, library, *_ = function_rows(EXPLAINED.functions)
    assert burn == {
        "function": "burn",
        "change": "+4ms",
        "interval": "+3.9ms to +4.1ms",
        "marks": "certain, edited",
        "own time": "1 → 5 ms",
        "with calls": "1 → 5 ms",
        "of": "CPU",
        "file": "site/b.py",
    }
    assert (wait["of"], wait["own time"], wait["marks"]) == ("waiting", "0 s → 4 ms", "")
    assert (library["change"], library["own time"]) == ("0s", "10us")
    (alone,) = function_rows(EXPLAINED.functions[:1])
    assert alone["of"] == ""
