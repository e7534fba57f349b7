"""The tables of the outcomes of ``regressions.py``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from math import exp
from statistics import median

from outcomes import Outcome, Place, Results
from pytest_djworkers.units import format_change, format_duration
from pytest_djworkers.verdict.noise import Noise, noise_of, proposed_tolerance
from pytest_djworkers.verdict.rounds import Metric, Round
from series import ALL_REGRESSED, NONE_REGRESSED, Series
from tables import Table, at_most, verdict_of

_PLACE = (("series", 20), ("server", 15), ("database", 10))


def verdicts(results: Results, chosen: Sequence[Series], places: Sequence[Place]) -> Table:
    """Return the table of the verdicts."""
    table = Table(
        "Verdicts on revisions whose cost is known",
        (
            *_PLACE,
            ("CPU time/request", 16),
            ("of head", 7),
            ("tolerance", 9),
            ("requests/s", 10),
            ("verdicts", 30),
            ("bar", 13),
            ("", 6),
        ),
    )
    for series, place, outcomes in _by_series(results, chosen, places):
        counts = Counter(outcome.verdict for outcome in outcomes)
        cpu = list(cpu_ratios(outcomes))
        table.add(
            series.name,
            place.server,
            place.database,
            _cpu_of_base(outcomes),
            format_change(median(cpu)) if cpu else "",
            f"{series.tolerance:.0%}",
            _estimate(outcomes),
            ", ".join(f"{number} {verdict}" for verdict, number in counts.most_common()),
            series.bar,
            verdict_of(series.holds(list(counts))),
        )
    return table


def counted_verdicts(results: Results, chosen: Sequence[Series]) -> Table:
    """Return the table of the verdicts of all views, servers and databases together."""
    table = Table(
        "All of them together",
        (("series", 20), ("comparisons", 11), ("verdicts", 40), ("bar", 13), ("", 6)),
    )
    for kind in dict.fromkeys(series.kind for series in chosen):
        of_kind = [series for series in chosen if series.kind == kind]
        names = {series.name for series in of_kind}
        found = [one.verdict for one in results.outcomes if one.series in names]
        if found:
            said = ", ".join(f"{number} {word}" for word, number in Counter(found).most_common())
            held = verdict_of(of_kind[0].holds(found))
            table.add(kind, str(len(found)), said, of_kind[0].bar, held)
    return table


def times(results: Results, chosen: Sequence[Series], places: Sequence[Place]) -> Table:
    """Return the table of the seconds that the comparisons took."""
    table = Table(
        "How long a verdict took",
        (
            *_PLACE,
            ("comparisons", 11),
            ("blocks", 6),
            ("seconds", 7),
            ("at most", 7),
            ("aim for the median", 18),
            ("", 6),
        ),
    )
    for series, place, outcomes in _by_series(results, chosen, places):
        compared = [outcome.compared for outcome in outcomes if outcome.compared]
        if not compared:
            continue
        took = [comparison.took_s for comparison in compared]
        # The aims are those for a loss of 20 %.
        aim_s = series.view.aim_s if series.bar == ALL_REGRESSED and series.is_plain else None
        aim = at_most(aim_s, f"{aim_s:.0f} s") if aim_s else None
        table.add(
            series.name,
            place.server,
            place.database,
            str(len(compared)),
            f"{median(comparison.blocks for comparison in compared):g}",
            f"{median(took):.0f}",
            f"{max(took):.0f}",
            aim.text if aim else "",
            aim.verdict(median(took)) if aim else "",
        )
    return table


def noises(results: Results, chosen: Sequence[Series], places: Sequence[Place]) -> Table:
    """Return the table of the noise: how much the same code differed from itself."""
    table = Table(
        "Noise: standard deviations of log ratios of the same code",
        (
            *_PLACE,
            ("rounds", 8),
            ("launches", 8),
            ("blocks", 6),
            ("discarded", 11),
            ("can hold", 8),
        ),
    )
    for series, place, outcomes in _by_series(results, chosen, places):
        noise = noise_in(outcomes) if series.bar == NONE_REGRESSED else None
        if noise is not None:
            table.add(
                series.name,
                place.server,
                place.database,
                f"{noise.round_sd:.1%}",
                f"{noise.launch_sd:.1%}",
                str(noise.blocks),
                f"{noise.discarded} of {noise.rounds + noise.discarded}",
                f"{proposed_tolerance(noise):.0%}",
            )
    return table


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


def _by_series(
    results: Results, chosen: Sequence[Series], places: Sequence[Place]
) -> Iterator[tuple[Series, Place, list[Outcome]]]:
    """Yield each series and place that has outcomes."""
    for series in chosen:
        for place in places:
            if outcomes := results.of(series.name, place):
                yield series, place, outcomes


def _cpu_of_base(outcomes: Sequence[Outcome]) -> str:
    figures = [outcome.compared.figures for outcome in outcomes if outcome.compared]
    known = [
        pair[0].cpu_per_request_s
        for pair in figures
        if pair and pair[0].cpu_per_request_s is not None
    ]
    return format_duration(median(known)) if known else ""


def _estimate(outcomes: Sequence[Outcome]) -> str:
    ratios = [
        outcome.judgement.estimate.ratio
        for outcome in outcomes
        if outcome.judgement and outcome.judgement.estimate
    ]
    return format_change(median(ratios)) if ratios else ""
