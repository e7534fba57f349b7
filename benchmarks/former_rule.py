"""The rule as it was before there was a group-sequential one, to compare the present one with.

Its interval was the exact Wilcoxon signed-rank interval, over rounds where launches seemed to add
nothing to their spread, else over block means. A loss had to be seen again in 8 fresh blocks of
6 rounds. It works on log ratios of head to base, negative is worse, in numpy arrays of blocks and
rounds.
"""

from __future__ import annotations

from math import log1p

import numpy as np

from pytest_djworkers.verdict.judgement import Verdict
from signed_rank import averages_cut

ROUNDS = 6
LOOKS = (4, 6, 8, 10, 12, 16)
LEVEL = 0.98
CONFIRMING_BLOCKS = 8
CONFIRMING_LEVEL = 0.9
MOST_BLOCKS = LOOKS[-1] + CONFIRMING_BLOCKS
BLOCK_S = 6.4
"""The seconds that a block took by the simulation's clock."""


def former_verdict(ratios: np.ndarray, tolerance: float) -> tuple[Verdict, int]:
    """Return the verdict and the number of blocks of a comparison with these log ratios."""
    for look in LOOKS:
        seen = ratios[:look]
        found = _compare(seen, _rounds_are_the_unit(seen), LEVEL, tolerance)
        if found is Verdict.REGRESSED:
            return _confirm(ratios, look, tolerance), look + CONFIRMING_BLOCKS
        if found is not Verdict.INCONCLUSIVE or look == LOOKS[-1]:
            return found, look
    raise AssertionError("the last look always decides")


def _confirm(ratios: np.ndarray, look: int, tolerance: float) -> Verdict:
    whole = ratios[: look + CONFIRMING_BLOCKS]
    by_rounds = _rounds_are_the_unit(whole)
    if _compare(whole[look:], by_rounds, CONFIRMING_LEVEL, tolerance) is Verdict.REGRESSED:
        return Verdict.REGRESSED
    found = _compare(whole, by_rounds, LEVEL, tolerance)
    return Verdict.INCONCLUSIVE if found is Verdict.REGRESSED else found


def _rounds_are_the_unit(ratios: np.ndarray) -> bool:
    """Return True if the mean square between blocks is at most that within them."""
    means = ratios.mean(axis=1)
    within = ((ratios - means[:, None]) ** 2).sum() / (ratios.size - len(ratios))
    return bool(ratios.shape[1] * means.var(ddof=1) <= within)


def _compare(ratios: np.ndarray, by_rounds: bool, level: float, tolerance: float) -> Verdict:
    values = ratios.ravel() if by_rounds else ratios.mean(axis=1)
    cut = averages_cut(len(values), level)
    if cut is None:
        return Verdict.INCONCLUSIVE
    first, second = np.triu_indices(len(values))
    averages = np.sort((values[first] + values[second]) / 2)
    estimate, low, high = np.median(averages), averages[cut], averages[-1 - cut]
    loss = -log1p(-tolerance)
    if high < 0 and estimate < -loss:
        return Verdict.REGRESSED
    if low > 0 and estimate > log1p(tolerance):
        return Verdict.IMPROVED
    return Verdict.OK if low > -loss else Verdict.INCONCLUSIVE
