"""The rows of a table of functions."""

from __future__ import annotations

from pytest_djworkers.report.function_rows import function_rows, part_rows
from tests.support.explanations import EXPLAINED, SPENT


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


def test_a_part_of_one_servers_time_has_its_share() -> None:
    burn, wait = part_rows(SPENT.parts, SPENT)
    assert list(burn.values()) == ["burn", "3ms", "75%", "CPU", "site/b.py"]
    assert (wait["share"], wait["of"]) == ("100%", f"waiting for {SPENT.parts[1].wait}")
