"""Verdicts of the rule for comparisons under noise that is known: false alarms and power.

Simulates whole comparisons with the rule as built, ``pytest_djworkers.verdict.rule``, and with the
former one: blocks are drawn, and the rule looks and stops by itself. The module ``simulation``
describes the noise and the clock.

``--launch-sd`` and ``--round-sd`` (percents, as ``--djworkers-calibrate`` prints them) simulate
that noise alone; ``--clocks`` simulates slower views and sites instead.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from pytest_djworkers.verdict.judgement import Verdict
from simulation import (
    CI,
    CLOCKS,
    FAST,
    GEVENT,
    GRANIAN,
    LEVELS,
    Cell,
    Clock,
    NoiseModel,
    SimulatedVerdicts,
    of_ratios,
)
from tables import Table, finish

Run = Callable[[list[Cell]], list[SimulatedVerdicts]]
"""Simulates cells, in several processes."""
LOSSES = (0.0, 0.05, 0.1, 0.2)
TOLERANCES = (0.1, 0.05)
COLUMNS = (
    ("noise", 22),
    ("tolerance", 9),
    ("rule", 16),
    ("regressed at 0", 14),
    ("ok at 0", 7),
    ("regressed at 5 / 10 / 20", 26),
    ("ok at 5 / 10 / 20", 22),
    ("seconds at 0 / 10 / 20", 22),
)


def rules_table(levels: Sequence[NoiseModel], trials: int, same: int, run: Run) -> Table:
    """Return the table of the former rule and of the present one."""
    kinds = [
        (tolerance, noise, FAST, is_former)
        for tolerance in TOLERANCES
        for noise in levels
        for is_former in (True, False)
    ]
    title = f"Verdicts in %, {trials:,} comparisons a cell and {same:,} at no change"
    return _table(title, kinds, trials, same, run)


def clocks_table(trials: int, same: int, run: Run) -> Table:
    """Return the table of the present rule under other views and sites."""
    kinds = [(0.1, noise, clock, False) for clock in CLOCKS for noise in (CI, GEVENT, GRANIAN)]
    return _table("The rule under slower views and sites, verdicts in %", kinds, trials, same, run)


def _table(
    title: str,
    kinds: Sequence[tuple[float, NoiseModel, Clock, bool]],
    trials: int,
    same: int,
    run: Run,
) -> Table:
    table = Table(title, COLUMNS)
    cells = [
        Cell(noise, loss, tolerance, clock, trials if loss else same, seed, is_former)
        for seed, (tolerance, noise, clock, is_former) in enumerate(kinds)
        for loss in LOSSES
    ]
    found = iter(run(cells))
    bad = Verdict.REGRESSED
    for tolerance, noise, clock, is_former in kinds:
        none, *lost = [next(found) for _ in LOSSES]
        table.add(
            noise.name,
            f"{tolerance:.0%}",
            "former" if is_former else clock.name,
            none_or_share(none, bad),
            f"{none.share(Verdict.OK):.0f}",
            " / ".join(f"{outcome.share(bad):.1f}" for outcome in lost),
            " / ".join(f"{outcome.share(Verdict.OK):.1f}" for outcome in lost),
            " / ".join(f"{one.median_s:.0f}" for one in (none, *lost[1:])),
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
    parser.add_argument("--same", type=int, help="comparisons in each cell at no change")
    parser.add_argument("--clocks", action="store_true", help="simulate slower views instead")
    parser.add_argument("--rst", type=Path, metavar="FILE", help="write the table for the docs")
    arguments = parser.parse_args()
    levels: Sequence[NoiseModel] = LEVELS
    same = arguments.same or 2 * arguments.trials
    if arguments.round_sd is not None:
        levels = (of_ratios("as given", arguments.round_sd / 100, arguments.launch_sd / 100),)
    # Simulations are pure CPU time, so they take all CPUs.
    with ProcessPoolExecutor(os.cpu_count()) as pool:

        def run(cells: list[Cell]) -> list[SimulatedVerdicts]:
            return list(pool.map(Cell.run, cells))

        if arguments.clocks:
            table = clocks_table(arguments.trials, same, run)
        else:
            table = rules_table(levels, arguments.trials, same, run)
    return finish([table], arguments.rst)


if __name__ == "__main__":
    sys.exit(main())
