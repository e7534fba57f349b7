"""The series of ``regressions.py``, and the tables of their outcomes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import exp
from statistics import median

from outcomes import Outcome, Results
from pytest_djworkers.units import format_change
from pytest_djworkers.verdict.judgement import Verdict
from pytest_djworkers.verdict.noise import Noise, noise_of, proposed_tolerance
from pytest_djworkers.verdict.rounds import Metric, Round
from pytest_djworkers.verdict.rule import RULE
from revisions import Revision
from simulation import Cell, of_ratios
from tables import Table, at_most, verdict_of

SOON = at_most(120.0, "120 s")
TRIALS = 1000
"""The number of comparisons in a simulation."""


@dataclass(frozen=True)
class Series:
    """Comparisons of one kind."""

    name: str
    times: int
    share: float = 0.0
    """The additional CPU time of a request in head, as a share."""
    tolerance: float = 0.1
    slow_import: bool = False
    is_busy: bool = False

    @property
    def bar(self) -> Verdict:
        """The verdict that no comparison of the series may have."""
        return Verdict.OK if self.share else Verdict.REGRESSED

    def revision(self, full_loop: float) -> Revision:
        """Return the head; ``full_loop`` iterations double the CPU time of a request."""
        return Revision(round(self.share * full_loop), self.slow_import)


ALL = (
    Series("itself", 10),
    Series("busy", 5, is_busy=True),
    Series("dearer-20", 6, share=0.2),
    Series("dearer-10", 6, share=0.1, tolerance=0.05),
    Series("import", 1, slow_import=True),
    Series("import-20", 1, share=0.2, slow_import=True),
)
SAME_CODE = tuple(series.name for series in ALL if not series.share and not series.slow_import)


def cpu_ratios(outcomes: Iterable[Outcome]) -> Iterator[float]:
    """Yield the CPU time per request, head over base, of each round that counts."""
    for round_ in counting(outcomes):
        ratio = round_.log_ratio(Metric.CPU_PER_REQUEST)
        if ratio is not None:
            # A log ratio is positive if head is better, and less CPU time is better.
            yield exp(-ratio)


def counting(outcomes: Iterable[Outcome]) -> list[Round]:
    """Return the rounds of several comparisons, with different block numbers for each."""
    rounds: list[Round] = []
    for outcome in outcomes:
        first = rounds[-1].block + 1 if rounds else 0
        found = outcome.compared.rounds if outcome.compared else ()
        rounds.extend(replace(round_, block=first + round_.block) for round_ in found)
    return rounds


def noise_in(outcomes: Sequence[Outcome]) -> Noise | None:
    """Return the noise in comparisons of the same code; None if there are too few."""
    try:
        return noise_of(counting(outcomes))
    except ValueError:
        return None


def verdicts(results: Results, chosen: Sequence[Series], servers: Sequence[str]) -> Table:
    """Return the table of the verdicts."""
    table = Table(
        "Verdicts on revisions whose cost is known",
        (
            ("series", 10),
            ("server", 16),
            ("CPU time/request", 16),
            ("tolerance", 9),
            ("verdicts", 30),
            ("requests/s", 10),
            ("regressed, simulated", 20),
            ("bar", 14),
            ("verdict", 7),
        ),
    )
    for series in chosen:
        for server in servers:
            outcomes = results.of(series.name, server)
            if not outcomes:
                continue
            counts = Counter(outcome.verdict for outcome in outcomes)
            ratios = [
                outcome.judgement.estimate.ratio
                for outcome in outcomes
                if outcome.judgement and outcome.judgement.estimate
            ]
            cpu = list(cpu_ratios(outcomes))
            # A run without a comparison holds nothing.
            is_held = not counts[series.bar.value] and not counts["error"]
            table.add(
                series.name,
                server,
                format_change(median(cpu)) if cpu else "",
                f"{series.tolerance:.0%}",
                ", ".join(f"{number} {verdict}" for verdict, number in counts.most_common()),
                format_change(median(ratios)) if ratios else "",
                simulated(series, noise_in(results.of(SAME_CODE[0], server)), ratios),
                f"no {series.bar.value}",
                verdict_of(is_held),
            )
    return table


def simulated(series: Series, noise: Noise | None, ratios: Sequence[float]) -> str:
    """Return how often a simulation of the measured loss and noise says ``regressed``."""
    # A neighbour that keeps a core busy is not in the model.
    if noise is None or not ratios or series.is_busy:
        return ""
    loss = max(0.0, 1 - median(ratios)) if series.share else 0.0
    level = of_ratios("as measured", noise.round_sd, noise.launch_sd)
    found = Cell(level, loss, series.tolerance, RULE, TRIALS, seed=0).run()
    return f"{found.share(Verdict.REGRESSED):.0f} %"


def times(results: Results, chosen: Sequence[Series], servers: Sequence[str]) -> Table:
    """Return the table of the seconds that the comparisons took."""
    table = Table(
        "How long a verdict took",
        (
            ("series", 10),
            ("server", 16),
            ("verdict", 12),
            ("comparisons", 11),
            ("blocks", 6),
            ("seconds", 7),
            ("at most", 7),
            ("bar", 13),
            ("", 6),
        ),
    )
    for series in chosen:
        for server in servers:
            outcomes = [outcome for outcome in results.of(series.name, server) if outcome.compared]
            for verdict in sorted({outcome.verdict for outcome in outcomes}):
                comparisons = [
                    outcome.compared
                    for outcome in outcomes
                    if outcome.verdict == verdict and outcome.compared
                ]
                took = [comparison.took_s for comparison in comparisons]
                # Slow imports and a busy neighbour make a comparison longer; they have no bar.
                has_bar = not (series.slow_import or series.is_busy)
                table.add(
                    series.name,
                    server,
                    verdict,
                    str(len(comparisons)),
                    f"{median(comparison.blocks for comparison in comparisons):g}",
                    f"{median(took):.0f}",
                    f"{max(took):.0f}",
                    SOON.text if has_bar else "",
                    SOON.verdict(median(took)) if has_bar else "",
                )
    return table


def noises(results: Results, servers: Sequence[str]) -> Table:
    """Return the table of the noise: how much the same code differed from itself."""
    table = Table(
        "Noise: standard deviations of log ratios of the same code",
        (
            ("series", 10),
            ("server", 16),
            ("rounds", 8),
            ("launches", 8),
            ("blocks", 6),
            ("thrown away", 11),
            ("to hold", 7),
        ),
    )
    for name in SAME_CODE:
        for server in servers:
            noise = noise_in(results.of(name, server))
            if noise is not None:
                table.add(
                    name,
                    server,
                    f"{noise.round_sd:.1%}",
                    f"{noise.launch_sd:.1%}",
                    str(noise.blocks),
                    f"{noise.discarded} of {noise.rounds + noise.discarded}",
                    f"{proposed_tolerance(noise):.0%}",
                )
    return table
