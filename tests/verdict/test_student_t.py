"""Student's t, held to scipy."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from pytest_djworkers.verdict.student_t import upper_quantile, upper_tail


@given(st.floats(-50, 50), st.integers(1, 60))
@example(1.3e-11, 1)
def test_the_tail_is_that_of_scipy(t: float, freedom: int) -> None:
    # scipy takes values below about 1e-10 for 0; the density is at most 0.4.
    assert upper_tail(t, freedom) == pytest.approx(stats.t.sf(t, freedom), abs=1e-10)


@pytest.mark.parametrize("freedom", range(1, 40))
@pytest.mark.parametrize("share", [0.0001, 0.01, 0.025, 0.25, 0.5])
def test_the_quantile_is_that_of_scipy(share: float, freedom: int) -> None:
    expected = stats.t.isf(share, freedom)
    assert upper_quantile(share, freedom) == pytest.approx(expected, rel=1e-8, abs=1e-8)


def test_what_is_no_distribution_raises_an_error() -> None:
    with pytest.raises(ValueError, match="degrees of freedom"):
        upper_tail(1.0, 0)
    with pytest.raises(ValueError, match="of an upper tail"):
        upper_quantile(0.6, 3)
