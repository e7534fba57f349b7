"""The rows, the notes and the report of a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pytest_djworkers.legend import Sign
from pytest_djworkers.report.burst_rows import BURSTS
from pytest_djworkers.report.calibration_rows import CALIBRATIONS
from pytest_djworkers.report.comparison_details import details
from pytest_djworkers.report.comparison_rows import COMPARISONS, title
from pytest_djworkers.report.summary import notes, remarks_below, table_of
from pytest_djworkers.verdict.judgement import Verdict
from tests.support.comparisons import NOTHING, compared, rounds_of
from tests.support.results import record


def cells(backend: str, ratio: float) -> Mapping[str, str]:
    """Return the cells of a comparison's row, by column."""
    (row,) = COMPARISONS.rows([record(backend, against_base=compared(ratio))])
    return row.cells


def test_a_row_has_the_figures_of_both_arms_and_the_verdict() -> None:
    row = cells("granian", 0.7)
    assert row["backend"] == "granian"
    base, arrow, head = row["requests/s"].split()
    assert (base, arrow) == ("2,000", "→")
    assert head.startswith(("1,3", "1,4"))
    assert row["change"].startswith("-")
    assert " to -" in row["interval"]
    assert row["p95"] == "20 → 28.5 ms"
    assert row["errors"] == "0 → 0"
    assert row["took"] == "60s"
    assert row["verdict"] == "regressed"


def test_an_arm_that_was_not_measured_has_no_figures() -> None:
    (row,) = COMPARISONS.rows([record(against_base=NOTHING)])
    found = row.cells
    assert found["requests/s"] == "- → 100"
    assert (found["change"], found["p95"], found["verdict"]) == ("", "", "not compared")


def test_the_title_has_an_arrow_where_there_is_a_change() -> None:
    made = compared(1.0)
    assert title(made) == "main → the working tree, seed 1"
    itself = replace(made, labels=("itself", "the working tree"), is_judged=False)
    assert title(itself) == "the working tree against itself, seed 1"
    backends = replace(made, labels=("granian", "uvicorn"), of_backends=True)
    assert title(backends) == "each backend against granian, seed 1"


def test_the_kind_of_its_records_decides_the_table_of_a_run() -> None:
    assert table_of([record()]) is BURSTS
    assert table_of([record(against_base=NOTHING)]) is COMPARISONS
    assert table_of([record(against_base=compared(1.0, is_judged=False))]) is CALIBRATIONS


def test_every_verdict_but_ok_has_a_note() -> None:
    assert notes([record(against_base=compared(1.0))]) == []
    assert notes([record(against_base=NOTHING)]) == [
        "not compared: test_site.py::test_json[granian] GET /json: migrations differ"
    ]
    (of_rps, *_) = notes([record(against_base=compared(0.7))])
    assert of_rps.startswith("regressed: test_site.py::test_json[granian] GET /json: requests/s")


def test_the_notes_on_the_worst_verdict_come_first() -> None:
    ratios = (1.0, 1.3, 0.7)
    found = notes([record(f"b{ratio:g}", against_base=compared(ratio)) for ratio in ratios])
    # Requests/s and p95 each have a note; the one that is ok has none.
    assert [note.partition(":")[0] for note in found] == ["regressed"] * 2 + ["improved"] * 2


def test_idle_workers_are_remarked_on_below_the_row() -> None:
    idle = replace(
        compared(1.0), idle_workers="some workers got no connection in 1 of base's launches"
    )
    assert remarks_below(record(against_base=idle), with_details=False) == [idle.idle_workers]
    named = replace(idle, of_backends=True, labels=("granian", "uvicorn"))
    assert remarks_below(record(against_base=named), with_details=False) == [
        "some workers got no connection in 1 of granian's launches"
    ]


def test_an_ok_that_may_not_be_worth_much_has_a_note() -> None:
    (of_rps, _) = notes([record(against_base=replace(compared(1.0), responses_differ="differ"))])
    assert of_rps.startswith("ok: test_site.py::test_json[granian] GET /json: requests/s ")
    assert of_rps.endswith("; differ")
    (row,) = COMPARISONS.rows(
        [record(against_base=replace(compared(1.0), responses_differ="x", ended_early="y"))]
    )
    assert row.cells["remarks"] == "responses differ, ended early"
    assert row.signs["remarks"] == [Sign.RESPONSES_DIFFER, Sign.ENDED_EARLY]


def test_a_calibration_that_was_too_short_has_no_noise() -> None:
    # Noise needs at least two blocks.
    short = replace(compared(1.0, is_judged=False), rounds=())
    (row,) = CALIBRATIONS.rows([record(against_base=short)])
    assert list(row.cells.values())[2:7] == ["-"] * 5
    assert short.verdict is None
    assert NOTHING.verdict is Verdict.NOT_COMPARED


def test_a_calibration_of_a_slow_view_may_have_one_round_a_block() -> None:
    rounds = tuple(rounds_of(number, 1.0)[0] for number in range(12))
    slow = replace(compared(1.0, is_judged=False), judgements=(), rounds=rounds)
    (row,) = CALIBRATIONS.rows([record(against_base=slow)])
    assert row.cells["blocks"] == "12"
    assert row.cells["sd of rounds"] == "-"
    assert row.cells["sd of launches"] != "-"
    assert row.cells["tolerance to set"] != "-"
    assert remarks_below(record(against_base=slow), with_details=True) == details(slow)
