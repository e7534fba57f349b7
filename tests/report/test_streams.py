"""The line on a stream below the row of its burst."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_djworkers.load.histogram import Latency
from pytest_djworkers.load.in_pieces import InPieces
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.record import LimitOutcome
from pytest_djworkers.report.document import entry_of
from pytest_djworkers.report.reasons import remarks_of_burst
from tests.support.results import RESULT, WRK, record

NONE = InPieces(Latency(()), Latency(()))
PLAIN = replace(RESULT, in_pieces=NONE, body_bytes=1234.5)
STREAM = replace(
    PLAIN, in_pieces=InPieces(first=Latency(((400, 500),)), whole=Latency(((1_000, 500),)))
)
# The head came in a piece of its own.
IN_TWO_PIECES = replace(
    PLAIN, in_pieces=InPieces(first=Latency(((800, 500),)), whole=Latency(((1_000, 500),)))
)
LINE = "first byte: p50 400us, p90 20ms, p95 20ms, p99 300ms, max 300ms; bodies of 1.23kB"
EVENTS = replace(PLAIN, event_count=12_345)
OF_EVENTS = "12,345 events, 1,234/s; first event: p50 1ms, p90 20ms, p95 20ms, p99 300ms, max 300ms"


@pytest.mark.parametrize(
    ("result", "lines"),
    [(STREAM, [LINE]), (IN_TWO_PIECES, []), (PLAIN, []), (WRK, []), (EVENTS, [OF_EVENTS])],
)
def test_only_a_stream_has_a_line(result: BurstResult, lines: list[str]) -> None:
    assert remarks_of_burst(record(result=result)) == lines
    assert ("first " in str(result)) is bool(lines)
    assert all(line in str(result) for line in lines)


def test_a_limit_on_the_first_byte_shows_it() -> None:
    limits = (LimitOutcome("max_latency(p99=1s, phase='first_byte')"),)
    (line,) = remarks_of_burst(record(result=PLAIN, limits=limits))
    assert line.startswith("first byte: p50 1ms")
    assert remarks_of_burst(record(result=WRK, limits=limits)) == ["first byte: not known"]


def test_the_document_has_the_figures() -> None:
    figures = entry_of(record(result=STREAM)).figures
    assert (figures.first_byte_p50_s, figures.first_byte_p99_s) == (0.0004, 0.3)
    assert figures.body_bytes == 1234.5
    unknown = entry_of(record(result=WRK)).figures
    assert (unknown.first_byte_p50_s, unknown.body_bytes) == (None, None)
