"""Simulated comparisons under noise that is known, judged by the present rule and the former.

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

import former_rule
from former_rule import BLOCK_S, former_verdict
from pytest_djworkers.verdict.judgement import Judgement, Verdict
from pytest_djworkers.verdict.rounds import Metric, Round, Window
from pytest_djworkers.verdict.rule import RULE, judge

WINDOW_S = 0.25
RPS = 4000.0

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
    speed: float = 0.0
    """The changes of the machine's speed from window to window, which the agent measures."""
    measuring: float = 0.0
    """The error with which it measures them."""


def of_ratios(
    name: str, round_sd: float, launch_sd: float, speed_sd: float = 0.0, measuring_sd: float = 0.0
) -> NoiseModel:
    """Return the noise of one arm, from standard deviations measured on log ratios of two."""
    # The variance of a difference of two arms is twice that of each.
    of_one = [sd / sqrt(2) for sd in (round_sd, launch_sd, speed_sd, measuring_sd)]
    window, launch, speed, measuring = of_one
    return NoiseModel(name, window, launch, speed=speed, measuring=measuring)


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
    of_ratios("gevent, speed changes", 0.075, 0.03, 0.175, 0.085),
    of_ratios("granian, speed changes", 0.14, 0.065, 0.17, 0.05),
    of_ratios("granian, speed unseen", 0.22, 0.065, 0.0, 0.18),
)


@dataclass(frozen=True)
class Clock:
    """The parts of a block, in seconds, as ``regressions.py`` measured them on two slow CPUs."""

    name: str
    rounds: int
    """The number of rounds in a block."""
    launches_s: float
    """Both launches at once, with data, warm-up and stop."""
    window_s: float
    """One arm's window with its drain."""

    @property
    def block_s(self) -> float:
        """The seconds that a block takes."""
        return self.launches_s + 2 * self.rounds * self.window_s


FAST = Clock("fast view", 6, 3.6, 0.3)
CLOCKS = (
    FAST,
    Clock("25 requests/s", 4, 4.5, 1.0),
    Clock("5 requests/s", 1, 7.5, 4.0),
    Clock("waits for 3 s", 1, 12.3, 3.0),
)


def draw(
    rng: np.random.Generator, noise: NoiseModel, loss: float, blocks: int, rounds: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the log ratios of head to base of that many blocks and rounds.

    With them come those of the machine's speeds; None if nobody measured it.
    """
    windows = 2 * blocks * rounds
    # The random walk and its stalls are the machine's, so both arms share them.
    machine = np.cumsum(rng.normal(0, noise.walk, windows))
    for start in np.flatnonzero(rng.random(windows) < noise.stalls):
        machine[start : start + STALL_WINDOWS] += np.log(1 - rng.uniform(*STALL_DEPTHS))
    # The machine's noise is drawn in the order of time. The arm that is first alternates from
    # round to round, so every other pair is turned around to be in the order of arms.
    figures = (machine + rng.normal(0, noise.window, windows)).reshape(blocks, rounds, 2)
    first = rng.integers(0, 2, blocks)[:, None] + np.arange(rounds)
    figures[first % 2 == 1] = figures[first % 2 == 1][:, ::-1]
    # A launch is drawn once for each arm and block, and shifts all of its windows.
    figures += rng.normal(0, noise.launch, (blocks, 1, 2))
    # Head is the second arm.
    ratios: np.ndarray = figures[..., 1] - figures[..., 0] + log(1 - loss)
    if not noise.speed and not noise.measuring:
        return ratios, None
    speeds = sqrt(2) * rng.normal(0, noise.speed, (blocks, rounds))
    return ratios + speeds, speeds + sqrt(2) * rng.normal(0, noise.measuring, (blocks, rounds))


def judged(ratios: np.ndarray, tolerance: float, speeds: np.ndarray | None) -> tuple[Verdict, int]:
    """Return the verdict of the rule as built, and the number of blocks."""
    heads = np.rint(RPS * WINDOW_S * np.exp(ratios)).astype(int)
    base = window(round(RPS * WINDOW_S))
    # The rule replays all looks each time, so it is given blocks by their number at once.
    rounds = [Round(base, window(int(head)), block) for (block, _), head in np.ndenumerate(heads)]
    if speeds is not None:
        base = replace(base, machine_speed=1.0)
        rounds = [
            replace(one, base=base, head=replace(one.head, machine_speed=speed))
            for one, speed in zip(rounds, np.exp(speeds).ravel().tolist(), strict=True)
        ]
    found = judge(rounds, metric=Metric.RPS, tolerance=tolerance)
    assert isinstance(found, Judgement)
    return found.verdict, found.blocks


def window(requests: int) -> Window:
    """Return a window with this many responses and nothing else."""
    return Window(requests, WINDOW_S, 0, 0, requests, None, None)


@dataclass(frozen=True)
class Cell:
    """One kind of comparison, to be simulated many times."""

    noise: NoiseModel
    loss: float
    tolerance: float
    clock: Clock
    trials: int
    seed: int
    is_former: bool = False
    """True if the former rule judges, with the blocks it had."""

    def run(self) -> SimulatedVerdicts:
        """Simulate all of them."""
        # The cell has its seed, so that a run can be repeated in any number of processes.
        rng = np.random.default_rng(self.seed)
        blocks, rounds, block_s = RULE.most_blocks, self.clock.rounds, self.clock.block_s
        if self.is_former:
            blocks, rounds, block_s = former_rule.MOST_BLOCKS, former_rule.ROUNDS, BLOCK_S
        found = []
        for _ in range(self.trials):
            ratios, speeds = draw(rng, self.noise, self.loss, blocks, rounds)
            if self.is_former:
                reached, took = former_verdict(ratios, self.tolerance)
            else:
                reached, took = judged(ratios, self.tolerance, speeds)
            found.append((reached, took * block_s))
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
