"""The prediction of one more session, held to its table and to scipy."""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from pytest_djworkers.baseline.store import SESSIONS_KEPT
from pytest_djworkers.verdict.prediction import (
    MOST_SESSIONS,
    SESSIONS_FOR_INTERVAL,
    prediction_ceiling,
    prediction_floor,
)

rates = st.floats(1.0, 1e6)


def test_all_sessions_that_are_kept_predict() -> None:
    assert MOST_SESSIONS == SESSIONS_KEPT


@given(st.lists(rates, min_size=SESSIONS_FOR_INTERVAL, max_size=MOST_SESSIONS))
def test_floor_and_ceiling_are_those_of_the_prediction_interval(values: list[float]) -> None:
    logs = np.log(values)
    spread = logs.std(ddof=1) * sqrt(1 + 1 / len(values))
    for bound, level in ((prediction_floor(values), 0.01), (prediction_ceiling(values), 0.99)):
        mean = logs.mean()
        expected = mean if not spread else stats.t.ppf(level, len(values) - 1, mean, spread)
        assert bound is not None
        assert log(bound) == pytest.approx(expected, abs=1e-3)


@given(st.lists(rates, max_size=SESSIONS_FOR_INTERVAL - 1))
def test_few_sessions_predict_nothing(rps: list[float]) -> None:
    assert prediction_floor(rps) is prediction_ceiling(rps) is None


def test_only_the_last_sessions_and_only_real_figures_predict() -> None:
    recent = [1000.0 + i for i in range(MOST_SESSIONS)]
    assert prediction_floor([5.0, *recent]) == prediction_floor(recent)
    assert prediction_floor([0.0] * SESSIONS_FOR_INTERVAL) is None
