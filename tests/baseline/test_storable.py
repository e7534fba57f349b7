"""The decision which bursts may be stored, for each remark and each thing that can go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from pytest_djworkers.baseline.storable import why_not_stored
from pytest_djworkers.load.result import BurstResult
from tests.support.results import RESULT
from tests.support.unusual_results import FIT, UNFIT


@pytest.mark.parametrize("why", UNFIT)
def test_a_burst_that_the_next_will_differ_from_is_not_stored(why: str) -> None:
    assert why_not_stored(UNFIT[why]).startswith(why)


def test_a_burst_that_never_served_most_connections_is_not_stored() -> None:
    # Which of them are served depends on chance, even if all seem to be at work.
    connections = replace(RESULT.connections, served=3, at_work=7.9)
    assert why_not_stored(replace(RESULT, connections=connections)) == "starved"


@pytest.mark.parametrize("remark", FIT)
def test_a_burst_that_the_next_will_be_like_is_stored(remark: str) -> None:
    assert why_not_stored(FIT[remark]) == ""


def test_every_remark_is_decided() -> None:
    """A new remark has to be put into one of the tables above."""

    def remarks(results: Mapping[str, BurstResult]) -> set[str]:
        return {
            " ".join(word for word in remark.split() if not word[0].isdigit())
            for result in results.values()
            for remark in result.remarks
        }

    assert remarks(UNFIT) | remarks(FIT) == {
        "of agents lost, with of connections",
        "opened connections",
        "backlog of",
        "holds connections",
        "starved",
        "unfair",
        "fell behind",
        "generator-bound",
        "closes connections",
        "backlog overflowed",
        "generator stopped for",
        "requests sent again",
        "server not watched for",
        "worker died, started",
        "workers died, started",
    }
