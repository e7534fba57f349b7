"""The document of a run: everything that it measured and judged, as the types of one JSON file.

All reports are made from it, in the run itself or later from the file. The types are the format:
its JSON Schema is generated from them (``make schemas``) and kept in ``docs/schema/``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pytest_djworkers.baseline.document import StoredBurst, StoredSession
from pytest_djworkers.baseline.figures import requests_per_s
from pytest_djworkers.baseline.machine import Machine
from pytest_djworkers.compare.result import ArmComparison, ArmFigures
from pytest_djworkers.legend import Remark
from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.cause_lines import cause_lines
from pytest_djworkers.report.comparison_lines import estimate_of_speed, findings, lines

SCHEMA: Literal[1] = 1
"""The schema of what is written. Every schema that was ever published can be read."""
Outcome: TypeAlias = Literal["passed", "failed", "error", "skipped"]


@dataclass(frozen=True, slots=True)
class RunSummary:
    """The part of a run that all of its bursts have in common. Times are in ISO 8601, in UTC."""

    began: str
    ended: str
    command: tuple[str, ...]
    """The command line of pytest, by which the run can be done again."""
    exit_status: int
    """The exit status of pytest."""
    commit: str | None
    """The commit, with ``+`` behind it if files differed from it; None without git."""
    machine: Machine
    surroundings: Mapping[str, int | str]
    """Facts that are noted and decide nothing: memory, kernel, platform."""
    versions: Mapping[str, str]
    """The versions of Python, Django and this plugin. A burst has those of its server."""
    tolerance: float
    """The smallest loss that counts as a regression, as a fraction."""
    baseline: str
    """The name of the stored baseline."""


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """The outcome of a load test, whether or not it fired a burst."""

    __test__ = False  # pytest would collect it by its name

    test: str
    """The test's node id."""
    outcome: Outcome
    file: str
    """The path of the test's file, relative to pytest's root."""
    line: int
    """The line of the test function, from 1."""
    message: str = ""
    """The reason why it failed or was skipped; empty if it passed."""
    log: tuple[str, ...] = ()
    """The last lines of the server's log, if it failed."""

    @property
    def name(self) -> str:
        """The test without its file."""
        return self.test.removeprefix(f"{self.file}::")

    @property
    def has_failed(self) -> bool:
        """True if the test failed, its fixtures included."""
        return self.outcome in {"failed", "error"}


@dataclass(frozen=True, slots=True)
class BurstFigures:
    """The figures of a burst that follow from its counts. Times are in seconds."""

    rps: float
    p50_s: float | None
    p90_s: float | None
    p95_s: float | None
    p99_s: float | None
    p999_s: float | None
    max_s: float | None
    requests: int
    """The number of requests that shares divide by."""
    timeouts: int
    errors: int
    cpu_per_request_s: float | None
    memory_bytes: int | None
    remarks: tuple[str, ...]
    queries: int | None = None
    """The number of SQL queries of one request."""
    query_time_s: float | None = None
    """The time of a request's queries together."""
    first_byte_p50_s: float | None = None
    """None if the generator does not tell it, as in documents of before it was measured."""
    first_byte_p99_s: float | None = None
    events: int | None = None
    """The number of events of server-sent events; None for a burst without streams."""
    body_bytes: float | None = None
    """The mean length of the expected responses' bodies, as sent."""


@dataclass(frozen=True, slots=True)
class ComparisonFigures:
    """The figures of a comparison that follow from its rounds. Changes are fractions."""

    verdict: str | None
    """The worst verdict of all figures; None for a calibration."""
    reasons: tuple[str, ...]
    """The verdict on each figure, with its reason, a line each."""
    change: float | None
    """The change of requests/s from base to head; None without an estimate."""
    interval: tuple[float, float] | None
    """The interval of that change."""
    smallest_visible: float | None
    """The smallest change that this comparison can tell from none."""
    blocks: int
    base: ArmFigures | None
    head: ArmFigures | None
    causes: tuple[str, ...] = ()
    """Why head is slower or faster, a line each, the main cause first; none if nobody looked."""


