"""The reasons for discarding rounds: their causes and remedies, and when more rounds can't help.

The reasons of the machine travel as text, in the rounds and in reports, so their words are fixed
here. A worker that ended is a fact of its window.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytest_djworkers.verdict.rounds import WORKER_ENDED, Round, blocks_of, count_discarded

CPU_STEAL = "CPU steal"
CLOCK_JUMPED = "the clock jumped"
GENERATOR_BOUND = "generator-bound"
GENERATOR_STOPPED = "the generator was stopped"
IDLE_WORKER = "a worker got no connection"
MOST_DISCARDED = 0.3
"""The largest share of rounds that may be discarded."""
_SURE_AFTER_BLOCKS = 2
"""The number of blocks after which a cause that lies in the view is believed to stay."""
_MOST_OF_ALL = 2 / 3
"""The share of discarded rounds that is more than an accident: over twice the largest allowed."""
# The machine may become quieter while a comparison runs; a view does not change.
_OF_THE_MACHINE = {CPU_STEAL, CLOCK_JUMPED, GENERATOR_STOPPED, IDLE_WORKER}
_TO_DO = {
    CPU_STEAL: "other guests of its host take its CPUs: wait until they are quieter, or measure on"
    " a machine of its own",
    CLOCK_JUMPED: "its clock is being set: wait until it is right, and don't suspend the machine"
    " meanwhile",
    GENERATOR_STOPPED: "something keeps its processes from running: a CPU limit that is used up,"
    " much other work, or suspension",
    GENERATOR_BOUND: "the generator needed all of a CPU for itself: the view is too fast for it,"
    " or the machine too busy; compare a view that does more, or on more CPUs",
}


def explain_discarded(discarded: Sequence[tuple[str, int]]) -> tuple[str, str]:
    """Return the cause of the most frequent reason, and advice on it, which may be empty.

    There must be a reason; the most frequent comes first.
    """
    # Workers end on the site's own account (max_requests, a crash), so that is not the machine's
    # fault; the caller adds why they ended.
    reason = discarded[0][0]
    if reason.startswith(WORKER_ENDED):
        return "workers ended while they were measured", ""
    if reason == GENERATOR_BOUND:
        return "the load generator was the bottleneck", _TO_DO[reason]
    return "unreliable machine", _TO_DO.get(reason, "")


def is_hopeless(rounds: Sequence[Round], most_rounds: int) -> bool:
    """Return whether a comparison of at most that many rounds can't come to a verdict any more.

    Either so many rounds are discarded that the others can't be enough; or most of the first
    blocks were, for one reason, which lies in what is measured and not in the machine.
    """
    discarded = count_discarded(rounds)
    number = sum(count for _, count in discarded)
    if number > MOST_DISCARDED * most_rounds:
        return True
    # base's worker and head's are one kind: both are ended by the same thing.
    kinds = {_kind(reason) for reason, _ in discarded}
    return (
        len(blocks_of(rounds)) >= _SURE_AFTER_BLOCKS
        and number >= _MOST_OF_ALL * len(rounds)
        and len(kinds) == 1
        and not kinds & _OF_THE_MACHINE
    )


def _kind(reason: str) -> str:
    return WORKER_ENDED if reason.startswith(WORKER_ENDED) else reason
