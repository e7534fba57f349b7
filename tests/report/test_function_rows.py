"""The rows of a table of functions."""

from __future__ import annotations

from dataclasses import replace

from pytest_djworkers.profiling.differences import Difference
from pytest_djworkers.report.function_rows import function_rows, part_rows
from tests.support.explanations import EXPLAINED, SPENT


def test_a_function_has_its_change_and_the_time_of_both_arms() -> None:
    first, *others = EXPLAINED.functions
    calling = replace(first, total=Difference(0.002, 0.007, (0.004, 0.006), 0.0))
    burn, wait, library, *_ = function_rows([calling, *others])
    assert burn == {
        "function": "burn",
        "change": "+5ms",
        "interval": "+4ms to +6ms",
        "marks": "certain, edited",
        "own time": "1 → 5 ms",
        "with calls": "2 → 7 ms",
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
