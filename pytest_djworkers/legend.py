"""The legend: every sign that the tables show instead of a plain figure, with its meaning.

To add a sign, add it here. A table's explanations and the documentation are made of these texts.
"""

from __future__ import annotations

from enum import Enum
from typing import Self


class Sign(Enum):
    """A sign of the tables: how it looks, what it means, and what to do about it.

    An N stands for a figure. No text ends in a full stop.
    """

    AGENT_LOST = (
        "N of N agents lost",
        "their part of the figures is missing, so no limit passes on the rest, and it is neither"
        " stored nor compared",
        "look at their machines and the connections to them, then measure again",
    )
    STARVED = (
        "starved",
        "fewer than 80% of the connections were at work, or ever got a response, and the figures"
        " are of those",
        "ask for fewer connections, or try another server",
    )
    UNFAIR = (
        "unfair",
        "few connections got most of the responses, so the median latency is theirs, and users"
        " would wait longer",
        "ask for fewer connections, try another server, or measure latency at a fixed rate (rate=)",
    )
    FELL_BEHIND = (
        "fell behind N/s",
        "the server couldn't keep the fixed rate, and requests piled up",
        "ask for a lower rate",
    )
    OPENED = (
        "opened N connections",
        "the others couldn't be opened in time",
        "ask for fewer connections, or raise the server's backlog",
    )
    BACKLOG = (
        "backlog of N",
        "the server lets only N connections wait to be accepted, fewer than the burst has",
        "raise the server's setting or net.core.somaxconn, or ask for fewer connections",
    )
    HOLDS = (
        "holds N connections",
        "the server's settings let it hold only N connections, fewer than the burst has",
        "raise that setting, or ask for fewer connections",
    )
    CLOSES = (
        "closes connections",
        "most requests needed a new connection, and their latency includes the connecting",
        "try a server that keeps connections alive, unless a proxy in front of it does",
    )
    SENT_AGAIN = (
        "N requests sent again",
        "the server closed connections just when a request was on its way; these are no errors",
        "raise the server's keep-alive timeout, since a proxy has to send them again, too",
    )
    OVERFLOWED = (
        "backlog overflowed",
        "the kernel turned connections away, and each tried again a second later",
        "raise the server's backlog, or ask for fewer connections",
    )
    GENERATOR_BOUND = (
        "generator-bound",
        "the generator was the bottleneck, so the server may be faster than this; a limit that is"
        " met stays met",
        "ask for fewer connections, or use a machine with more CPUs",
    )
    GENERATOR_STOPPED = (
        "generator stopped for N",
        "a process of the generator was stopped meanwhile, so the figures are too bad, and are"
        " neither stored nor compared",
        "measure again",
    )
    UNWATCHED = (
        "server not watched for N",
        "pytest was stopped meanwhile, so the server's CPU time is a guess",
        "measure again",
    )
    WORKERS_DIED = (
        "N workers died, N started",
        "the requests of a worker that died are errors or timeouts, and its replacement had no"
        " warm-up",
        "look into the server's log, and leave max_requests out of load tests",
    )
    RERUN = (
        "rerun (attempt N)",
        "the test was run again, and these are the figures of its last attempt",
        "find out why the first one failed before you believe the last",
    )
    MAY_BE_MORE = (
        "N+?",
        "wrk doesn't count requests that never end, so there may be more timeouts",
        "--djworkers-generator=asyncio counts them",
    )
    SERVED_UNKNOWN = (
        "-/N",
        "wrk doesn't tell how many connections ever got a response",
        "--djworkers-generator=asyncio does",
    )
    UNKNOWN = (
        "-",
        "this figure isn't known; a percentile isn't if fewer than ten responses lie beyond it",
        "ask for a longer burst (duration=)",
    )
    RESPONSES_DIFFER = (
        "responses differ",
        "base and head don't send the same, so they don't do the same work",
        "read the note below before you believe the verdict",
    )
    ENDED_EARLY = (
        "ended early",
        "the comparison ended before every figure had a verdict",
        "read the note below for the reason",
    )
    SHARED_RANK = (
        "N=",
        "backends that can't be told apart share a rank",
        "measure for longer to tell them apart",
    )

    def __init__(self, shown: str, meaning: str, to_do: str) -> None:
        """Keep the texts."""
        self.shown = shown
        self.meaning = meaning
        self.to_do = to_do

    @property
    def line(self) -> str:
        """The explanation in one line."""
        # str.capitalize() would make all other letters small.
        return f"{self.shown}: {self.meaning}. {self.to_do[0].upper()}{self.to_do[1:]}."


class Remark(str):
    """The text of a remark, which knows its sign: ``backlog of 100`` is ``Sign.BACKLOG``."""

    __slots__ = ("sign",)

    sign: Sign

    def __new__(cls, sign: Sign, text: str = "") -> Self:
        """Return a remark with this text; without a text, it reads as the sign itself."""
        remark = super().__new__(cls, text or sign.shown)
        remark.sign = sign
        return remark
