"""The figures of what is stored, as the table shows them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_djworkers.baseline.document import StoredSession
from pytest_djworkers.baseline.figures import StoredFigures, session_figures
from pytest_djworkers.baseline.session import RunFacts, session_of, window_of
from pytest_djworkers.load.facts import Usage
from tests.support.results import RESULT, WRK

USED = Usage(2.5, 1000, 2, 2, 0, 0)


def test_the_figures_are_those_of_the_burst() -> None:
    figures = session_figures(session_of(RESULT, RunFacts(saved="today")))
    assert RESULT.latency is not None
    assert figures.p50 == RESULT.latency.p50
    assert figures.p99 == pytest.approx(RESULT.latency.p99, rel=1e-3)
    assert figures.mean == pytest.approx(RESULT.latency.mean, rel=1e-3)
    assert replace(figures, p50=None, p99=None, mean=None) == StoredFigures(
        RESULT.rps, None, None, RESULT.timeouts, RESULT.errors, "today"
    )


@pytest.mark.parametrize(("usages", "cpu"), [([USED, USED], 0.002), ([USED, None], None)])
def test_the_cpu_time_per_request_is_that_of_all_windows(
    usages: list[Usage | None], cpu: float | None
) -> None:
    windows = [window_of(replace(RESULT, unexpected=250, usage=usage)) for usage in usages]
    assert session_figures(StoredSession(tuple(windows))).cpu_per_request_s == cpu
    nothing = window_of(replace(RESULT, ok=0, late=0, usage=USED))
    assert session_figures(StoredSession((nothing,))).cpu_per_request_s is None


def test_figures_that_the_generator_did_not_know_stay_unknown() -> None:
    figures = session_figures(session_of(replace(WRK, latency=None)))
    assert (figures.p50, figures.p99, figures.timeouts) == (None, None, WRK.late)
