from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_djworkers.legend import Sign
from pytest_djworkers.load.facts import Connections
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.burst_rows import BURSTS
from pytest_djworkers.report.explanations import explanations
from tests.support.results import RESULT, UNFAIR, record
from tests.support.unusual_results import FIT, UNFIT


def held(backend: str, number: float, test: str = "test_json", of: int = 2000) -> BurstRecord:
    """Return a burst in which the server held this number of connections."""
    connections = Connections(requested=of, served=of, at_work=number)
    return record(backend, test, result=replace(RESULT, connections=connections))


def lines(*records: BurstRecord) -> list[str]:
    """Return the explanations of a run in a wide window."""
    return explanations(BURSTS.rows(records), BURSTS.columns(records[0]), records)


@pytest.mark.parametrize("what", [*UNFIT, *FIT])
def test_each_remark_is_explained(what: str) -> None:
    one = record(result={**UNFIT, **FIT}[what])
    explained = lines(one)
    for remark in one.remarks:
        assert remark.sign.line in explained


def test_nothing_is_explained_without_a_sign() -> None:
    assert lines(record()) == []


def test_a_sign_is_explained_once_and_in_the_order_of_the_legend() -> None:
    unfair = record(result=UNFAIR)
    late = record(result=replace(RESULT, latency=None))
    assert lines(late, unfair, late) == [Sign.UNFAIR.line, Sign.UNKNOWN.line]


def test_a_starved_server_is_named_with_what_it_held_and_what_to_try() -> None:
    found = lines(
        held("gevent", 912),
        held("granian", 2000),
        held("gevent", 430.2, "b"),
        held("granian", 1900, "b"),
    )
    assert found == [
        Sign.STARVED.line,
        "  gevent held 430 to 912 of 2,000 connections here: try burst(connections=430), or"
        " granian, which was not starved",
    ]


def test_a_server_is_to_be_tried_only_if_it_held_them_wherever_the_other_did_not() -> None:
    found = lines(held("a", 912), held("b", 2000), held("a", 430, "two"), held("b", 100, "two"))
    assert found[1:] == [
        "  a held 430 to 912 of 2,000 connections here: try burst(connections=430)",
        "  b held 100 of 2,000 connections here: try burst(connections=100)",
    ]


@pytest.mark.parametrize(
    ("number", "of", "proposal"),
    [
        (1399.9, 2000, ": try burst(connections=1300)"),
        (64.5, 2000, ": try burst(connections=64)"),
        # wrk finds fewer at work than there are, and five connections show little of a server.
        (5.8, 2000, ": try burst(connections=64)"),
        (5.8, 65, ": try burst(connections=64)"),
        (5.8, 64, ""),
    ],
)
def test_the_number_of_connections_to_try(number: float, of: int, proposal: str) -> None:
    _, line = lines(held("granian", number, of=of))
    assert line == f"  granian held {number:,.0f} of {of:,} connections here{proposal}"


def test_a_server_that_is_not_ours_has_no_name() -> None:
    one = replace(held("granian", 100).result, server=None)
    _, line = lines(BurstRecord("test_site.py::test_json", one))
    assert line.startswith("  the server held 100 of 2,000 connections here: try ")
