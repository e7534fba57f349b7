"""What is stored, as text: all baselines in a table, and one of them in full."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pytest_djworkers.baseline.files import broken
from pytest_djworkers.baseline.imported import Imported
from pytest_djworkers.baseline.locate import files_of, names, read_file, shortened
from pytest_djworkers.baseline.machine import Machine
from pytest_djworkers.baseline.session import changed_versions, session_figures
from pytest_djworkers.baseline.store import Baseline, Stored
from pytest_djworkers.errors import BaselineError
from pytest_djworkers.load.wrk_output import Spread
from pytest_djworkers.report.alignment import align
from pytest_djworkers.report.figures import format_latency
from pytest_djworkers.units import counted, format_rate

_COMMIT_DIGITS = 10
_NOT_KNOWN = "-"


def listed(root: Path) -> tuple[list[str], list[str]]:
    """A line for each file of each baseline; and what is wrong with those that can't be read."""
    rows: list[tuple[str, ...]] = [
        ("name", "machine", "bursts", "sessions", "last saved", "commit")
    ]
    problems = []
    for name in names(root):
        for file in files_of(root, name):
            try:
                rows.append((name, *_overview(file)))
            except BaselineError as error:
                rows.append((name, file.stem, *[_NOT_KNOWN] * 4))
                problems.append(str(error))
    return align(rows, text_columns={"name", "machine", "commit"}) if len(
        rows
    ) > 1 else [], problems


def _overview(file: Path) -> tuple[str, ...]:
    content = read_file(file)
    if not isinstance(content, Baseline):
        documents = ", ".join(Counter(one.document for one in content))
        return (f"imported: {documents}", f"{len(content):,}", *[_NOT_KNOWN] * 3)
    lengths = sorted({len(stored.sessions) for stored in content.bursts.values()}) or [0]
    sessions = [stored.sessions[-1] for stored in content.bursts.values()]
    last = max(sessions, key=lambda one: str(one.get("saved")), default={})
    return (
        file.stem,
        f"{len(content.bursts):,}",
        "-".join(map(str, dict.fromkeys((lengths[0], lengths[-1])))),
        _moment(last),
        _commit(last),
    )


def shown(file: Path) -> Iterator[str]:
    """All that is stored in a file, burst by burst. Raises BaselineError."""
    content = read_file(file)
    yield shortened(file)
    if isinstance(content, Baseline):
        yield in_words(content.machine)
        try:
            for key, stored in sorted(content.bursts.items()):
                yield from ("", *_burst(key, stored))
        except ValueError as error:
            raise broken(file, str(error)) from None
    else:
        yield "imported from wrk's printed output, and shown as printed: no verdict is made of it,"
        yield "and its latencies are as wrk corrects them"
        for one in content:
            yield from ("", *_import(one))


def in_words(machine: Machine) -> str:
    """A machine in a line."""
    quota = "no" if machine.cpu_quota is None else f"{machine.cpu_quota:g} CPUs of"
    only = "" if machine.allowed_cpus is None else f", only {machine.allowed_cpus} to run on"
    return f"{machine.cpu}, {counted(machine.logical_cpus, 'logical CPU')}{only}, {quota} CPU quota"


def _burst(key: str, stored: Stored) -> Iterator[str]:
    yield key
    conditions = (
        f"{name} {value}" for name, value in sorted(stored.conditions.items()) if value is not None
    )
    yield f"  {', '.join(conditions)}"
    rows: list[tuple[str, ...]] = [
        (
            "saved",
            "commit",
            "requests/s",
            "mean",
            "p50",
            "p99",
            "timeouts",
            "errors",
            "windows",
            "changed",
        )
    ]
    before: Mapping[str, Any] = stored.sessions[0]
    for session in stored.sessions:
        figures = session_figures(session)
        rows.append(
            (
                _moment(session),
                _commit(session),
                format_rate(figures.rps),
                format_latency(figures.mean),
                format_latency(figures.p50),
                format_latency(figures.p99),
                f"{figures.timeouts:,}",
                f"{figures.errors:,}",
                f"{len(session['windows'])}",
                changed_versions(before, session.get("versions", {})),
            )
        )
        before = session
    yield from (f"  {line}" for line in align(rows, text_columns={"saved", "commit", "changed"}))
    versions = stored.sessions[-1].get("versions", {})
    yield f"  {', '.join(f'{name} {version}' for name, version in sorted(versions.items()))}"


def _import(one: Imported) -> Iterator[str]:
    run = one.run
    yield f"{one.document}: {one.key}"
    asked = (
        run.url,
        run.duration,
        None if run.threads is None else counted(run.threads, "thread"),
        None if run.connections is None else counted(run.connections, "connection"),
    )
    if said := ", ".join(filter(None, asked)):
        yield f"  {said}"
    yield f"  requests/s    {run.requests_per_s}: {run.requests} in {run.elapsed}"
    yield f"  received      {run.received}, {run.received_per_s} a second"
    yield f"  latency       {_spread(run.latency)}"
    if run.distribution is not None and run.latency.has_samples:
        percentiles = (f"p{percent} {at}" for percent, at in run.distribution.items())
        yield f"                {', '.join(percentiles)}"
    yield f"  a thread's    {_spread(run.per_thread)} requests/s"
    kinds = ", ".join(f"{kind} {number}" for kind, number in run.socket_errors.items() if number)
    yield f"  errors        {kinds or 'none'}; bad statuses {run.bad_statuses}"


def _spread(spread: Spread) -> str:
    if not spread.has_samples:
        return f"no samples ({spread.within})"
    return (
        f"mean {spread.average}, deviation {spread.deviation}, longest {spread.longest},"
        f" {spread.within} within one deviation"
    )


def _moment(session: Mapping[str, Any]) -> str:
    """When it was saved, to the minute, in UTC."""
    return str(session.get("saved") or _NOT_KNOWN)[:16].replace("T", " ")


def _commit(session: Mapping[str, Any]) -> str:
    """The commit as git shortens it; with ``+`` where files differed from it."""
    commit = str(session.get("commit") or _NOT_KNOWN)
    return commit[:_COMMIT_DIGITS] + "+" * (len(commit) > _COMMIT_DIGITS and commit[-1] == "+")
