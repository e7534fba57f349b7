"""Verdicts of the rule for comparisons under noise that is known: false alarms and power.

Simulates whole comparisons with the rule as built, ``pytest_djworkers.verdict.rule``: blocks are
drawn, and ``judge`` looks, stops and confirms by itself. The module ``simulation`` describes the
noise.

``--launch-sd`` and ``--round-sd`` (percents, as ``--djworkers-calibrate`` prints them) simulate
that noise alone; ``--variants`` compares other numbers than the rule's.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

from pytest_djworkers.verdict.judgement import Verdict
from pytest_djworkers.verdict.rule import RULE, Rule
from simulation import (
    BAD,
    CI,
    GRANIAN,
    LEVELS,
    Cell,
    NoiseModel,
    SimulatedVerdicts,
    block_s,
    of_ratios,
)
from tables import Table, finish

Run = Callable[[list[Cell]], list[SimulatedVerdicts]]
"""Simulates cells, in several processes."""
LOSSES = (0.0, 0.05, 0.1, 0.2)
TOLERANCES = (0.1, 0.05)
SOON_S = 120.0
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
}


def simulate(
    levels: Sequence[NoiseModel], rule: Rule, trials: int, run: Run
) -> Iterator[tuple[float, NoiseModel, list[SimulatedVerdicts]]]:
    """Yield each tolerance and level with the verdicts at each loss."""
    for tolerance in TOLERANCES:
        # False alarms are rare, so without a loss there are twice the trials.
        cells = [
            Cell(noise, loss, tolerance, rule, trials if loss else 2 * trials, seed)
            for seed, (noise, loss) in enumerate((a, b) for a in levels for b in LOSSES)
        ]
        # All cells of a tolerance go to the pool at once, in the order of the loop below.
        found = iter(run(cells))
        for noise in levels:
            yield tolerance, noise, [next(found) for _ in LOSSES]


def power_table(levels: Sequence[NoiseModel], trials: int, run: Run) -> Table:
    """Return the table of the rule as built, at every loss."""
    losses = " / ".join(f"{loss:.0%}".rstrip("%") for loss in LOSSES[1:])
    table = Table(
        f"Verdicts in %, {trials:,} comparisons a cell and {2 * trials:,} at no change;"
        f" a block takes {block_s():.1f} s",
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
    for tolerance, noise, (none, *lost) in simulate(levels, RULE, trials, run):
        table.add(
            noise.name,
            f"{tolerance:.0%}",
            none_or_share(none, bad),
            f"{none.share(Verdict.OK):.0f}",
            " / ".join(f"{outcome.share(bad):.1f}" for outcome in lost),
            f"{max(outcome.error(bad) for outcome in lost):.1f}",
            f"{lost[-1].share(bad, SOON_S):.0f}",
            f"{none.median_s:.0f} / {lost[-1].median_s:.0f}",
            WITH_BURSTS.get((tolerance, noise.name), ""),
        )
    return table


def variants_table(levels: Sequence[NoiseModel], trials: int, run: Run) -> Table:
    """Return the table of other rules: false alarms, and power at twice the tolerance."""
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
        found = {(t, noise.name): cells for t, noise, cells in simulate(levels, rule, trials, run)}
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


def none_or_share(outcome: SimulatedVerdicts, verdict: Verdict) -> str:
    """Return a small share; if it is 0, its upper bound at 95 %."""
    share = outcome.share(verdict)
    # The rule of three: 0 of n says that the share is below 3 / n.
    return f"{share:.2f}" if share else f"<{300 / len(outcome.found):.2f}"


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=2000, help="comparisons in each cell")
    parser.add_argument("--round-sd", type=float, help="noise of the rounds, in percent")
    parser.add_argument(
        "--launch-sd",
        type=float,
        default=0.0,
        help="noise of the launches, in percent",
    )
    parser.add_argument("--variants", action="store_true", help="simulate other rules instead")
    parser.add_argument("--rst", type=Path, metavar="FILE", help="write the table for the docs")
    arguments = parser.parse_args()
    levels: Sequence[NoiseModel] = (CI, BAD, GRANIAN) if arguments.variants else LEVELS
    if arguments.round_sd is not None:
        levels = (of_ratios("as given", arguments.round_sd / 100, arguments.launch_sd / 100),)
    # Simulations are pure CPU time, so they take all CPUs.
    with ProcessPoolExecutor(os.cpu_count()) as pool:

        def run(cells: list[Cell]) -> list[SimulatedVerdicts]:
            return list(pool.map(Cell.run, cells))

        make = variants_table if arguments.variants else power_table
        table = make(levels, arguments.trials, run)
    return finish([table], arguments.rst)


if __name__ == "__main__":
    sys.exit(main())
