"""A comparison that really goes on in another turn of its test."""

from __future__ import annotations

import pytest

from tests.support.repository import left
from tests.support.revisions import ANY_SPEED, FLAGS, nothing_is_left
from tests.support.site import Site

# A first look of one block decides nothing.
ONE_BLOCK = """
from pytest_djworkers.run.hooks import budget

budget.FIRST_LOOK_BLOCKS = budget.LEAST_BLOCKS = 1
"""


@pytest.mark.matrix
def test_a_comparison_goes_on_with_the_blocks_that_it_has(revisions: Site) -> None:
    conftest = (revisions.folder / "conftest.py").read_text()
    revisions.write("conftest.py", conftest + ONE_BLOCK)
    revisions.test(
        'def test_slows(burst):\n    with open("turns", "a") as turns:\n        turns.write("x")\n'
        '    assert burst("/slows").ok > 30\n'
    )
    before = left(revisions.folder)
    result = revisions.pytest(
        *FLAGS, ANY_SPEED, "--djworkers-compare-budget=5m", "-v", timeout_s=200
    )
    result.assert_outcomes(passed=1)
    # Once in each turn.
    assert len((revisions.folder / "turns").read_text()) >= 2
    result.stdout.re_match_lines([r"  granian  (ok|inconclusive) ", r"    .*\bblocks [2-9],"])
    nothing_is_left(revisions, before)