@dataclass(frozen=True, slots=True)
class StoredPoint:
    """One session of the stored baseline."""

    saved: str
    commit: str | None
    rps: float


@dataclass(frozen=True, slots=True)
class BurstEntry:
    """One burst, or one comparison: what was measured, and the figures that follow from it."""

    figures: BurstFigures
    comparison: ComparisonFigures | None
    history: tuple[StoredPoint, ...]
    """The sessions of the stored baseline, oldest first."""
    record: BurstRecord
    """All that was measured and judged; reports are made from it."""

    @property
    def rps(self) -> float:
        """The requests/s that reports show: in a comparison, those of head."""
        head = None if self.comparison is None else self.comparison.head
        return self.figures.rps if head is None else head.rps


@dataclass(frozen=True, slots=True)
class Document:
    """Everything that a run measured and judged."""

    schema: Literal[1]
    run: RunSummary
    tests: tuple[TestOutcome, ...]
    bursts: tuple[BurstEntry, ...]

    @property
    def records(self) -> list[BurstRecord]:
        """The records of all bursts."""
        return [entry.record for entry in self.bursts]

    def outcome_of(self, record: BurstRecord) -> TestOutcome | None:
        """Return the outcome of the test that fired a burst; None if it has no report."""
        return next((one for one in self.tests if one.test == record.test), None)


def entry_of(record: BurstRecord, stored: StoredBurst | None = None) -> BurstEntry:
    """Return the entry of a burst; ``stored`` is what the baseline has of it.

    None of the request's values is in it, since it is written to files.
    """
    compared = record.against_base
    return BurstEntry(
        figures=figures_of(record.result, record.remarks),
        comparison=None if compared is None else _comparison(compared),
        history=tuple(_points(stored.sessions)) if stored else (),
        record=record.without_values(),
    )


def figures_of(result: BurstResult, remarks: Iterable[Remark] = ()) -> BurstFigures:
    """Return the figures that follow from the counts of a burst, or of a part of one."""
    # No samples give the same figures as an unknown histogram: None.
    latency, usage = result.latency or Latency(()), result.usage
    queries = result.queries
    first_byte = result.first_byte or Latency(())
    return BurstFigures(
        rps=result.rps,
        p50_s=latency.p50,
        p90_s=latency.p90,
        p95_s=latency.p95,
        p99_s=latency.p99,
        p999_s=latency.p999,
        max_s=latency.max,
        requests=result.judged,
        timeouts=result.timeouts,
        errors=result.errors,
        cpu_per_request_s=result.cpu_per_request_s,
        memory_bytes=None if usage is None else usage.memory_bytes,
        remarks=tuple(map(str, remarks)),
        queries=None if queries is None else queries.count,
        query_time_s=None if queries is None else queries.time_s,
        first_byte_p50_s=first_byte.p50,
        first_byte_p99_s=first_byte.p99,
        events=result.event_count,
        body_bytes=result.body_bytes,
    )


def _comparison(compared: ArmComparison) -> ComparisonFigures:
    estimate, verdict = estimate_of_speed(compared), compared.verdict
    base, head = compared.figures or (None, None)
    change = interval = smallest_visible = None
    if estimate is not None:
        low, high = estimate.interval
        change, interval = estimate.ratio - 1, (low - 1, high - 1)
        smallest_visible = estimate.smallest_visible
    return ComparisonFigures(
        verdict=None if verdict is None else verdict.value,
        reasons=tuple(lines(compared, findings(compared))),
        change=change,
        interval=interval,
        smallest_visible=smallest_visible,
        blocks=compared.blocks,
        base=base,
        head=head,
        causes=tuple(cause_lines(compared)),
    )


def _points(sessions: Iterable[StoredSession]) -> Iterable[StoredPoint]:
    return (
        StoredPoint(session.saved, session.commit, requests_per_s(session)) for session in sessions
    )
