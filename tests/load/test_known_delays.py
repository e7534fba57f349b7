"""A window's figures are those of the server's own record of the requests sent in it."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_djworkers.load.agent_report import AgentReport
from pytest_djworkers.load.early_close import EarlyClose
from pytest_djworkers.load.histogram import Latency
from tests.support.fault_server import Peer, answer, serve
from tests.support.firing import fire_windows, sent

TIMEOUT_S = 0.5
CONNECTIONS = 8
LONGEST_S = 9
ENOUGH = EarlyClose(after_s=0.1, responses=20)
_LAG_S = 2.0
"""The time by which a busy machine may make a response late, and no window waits longer."""
_BUCKET = 0.998
"""A histogram keeps values to within 0.1 %."""


@dataclass(frozen=True)
class Outcome:
    """The server's way with a request: respond after a delay, end the connection, or hang."""

    delay_s: float
    status: int = 200
    """0 for no response."""


QUICK = Outcome(0.002)
SLOW = Outcome(0.15)
SLOW_ERROR = Outcome(0.15, 500)
DIES = Outcome(0.12, 0)
HANGS = Outcome(inf, 0)


@dataclass
class KnownDelays:
    """A server that draws each request's outcome, and records it."""

    shares: dict[Outcome, int]
    source: random.Random
    record: list[Outcome] = field(default_factory=list)

    async def behave(self, peer: Peer) -> None:
        """Serve one connection."""
        while True:
            await peer.request()
            (outcome,) = self.source.choices(list(self.shares), list(self.shares.values()))
            self.record.append(outcome)
            if outcome is HANGS:
                await peer.hang()
            await peer.pause(outcome.delay_s)
            if not outcome.status:
                return
            await peer.send(answer(f"{outcome.status} Told"))


def window(shares: dict[Outcome, int], seed: int = 1) -> tuple[AgentReport, list[Outcome]]:
    """Fire one window; return its report, and the server's record of it."""
    known = KnownDelays(shares, random.Random(seed))
    with serve(known.behave) as server:
        (report,) = fire_windows(
            server.address,
            1,
            ENOUGH,
            connections=CONNECTIONS,
            duration_s=LONGEST_S,
            timeout_s=TIMEOUT_S,
        )
    return report, known.record


def latency_of(report: AgentReport) -> Latency:
    """Return the report's histogram."""
    return Latency(tuple((value, count) for value, count in report.counts.latency))


MIXTURES = st.dictionaries(
    st.sampled_from([SLOW, SLOW_ERROR, DIES, HANGS]), st.integers(1, 10), max_size=3
)


@settings(max_examples=8, deadline=None)
@given(MIXTURES, st.integers(0, 999))
def test_percentiles_and_counts_are_those_of_the_servers_own_record(
    rare: dict[Outcome, int], seed: int
) -> None:
    report, record = window({QUICK: 80, **rare}, seed)
    told = Counter(record)
    assert sent(report) == len(record)
    assert report.counts.unexpected == told[SLOW_ERROR]
    assert report.counts.error == told[DIES]
    assert report.counts.unanswered == told[HANGS]
    assert report.counts.ok + report.counts.late == told[QUICK] + told[SLOW]
    assert report.counts.outside == report.counts.in_flight == 0
    # A request that hangs is as old as the timeout when nobody waits any longer.
    delays = sorted(
        min(outcome.delay_s, TIMEOUT_S)
        for outcome in record
        if outcome.status == 200 or outcome is HANGS
    )
    for percent in (50, 75, 90, 95, 99):
        own = delays[max(0, -(-percent * len(delays) // 100) - 1)]
        found = latency_of(report).nearest_rank(percent)
        assert found is not None
        # Once all connections hang, there are no responses that could close the window early.
        longest_s = LONGEST_S if told[HANGS] == CONNECTIONS else 5 * own
        assert own * _BUCKET <= found <= longest_s + _LAG_S


@pytest.mark.parametrize("slow", [SLOW, Outcome(0.3), HANGS], ids=["0.15 s", "0.3 s", "hangs"])
def test_a_window_with_a_slow_part_is_never_faster_than_without_it(slow: Outcome) -> None:
    plain, _ = window({QUICK: 1})
    worse, _ = window({QUICK: 88, slow: 12})
    for percent in (95, 99):
        before = latency_of(plain).nearest_rank(percent)
        after = latency_of(worse).nearest_rank(percent)
        assert before is not None
        assert after is not None
        assert after >= min(slow.delay_s, TIMEOUT_S) * _BUCKET
        # On a busy machine a quick response may take that long, too.
        assert after >= min(before, SLOW.delay_s * _BUCKET)
