"""What the rule for comparisons finds under noise that is known: false alarms and power.

Simulates whole comparisons with the rule as built, ``pytest_djworkers.verdict.rule``: blocks
are drawn, and ``judge`` looks, stops and confirms by itself. The noise is that of the table of
methods in the documentation: log requests/s = machine(t) + launch + window, where the machine is
a random walk with stalls of two windows. Its figures are those of windows of 1 s, and are taken
for short ones as they are: of rounds on a shared machine at rest, the log ratios' standard
deviation was 17 to 34 % (granian) and 6 to 10 % (gunicorn-gevent) with windows of 1 s, 17 % and
9 % with 0.25 s. Were it all white noise it would double: the last rows. Two more levels are those
measured, where launches differ more than in the model.

``--launch-sd`` and ``--round-sd`` (percents, as ``--djworkers-calibrate`` prints them) simulate
that noise alone; ``--variants`` compares other numbers than the rule's.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from math import log, sqrt
from pathlib import Path
from statistics import fmean, median

import numpy as np

from pytest_djworkers.verdict.judgement import Judgement, Verdict
from pytest_djworkers.verdict.rounds import Metric, Round, Window
from pytest_djworkers.verdict.rule import RULE, Rule, judge
from tables import Table, finish

WINDOW_S = 0.25
RPS = 4000.0
LAUNCHES_S, WINDOWS_S = 2.4, 0.33
"""Of a block: two launches and warm-ups, and what each window takes with all around it."""
LOSSES = (0.0, 0.05, 0.1, 0.2)
TOLERANCES = (0.1, 0.05)
SOON_S = 120.0
STALL_WINDOWS = 2
STALL_DEPTHS = (0.15, 0.45)


@dataclass(frozen=True)
class Noise:
    """Standard deviations of log requests/s, of one arm."""

    name: str
    window: float
    launch: float
    walk: float = 0.0
    """Per window."""
    stalls: float = 0.0
    """The share of windows that one starts in."""


def of_ratios(name: str, round_sd: float, launch_sd: float) -> Noise:
    """Noise that was measured as that of log ratios, of two arms, and has no other shape."""
    return Noise(name, round_sd / sqrt(2), launch_sd / sqrt(2))


QUIET = Noise("quiet", 0.04, 0.01, 0.003, 0.01)
CI = Noise("CI", 0.08, 0.02, 0.01, 0.05)
BAD = Noise("bad", 0.15, 0.03, 0.02, 0.10)
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
WITH_BURSTS = {  # of 1 s, as simulated before there was a rule in code: false alarms and power
    (0.1, "quiet"): "0; 0 / 35 / 100",
    (0.1, "CI"): "<0.02; 1 / 27 / 95",
    (0.1, "bad"): "0.1; 1 / 8 / 65",
    (0.05, "quiet"): "0; 30 / 96 / 100",
    (0.05, "CI"): "<0.02; 6 / 48 / 95",
    (0.05, "bad"): "0.1; 1 / 9 / 65",
}
VARIANTS = {
    "as built": RULE,
    "rounds always": replace(RULE, most_spread=float("inf")),
    "blocks always": replace(RULE, most_spread=0.0),
    "spread 2": replace(RULE, most_spread=2.0),
    "confirm 6": replace(RULE, confirming_blocks=6),
    "confirm 6 at 95": replace(RULE, confirming_blocks=6, confirming_level=0.95),
    "8 rounds, looks 4 6 8 12, confirm 6 at 95": Rule(
        rounds_per_block=8, looks=(4, 6, 8, 12), confirming_blocks=6, confirming_level=0.95
    ),
    "8 rounds, looks 4 6 8 10 12": replace(RULE, rounds_per_block=8, looks=(4, 6, 8, 10, 12)),
    "4 rounds, looks 6 9 12 18, confirm 10": replace(
        RULE, rounds_per_block=4, looks=(6, 9, 12, 18), confirming_blocks=10
    ),
}


def block_s(rule: Rule) -> float:
    """About how long a block takes."""
    return LAUNCHES_S + 2 * rule.rounds_per_block * WINDOWS_S


def draw(rng: np.random.Generator, noise: Noise, loss: float, rule: Rule) -> list[Round]:
    """The rounds of the longest comparison there is."""
    blocks, in_block = rule.most_blocks, rule.rounds_per_block
    windows = 2 * blocks * in_block
    machine = np.cumsum(rng.normal(0, noise.walk, windows))
    for start in np.flatnonzero(rng.random(windows) < noise.stalls):
        machine[start : start + STALL_WINDOWS] += np.log(1 - rng.uniform(*STALL_DEPTHS))
    # In the order of time: whichever arm is first in a round, and then in the order of arms.
    figures = (machine + rng.normal(0, noise.window, windows)).reshape(blocks, in_block, 2)
    first = rng.integers(0, 2, blocks)[:, None] + np.arange(in_block)
    figures[first % 2 == 1] = figures[first % 2 == 1][:, ::-1]
    figures += rng.normal(0, noise.launch, (blocks, 1, 2))
    figures[..., 1] += log(1 - loss)
    requests = np.rint(RPS * WINDOW_S * np.exp(figures)).astype(int).tolist()
    return [
        Round(window(base), window(head), number)
        for number, block in enumerate(requests)
        for base, head in block
    ]


def window(requests: int) -> Window:
    """With this many answers and nothing else."""
    return Window(requests, WINDOW_S, 0, 0, requests, None, None)


@dataclass(frozen=True)
class Cell:
    """One kind of comparison, to be made many times."""

    noise: Noise
    loss: float
    tolerance: float
    rule: Rule
    trials: int
    seed: int

    def run(self) -> Outcome:
        """Make them."""
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
            found.append((judgement.verdict, judgement.blocks * block_s(self.rule)))
        return Outcome(found)


@dataclass(frozen=True)
class Outcome:
    """The verdicts and the seconds that each took."""

    found: Sequence[tuple[Verdict, float]]

    def share(self, verdict: Verdict, within_s: float = float("inf")) -> float:
        """How often, in percents."""
        return 100 * fmean(found is verdict and took <= within_s for found, took in self.found)

    def error(self, verdict: Verdict) -> float:
        """The standard error of the share, in percentage points."""
        share = self.share(verdict) / 100
        return 100 * sqrt(share * (1 - share) / len(self.found))

    @property
    def median_s(self) -> float:
        """Of what a comparison took."""
        return median(took for _, took in self.found)

    @property
    def mean_s(self) -> float:
        """Of what a comparison took."""
        return fmean(took for _, took in self.found)


def outcomes(
    levels: Sequence[Noise], rule: Rule, trials: int, run: Callable[[list[Cell]], list[Outcome]]
) -> Iterator[tuple[float, Noise, list[Outcome]]]:
    """For each tolerance and level, those at each loss. False alarms are rare: twice the trials."""
    for tolerance in TOLERANCES:
        cells = [
            Cell(noise, loss, tolerance, rule, trials if loss else 2 * trials, seed)
            for seed, (noise, loss) in enumerate((a, b) for a in levels for b in LOSSES)
        ]
        found = iter(run(cells))
        for noise in levels:
            yield tolerance, noise, [next(found) for _ in LOSSES]


def power_table(
    levels: Sequence[Noise], trials: int, run: Callable[[list[Cell]], list[Outcome]]
) -> Table:
    """The rule as built, at every loss."""
    losses = " / ".join(f"{loss:.0%}".rstrip("%") for loss in LOSSES[1:])
    table = Table(
        f"Verdicts in %, {trials:,} comparisons a cell and {2 * trials:,} at no change;"
        f" a block takes {block_s(RULE):.1f} s",
        (
            ("noise", 22),
            ("tolerance", 9),
            ("regressed at 0", 14),
            ("ok at 0", 7),
            (f"regressed at {losses}", 26),
            ("standard error", 14),
            ("of 20 within 2 min", 18),
            ("seconds at 0 / 20", 17),
            ("rule with bursts of 1 s", 23),
        ),
    )
    bad = Verdict.REGRESSED
    for tolerance, noise, (none, *lost) in outcomes(levels, RULE, trials, run):
        table.add(
            noise.name,
            f"{tolerance:.0%}",
            none_or_share(none, bad),
            f"{none.share(Verdict.OK):.0f}",
            " / ".join(f"{one.share(bad):.1f}" for one in lost),
            f"{max(one.error(bad) for one in lost):.1f}",
            f"{lost[-1].share(bad, SOON_S):.0f}",
            f"{none.median_s:.0f} / {lost[-1].median_s:.0f}",
            WITH_BURSTS.get((tolerance, noise.name), ""),
        )
    return table


def variants_table(
    levels: Sequence[Noise], trials: int, run: Callable[[list[Cell]], list[Outcome]]
) -> Table:
    """Other numbers than the rule's, where they matter: false alarms, and twice the tolerance."""
    table = Table(
        f"Other rules: regressed in % at no change, and at a loss of twice the tolerance;"
        f" {2 * trials:,} and {trials:,} comparisons a cell",
        (
            ("rule", 42),
            ("noise", 22),
            ("0 at 10%", 8),
            ("20 at 10%", 9),
            ("seconds at 0 / 20", 17),
            ("0 at 5%", 8),
            ("10 at 5%", 9),
            ("seconds at 0 / 10", 17),
        ),
    )
    bad = Verdict.REGRESSED
    for name, rule in VARIANTS.items():
        found = {(t, noise.name): cells for t, noise, cells in outcomes(levels, rule, trials, run)}
        for noise in levels:
            wide, narrow = found[0.1, noise.name], found[0.05, noise.name]
            table.add(
                name,
                noise.name,
                none_or_share(wide[0], bad),
                f"{wide[3].share(bad):.0f}",
                f"{wide[0].mean_s:.0f} / {wide[3].mean_s:.0f}",
                none_or_share(narrow[0], bad),
                f"{narrow[2].share(bad):.0f}",
                f"{narrow[0].mean_s:.0f} / {narrow[2].mean_s:.0f}",
            )
    return table


def none_or_share(outcome: Outcome, verdict: Verdict) -> str:
    """A small share; where there was none, what it is below at 95 %."""
    share = outcome.share(verdict)
    return f"{share:.2f}" if share else f"<{300 / len(outcome.found):.2f}"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=2000, help="comparisons a cell")
    parser.add_argument("--round-sd", type=float, help="of log ratios of rounds, in percents")
    parser.add_argument("--launch-sd", type=float, default=0.0, help="of those of launches")
    parser.add_argument("--variants", action="store_true", help="other numbers than the rule's")
    parser.add_argument("--rst", type=Path, help="write the table for the documentation here")
    arguments = parser.parse_args()
    levels: Sequence[Noise] = (CI, BAD, GRANIAN) if arguments.variants else LEVELS
    if arguments.round_sd is not None:
        levels = (of_ratios("as given", arguments.round_sd / 100, arguments.launch_sd / 100),)
    with ProcessPoolExecutor(os.cpu_count()) as pool:

        def run(cells: list[Cell]) -> list[Outcome]:
            return list(pool.map(Cell.run, cells))

        make = variants_table if arguments.variants else power_table
        table = make(levels, arguments.trials, run)
    return finish([table], arguments.rst)


if __name__ == "__main__":
    sys.exit(main())
