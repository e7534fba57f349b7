"""Simulated comparisons under noise that is known, judged by the rule as built.

The noise is that of the table of methods in the documentation::

    log requests/s = machine(t) + launch + window

The machine is a random walk with stalls of two windows. Its figures are those of windows of 1 s,
and are taken for short ones as they are. On a shared machine at rest, the standard deviation of the
rounds' log ratios was 17 to 34 % (granian) and 6 to 10 % (gunicorn-gevent) with windows of 1 s, and
17 % and 9 % with 0.25 s. If it were all white noise it would double with windows a quarter as long:
the last level does that. Two more levels are as measured, where launches differ more than in the
model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log, sqrt
from statistics import fmean, median

import numpy as np

from pytest_djworkers.verdict.judgement import Judgement, Verdict
from pytest_djworkers.verdict.rounds import Metric, Round, Window
from pytest_djworkers.verdict.rule import Rule, judge

WINDOW_S = 0.25
RPS = 4000.0
# Measured in comparisons of the example's JSON view.
LAUNCHES_S, WINDOWS_S = 2.4, 0.33
"""The seconds that a block takes for its two launches with their warm-ups, and for each window."""
ROUNDS = 6
"""The number of rounds in a block."""
STALL_WINDOWS = 2
STALL_DEPTHS = (0.15, 0.45)


@dataclass(frozen=True)
class NoiseModel:
    """The noise of one arm, as standard deviations of log requests/s."""

    name: str
    window: float
    launch: float
    walk: float = 0.0
    """The standard deviation of the random walk's steps, one for each window."""
    stalls: float = 0.0
    """The share of windows in which a stall begins."""


def of_ratios(name: str, round_sd: float, launch_sd: float) -> NoiseModel:
    """Return the noise of one arm, from standard deviations measured on log ratios of two."""
    # The variance of a difference of two arms is twice that of each.
    return NoiseModel(name, round_sd / sqrt(2), launch_sd / sqrt(2))


QUIET = NoiseModel("quiet", 0.04, 0.01, 0.003, 0.01)
CI = NoiseModel("CI", 0.08, 0.02, 0.01, 0.05)
BAD = NoiseModel("bad", 0.15, 0.03, 0.02, 0.10)
GEVENT = of_ratios("gevent as measured", 0.088, 0.037)
GRANIAN = of_ratios("granian as measured", 0.17, 0.09)
LEVELS = (
    QUIET,
    CI,
    BAD,
    GEVENT,
    GRANIAN,
    replace(CI, name="CI, white: window x 2", window=2 * CI.window),
)


def block_s() -> float:
    """Return about how many seconds a block takes."""
    return LAUNCHES_S + 2 * ROUNDS * WINDOWS_S


def draw(rng: np.random.Generator, noise: NoiseModel, loss: float, rule: Rule) -> list[Round]:
    """Return the rounds of the longest comparison that the rule allows."""
    blocks, in_block = rule.most_blocks, ROUNDS
    windows = 2 * blocks * in_block
    # The random walk and its stalls are the machine's, so both arms share them.
    machine = np.cumsum(rng.normal(0, noise.walk, windows))
    for start in np.flatnonzero(rng.random(windows) < noise.stalls):
        machine[start : start + STALL_WINDOWS] += np.log(1 - rng.uniform(*STALL_DEPTHS))
    # The machine's noise is drawn in the order of time. The arm that is first alternates from
    # round to round, so every other pair is turned around to be in the order of arms.
    figures = (machine + rng.normal(0, noise.window, windows)).reshape(blocks, in_block, 2)
    first = rng.integers(0, 2, blocks)[:, None] + np.arange(in_block)
    figures[first % 2 == 1] = figures[first % 2 == 1][:, ::-1]
    # A launch is drawn once for each arm and block, and shifts all of its windows.
    figures += rng.normal(0, noise.launch, (blocks, 1, 2))
    # Head is the second arm.
    figures[..., 1] += log(1 - loss)
    requests = np.rint(RPS * WINDOW_S * np.exp(figures)).astype(int).tolist()
    return [
        Round(window(base), window(head), number)
        for number, block in enumerate(requests)
        for base, head in block
    ]


def window(requests: int) -> Window:
    """Return a window with this many responses and nothing else."""
    return Window(requests, WINDOW_S, 0, 0, requests, None, None)


@dataclass(frozen=True)
class Cell:
    """One kind of comparison, to be simulated many times."""

    noise: NoiseModel
    loss: float
    tolerance: float
    rule: Rule
    trials: int
    seed: int

    def run(self) -> SimulatedVerdicts:
        """Simulate all of them."""
        # The cell has its seed, so that a run can be repeated in any number of processes.
        rng = np.random.default_rng(self.seed)
        found = []
        for _ in range(self.trials):
            judgement = judge(
                draw(rng, self.noise, self.loss, self.rule),
                metric=Metric.RPS,
                tolerance=self.tolerance,
                rule=self.rule,
            )
            assert isinstance(judgement, Judgement)
            found.append((judgement.verdict, judgement.blocks * block_s()))
        return SimulatedVerdicts(found)


@dataclass(frozen=True)
class SimulatedVerdicts:
    """The verdicts of a cell, and the seconds that each took."""

    found: Sequence[tuple[Verdict, float]]

    def share(self, verdict: Verdict, within_s: float = float("inf")) -> float:
        """Return how often this verdict was reached in time, in percent."""
        return 100 * fmean(found is verdict and took <= within_s for found, took in self.found)

    def error(self, verdict: Verdict) -> float:
        """Return the standard error of the share, in percentage points."""
        share = self.share(verdict) / 100
        return 100 * sqrt(share * (1 - share) / len(self.found))

    @property
    def median_s(self) -> float:
        """The median of the seconds that a comparison took."""
        return median(took for _, took in self.found)

    @property
    def mean_s(self) -> float:
        """The mean of the seconds that a comparison took."""
        return fmean(took for _, took in self.found)
