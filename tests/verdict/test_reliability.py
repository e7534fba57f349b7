"""Comparisons that can't come to a verdict are recognized, and the reason is explained."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pytest_djworkers.verdict.reliability import explain_discarded, is_hopeless
from pytest_djworkers.verdict.rounds import Round
from tests.support.comparisons import window

MOST = 96
HEAD = "a worker of head ended"
BOTH = "a worker of base and head ended"
STEAL = "CPU steal"


def rounds(*blocks: Sequence[str | None]) -> list[Round]:
    """Blocks of rounds that are thrown away for these reasons."""
    made = enumerate(blocks)
    return [Round(window(9), window(9), block, why) for block, reasons in made for why in reasons]


@pytest.mark.parametrize(
    ("found", "hopeless"),
    [
        ([], False),
        (rounds([HEAD] * 6), False),
        (rounds([HEAD] * 6, [HEAD] * 6), True),
        (rounds([HEAD, *[BOTH] * 5], [BOTH] * 6), True),
        (rounds(["generator-bound"] * 6, ["generator-bound"] * 6), True),
        (rounds([None, None, *[HEAD] * 4], [None, None, *[BOTH] * 4]), True),
        (rounds([None, None, *[HEAD] * 4], [None, None, None, *[BOTH] * 3]), False),
        # Two reasons: what they have in common is not known.
        (rounds([HEAD] * 6, ["generator-bound"] * 6), False),
        # A machine may become quieter: as long as enough rounds can come.
        (rounds([STEAL] * 6, [STEAL] * 6), False),
        (rounds(*[[STEAL] * 6] * 4), False),
        (rounds(*[[STEAL] * 6] * 5), True),
        (rounds(*[[None, None, None, None, STEAL, HEAD]] * 14), False),
        (rounds(*[[None, None, None, None, STEAL, HEAD]] * 15), True),
    ],
)
def test_a_comparison_that_more_rounds_cannot_help_is_hopeless(
    found: list[Round], hopeless: bool
) -> None:
    assert is_hopeless(found, MOST) is hopeless


@pytest.mark.parametrize(
    ("reason", "cause", "advice"),
    [
        (HEAD, "workers ended while they were measured", ""),
        (STEAL, "unreliable machine", "other guests"),
        ("the clock jumped", "unreliable machine", "clock is being set"),
        ("the generator was stopped", "unreliable machine", "a CPU limit"),
        ("generator-bound", "the load generator was the bottleneck", "a view that does more"),
        ("what an older version wrote", "unreliable machine", ""),
    ],
)
def test_the_most_frequent_reason_is_explained(reason: str, cause: str, advice: str) -> None:
    named, what_to_do = explain_discarded([(reason, 5), ("another", 1)])
    assert named == cause
    assert advice in what_to_do
    assert bool(advice) == bool(what_to_do)
