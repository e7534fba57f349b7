"""One baseline in full, for ``djworkers show``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pytest_djworkers.baseline.document import StoredBurst, StoredSession
from pytest_djworkers.baseline.figures import session_figures
from pytest_djworkers.baseline.files import broken
from pytest_djworkers.baseline.imported import Imported
from pytest_djworkers.baseline.locate import read_file, shortened
from pytest_djworkers.baseline.session import changed_versions
from pytest_djworkers.baseline.store import Baseline
from pytest_djworkers.load.wrk_output import Spread, WrkRun
from pytest_djworkers.report.alignment import align, align_row
from pytest_djworkers.report.figures import format_latency
from pytest_djworkers.report.session_facts import commit_of, machine_in_words, saved_at
from pytest_djworkers.units import counted, format_rate

_TEXT_COLUMNS = frozenset({"saved", "commit", "changed"})
_LABEL_WIDTH = 12


def describe_baseline(file: Path) -> Iterator[str]:
    """Yield the lines on a file, burst by burst. Raises BaselineError if it can't be read."""
    content = read_file(file)
    yield shortened(file)
    if isinstance(content, Baseline):
        yield machine_in_words(content.machine)
        try:
            for key, stored in sorted(content.bursts.items()):
                yield from ("", *_burst(key, stored))
        except ValueError as error:
            raise broken(file, str(error)) from None
    else:
        yield "imported from wrk's output, and shown as wrk printed it, with wrk's correction of"
        yield "latencies; it is part of no verdict"
        for imported in content:
            yield from ("", *_imported(imported))


def _burst(key: str, stored: StoredBurst) -> Iterator[str]:
    yield key
    conditions = (
        f"{name} {value}" for name, value in sorted(stored.conditions.items()) if value is not None
    )
    yield f"  {', '.join(conditions)}"
    yield from (f"  {line}" for line in _history(stored))
    versions = stored.sessions[-1].versions
    yield f"  {', '.join(f'{name} {version}' for name, version in sorted(versions.items()))}"


def _history(stored: StoredBurst) -> list[str]:
    """Return the table of a burst's sessions, the oldest first."""
    rows = []
    before = stored.sessions[0]  # so that nothing has changed in the first row
    for session in stored.sessions:
        rows.append(_session_cells(session, before))
        before = session
    columns = list(rows[0])
    texts = [columns, *(list(row.values()) for row in rows)]
    return align(texts, text_columns=_TEXT_COLUMNS)


def _session_cells(session: StoredSession, before: StoredSession) -> dict[str, str]:
    """Return a session's cells by column; ``before`` is the session before it."""
    figures = session_figures(session)
    return {
        "saved": saved_at(session.saved),
        "commit": commit_of(session.commit),
        "requests/s": format_rate(figures.rps),
        "mean": format_latency(figures.mean),
        "p50": format_latency(figures.p50),
        "p99": format_latency(figures.p99),
        "CPU/req.": format_latency(figures.cpu_per_request_s),
        "timeouts": f"{figures.timeouts:,}",
        "errors": f"{figures.errors:,}",
        "windows": f"{len(session.windows)}",
        "changed": changed_versions(before, session.versions),
    }


def _imported(imported: Imported) -> Iterator[str]:
    run = imported.run
    yield f"{imported.document}: {imported.key}"
    if load := _load(run):
        yield f"  {load}"
    yield _labelled("requests/s", f"{run.requests_per_s}: {run.requests} in {run.elapsed}")
    yield _labelled("received", f"{run.received}, {run.received_per_s} per second")
    yield _labelled("latency", _spread(run.latency))
    # wrk prints a distribution of zeros if there was no response.
    if run.distribution is not None and run.latency.has_samples:
        percentiles = (f"p{percent} {at}" for percent, at in run.distribution.items())
        yield _labelled("", ", ".join(percentiles))
    yield _labelled("per thread", f"{_spread(run.per_thread)} requests/s")
    kinds = ", ".join(f"{kind} {number}" for kind, number in run.socket_errors.items() if number)
    yield _labelled("errors", f"{kinds or 'none'}; bad statuses {run.bad_statuses}")


def _load(run: WrkRun) -> str:
    """Return the URL and the load, as far as wrk's output says them."""
    known = (
        run.url,
        run.duration,
        None if run.threads is None else counted(run.threads, "thread"),
        None if run.connections is None else counted(run.connections, "connection"),
    )
    return ", ".join(filter(None, known))


def _labelled(label: str, text: str) -> str:
    return f"  {align_row((label, text), (_LABEL_WIDTH, 0), (True, True))}"


def _spread(spread: Spread) -> str:
    if not spread.has_samples:
        return f"no samples ({spread.within})"
    return (
        f"mean {spread.average}, deviation {spread.deviation}, longest {spread.longest},"
        f" {spread.within} within one deviation"
    )
