"""The plots of one endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.load.generator_names import WRK
from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.document import BurstEntry
from pytest_djworkers.report.html.plots.history import history_plot
from pytest_djworkers.report.html.plots.latency import latency_plot
from pytest_djworkers.report.html.plots.looks import Looks
from pytest_djworkers.report.html.plots.over_time import errors_plot, requests_plot
from pytest_djworkers.report.html.plots.plot import Plot
from pytest_djworkers.report.html.plots.ratios import ratios_plot
from pytest_djworkers.report.html.plots.speeds import ArmSpeeds, bars_plot, rounds_of_arms_plot
from pytest_djworkers.verdict.rounds import Metric, Window


def looks_of(endpoints: Iterable[Sequence[BurstEntry]]) -> Looks:
    """Return the looks of all servers of a run, whose entries are given by endpoint."""
    return Looks(tuple(dict.fromkeys(name for entries in endpoints for name in by_server(entries))))


def plots_of(entries: Sequence[BurstEntry], looks: Looks) -> Iterator[Plot]:
    """Yield the plots of an endpoint's bursts, those that decide first."""
    plots = _of_comparisons if entries[0].record.against_base else _of_bursts
    yield from (plot for plot in plots(by_server(entries), looks) if plot is not None)


def why_no_course(records: Sequence[BurstRecord]) -> str:
    """Return why there is no plot of the course of the burst; empty if there is one."""
    missing = [record for record in records if record.result.series is None]
    if not missing or missing[0].against_base is not None:
        return ""
    names = ", ".join(dict.fromkeys(record.backend for record in missing))
    of_whom = f"the generator was {missing[0].result.generator.name}"
    if missing[0].result.generator.name == WRK:
        return (
            f"There are no requests per 100ms of {names}: wrk does not tell when a response came."
            " --djworkers-generator=asyncio does."
        )
    return f"There are no requests per 100ms of {names}: {of_whom}."


def _of_bursts(entries: Mapping[str, BurstEntry], looks: Looks) -> Iterator[Plot | None]:
    yield bars_plot({name: entry.figures.rps for name, entry in entries.items()}, looks)
    results = {name: entry.record.result for name, entry in entries.items()}
    yield latency_plot({name: one.latency for name, one in results.items() if one.latency}, looks)
    series = {name: one.series for name, one in results.items() if one.series is not None}
    yield requests_plot(series, looks)
    yield errors_plot(series, looks)
    yield history_plot(entries, looks)


def _of_comparisons(entries: Mapping[str, BurstEntry], looks: Looks) -> Iterator[Plot | None]:
    compared = {
        name: entry.record.against_base
        for name, entry in entries.items()
        if entry.record.against_base is not None
    }
    arms = [arm for name, one in compared.items() for arm in _arms(name, one)]
    yield rounds_of_arms_plot(arms, looks)
    for name, one in compared.items():
        yield ratios_plot(one, name, looks.color_of(name))
    latencies = dict(_latencies(compared))
    # Here, the arms of one server differ in looks, too.
    yield latency_plot(latencies, Looks(tuple(latencies)))


def by_server(entries: Sequence[BurstEntry]) -> dict[str, BurstEntry]:
    """Return the entries by the names of their servers, which are made different."""
    found: dict[str, BurstEntry] = {}
    for entry in entries:
        name = entry.record.backend or "the server"
        number = sum(1 for other in found if other.partition(" #")[0] == name)
        found[f"{name} #{number + 1}" if number else name] = entry
    return found


def _arms(server: str, compared: ArmComparison) -> Iterator[ArmSpeeds]:
    counted = [one for one in compared.rounds if one.left_out is None] or compared.rounds
    for label, windows in zip(
        _arm_names(compared),
        ([one.base for one in counted], [one.head for one in counted]),
        strict=True,
    ):
        yield ArmSpeeds(server, label, tuple(map(_speed, windows)))


def _arm_names(compared: ArmComparison) -> tuple[str, str]:
    return compared.labels if compared.of_backends else ("base", "head")


def _speed(window: Window) -> float:
    speed = window.figure(Metric.RPS)
    assert speed is not None  # only other figures may be missing
    return speed


def _latencies(compared: Mapping[str, ArmComparison]) -> Iterator[tuple[str, Latency]]:
    for server, one in compared.items():
        for arm, latency in zip(_arm_names(one), one.latencies or (), strict=False):
            yield f"{arm} · {server}", latency
