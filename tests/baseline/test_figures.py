"""The figures of what is stored, as the table shows them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_djworkers.baseline.figures import StoredFigures, session_figures
from pytest_djworkers.baseline.session import RunFacts, session_of
from tests.support.results import RESULT, WRK


def test_the_figures_are_those_of_the_burst() -> None:
    figures = session_figures(session_of(RESULT, RunFacts(saved="today")))
    assert RESULT.latency is not None
    assert figures.p50 == RESULT.latency.p50
    assert figures.p99 == pytest.approx(RESULT.latency.p99, rel=1e-3)
    assert figures.mean == pytest.approx(RESULT.latency.mean, rel=1e-3)
    assert replace(figures, p50=None, p99=None, mean=None) == StoredFigures(
        RESULT.rps, None, None, RESULT.timeouts, RESULT.errors, "today"
    )


def test_figures_that_the_generator_did_not_know_stay_unknown() -> None:
    figures = session_figures(session_of(replace(WRK, latency=None)))
    assert (figures.p50, figures.p99, figures.timeouts) == (None, None, WRK.late)
