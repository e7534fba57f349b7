"""The ranking of backends, from comparisons made by hand."""

from __future__ import annotations

from dataclasses import replace

from pytest_djworkers.legend import Sign
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.ranking_rows import RANKING
from tests.support.comparisons import NOTHING, of_backend
from tests.support.results import record


def not_compared(name: str) -> BurstRecord:
    one = replace(NOTHING, labels=("granian", name), of_backends=True)
    return record(name, against_base=one)


def ranked(*records: BurstRecord) -> list[tuple[str, str]]:
    rows = RANKING.rows(records)
    return [(row.cells["rank"], row.cells["backend"]) for row in rows]


def test_the_fastest_backend_comes_first_and_those_that_overlap_share_a_rank() -> None:
    assert ranked(
        of_backend("daphne", 0.5, (0.48, 0.52)),
        of_backend("uvicorn", 1.3, (1.25, 1.35)),
        not_compared("cheroot"),
        of_backend("waitress", 0.98, (0.95, 1.01)),
        of_backend("hypercorn", 1.2, (1.11, 1.3)),
    ) == [
        ("1=", "uvicorn"),
        ("1=", "hypercorn"),
        ("3=", "granian"),
        ("3=", "waitress"),
        ("5", "daphne"),
        ("", "cheroot"),
    ]


def test_a_difference_from_the_first_that_is_not_certain_has_no_rank_of_its_own() -> None:
    # All of the interval is above no change, and still the verdict is only `ok`.
    assert ranked(of_backend("uvicorn", 1.03, (1.01, 1.05))) == [
        ("1=", "uvicorn"),
        ("1=", "granian"),
    ]


def test_rows_have_words_for_backends_and_both_figures() -> None:
    first, second = RANKING.rows([of_backend("uvicorn", 0.8, (0.78, 0.82))])
    assert (first.cells["requests/s"], first.record) == ("2,000", None)
    assert second.cells["requests/s"] == "2,000 → 1,600"
    assert second.cells["change"] == "-20.0%"
    assert second.cells["verdict"] == "slower"
    assert list(first.cells) == list(second.cells), "the first row has all columns"


def test_a_shared_rank_is_explained() -> None:
    shared = RANKING.rows([of_backend("uvicorn", 1.0, (0.95, 1.05))])
    assert [row.signs["rank"] for row in shared] == [[Sign.SHARED_RANK]] * 2
    own = RANKING.rows([of_backend("uvicorn", 1.3, (1.25, 1.35))])
    assert [row.signs["rank"] for row in own] == [[], []]
