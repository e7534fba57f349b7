"""The commits that may have made a test slower, and the one to compare next: pure, without git.

It is git's own bisection. The commits form a graph, in which a bad commit, which has the slowdown,
rules out all but its ancestors and itself, and a good one rules out its ancestors and itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from math import ceil, log2

_GOLDEN = 0.618
"""The golden ratio's fraction: its multiples are spread evenly, however many there are."""
_AWAY = 1.5
"""The exponent that draws a choice away from skipped commits to the better half: git's own."""


class Answer(StrEnum):
    """The answer of one comparison with the working tree to the question of the bisection."""

    GOOD = "good"
    """The working tree is slower: the slowdown came after this commit."""
    BAD = "bad"
    """The working tree is no slower: this commit has the slowdown."""
    SKIPPED = "skipped"
    """The comparison doesn't tell."""


class Candidates:
    """The commits after the good one, up to the last, which is known to be bad.

    ``parents`` maps the id of each commit to those of its parents, children before parents; the
    first is the last commit. Parents that are not among the keys are left out.
    """

    def __init__(self, parents: Mapping[str, Sequence[str]]) -> None:
        self._ids = list(parents)
        self._reach = _reach(self._ids, parents)
        """For each commit, itself and all of its ancestors: one bit for each commit."""

    def suspects(self, answers: Mapping[str, Answer]) -> list[str]:
        """Return the commits that may be the first bad one after these answers, newest first."""
        return list(self._in(self._mask(answers)))

    def next(self, answers: Mapping[str, Answer]) -> str | None:
        """Return the commit whose comparison tells most; None if no other one tells anything.

        It halves the suspects as well as can be. If that one was skipped, its neighbours may be
        broken as well, so the choice goes elsewhere, the same in each run.
        """
        mask = self._mask(answers)
        # The newest suspect is bad for sure, and its distance is 0.
        by_distance = sorted(
            (one for one in self._in(mask) if self._distance(one, mask)),
            key=lambda one: -self._distance(one, mask),
        )
        open_ones = [one for one in by_distance if one not in answers]
        if not open_ones or by_distance[0] == open_ones[0]:
            return next(iter(open_ones), None)
        skipped = len(by_distance) - len(open_ones)
        return open_ones[int(len(open_ones) * (skipped * _GOLDEN % 1) ** _AWAY)]

    def comparisons_left(self, answers: Mapping[str, Answer]) -> int:
        """Return the number of comparisons that are still needed, if none has to be skipped."""
        return ceil(log2(max(1, len(self.suspects(answers)))))

    def _mask(self, answers: Mapping[str, Answer]) -> int:
        mask = self._reach[self._ids[0]]
        for one, answer in answers.items():
            if answer is Answer.BAD:
                mask &= self._reach[one]
            elif answer is Answer.GOOD:
                mask &= ~self._reach[one]
        return mask

    def _in(self, mask: int) -> Iterator[str]:
        return (one for place, one in enumerate(self._ids) if mask >> place & 1)

    def _distance(self, one: str, mask: int) -> int:
        """Return the number of suspects that the less telling of both answers rules out."""
        weight = (self._reach[one] & mask).bit_count()
        return min(weight, mask.bit_count() - weight)


def _reach(ids: Sequence[str], parents: Mapping[str, Sequence[str]]) -> dict[str, int]:
    reach: dict[str, int] = {}
    for place in reversed(range(len(ids))):
        one = ids[place]
        reach[one] = 1 << place
        for parent in parents[one]:
            reach[one] |= reach.get(parent, 0)
    return reach
