"""Errors and timeouts: absolute, in two blocks or more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_djworkers.verdict.errors_first import error_shares, more_errors, more_lost_workers
from pytest_djworkers.verdict.rounds import Round
from tests.support.blocks import window


def rounds(*head: int, base: int = 0, kind: str = "errors") -> list[Round]:
    """Ten blocks of a round of 1000 judged requests an arm; so many errors in head's first ones."""
    counts = [*head, *[0] * (10 - len(head))]
    return [
        Round(window(**{kind: base}), window(**{kind: number}), block)
        for block, number in enumerate(counts)
    ]


@pytest.mark.parametrize("kind", ["errors", "timeouts"])
@pytest.mark.parametrize(
    ("head", "base", "fails"),
    [
        ([], 0, False),
        ([1000], 0, False),  # one block is an accident
        ([30, 20], 0, False),  # 0.5 points are not more than 0.5
        ([30, 21], 0, True),
        ([30, 40], 2, False),
        ([30, 41], 2, True),
        ([9] * 10, 9, False),
    ],
)
def test_more_than_base_by_half_a_point_in_two_blocks(
    kind: str, head: list[int], base: int, fails: bool
) -> None:
    said = more_errors(rounds(*head, base=base, kind=kind), 0.005)
    assert (said is not None) is fails
    assert said is None or said.startswith(kind)


def test_the_message_has_shares_and_rounds() -> None:
    assert more_errors(rounds(100, 20), 0.005) == "errors 1.2% against 0%, in 2 of 10 rounds"


def test_discarded_rounds_do_not_count() -> None:
    thrown = [Round(window(), window(errors=900), 1, discarded="starved") for _ in range(5)]
    assert more_errors([*rounds(), *thrown], 0.005) is None
    assert error_shares([*rounds(10, base=1), *thrown]) == (0.001, 0.001)


def test_no_requests_have_no_errors() -> None:
    assert more_errors([], 0.005) is None
    assert error_shares([]) == (0.0, 0.0)


def test_errors_and_timeouts_are_both_named() -> None:
    both = [Round(window(), window(errors=50, timeouts=60), block) for block in range(4)]
    said = more_errors(both, 0.005)
    assert said is not None
    assert "errors 5%" in said
    assert "timeouts 6%" in said


def test_lost_workers_of_head_alone_count_in_two_blocks() -> None:
    good, gone = window(), replace(window(), lost_worker=True)
    head = [Round(good, gone, 0), Round(good, good, 1), Round(good, gone, 2)]
    assert more_lost_workers(head) == (
        "workers of head ended in 2 of 3 blocks, and none of base did"
    )
    assert more_lost_workers(head[:2]) is None
    assert more_lost_workers([*head, Round(gone, good, 3)]) is None
