"""The count of one part of a burst in one window."""

from __future__ import annotations

from array import array
from collections import Counter

from pytest_djworkers.load.body_sizes import BodySizes
from pytest_djworkers.load.histogram import Counts
from pytest_djworkers.load.in_pieces import PieceTimes
from pytest_djworkers.load.pairs import Pairs
from pytest_djworkers.load.part_report import PartReport
from pytest_djworkers.load.response_excerpt import ResponseExcerpt

US_PER_NS = 1e-3


class PartTally:
    """Counts the requests of one part, by the class that they end in, for a ``Tally``.

    The hot path appends the latency of each expected response that counts to ``samples_us``, in
    microseconds; ``fold`` counts them later, many at a time.
    """

    __slots__ = (
        "_latency",
        "_left_ns",
        "_longest_ns",
        "_timeout_ns",
        "after_window",
        "error",
        "error_kinds",
        "events",
        "first_unexpected",
        "in_flight",
        "late",
        "ok",
        "outside",
        "pieces",
        "samples_us",
        "sizes",
        "statuses",
        "unanswered",
        "unexpected",
        "wrong_bodies",
    )

    def __init__(self, timeout_ns: int) -> None:
        self._timeout_ns = timeout_ns
        self.ok = self.late = self.unexpected = self.error = 0
        self.unanswered = self.in_flight = self.outside = self.after_window = 0
        self.wrong_bodies = self.events = 0
        self.statuses: Counter[int] = Counter()
        self.error_kinds: Counter[str] = Counter()
        self.first_unexpected = b""
        """The beginning of the window's first unexpected response, as received."""
        self.samples_us = array("d")
        self.sizes = BodySizes(self.samples_us)
        self.pieces = PieceTimes()
        self._latency = Counts()
        self._longest_ns = 0.0
        self._left_ns: list[tuple[int, int]] = []
        """The beginning and the age of each request that was left without a response."""

    def leave(
        self, began_ns: int, age_ns: int, *, may_be_young: bool, first_byte_ns: int = 0
    ) -> None:
        """Count a request that has no whole response, now that nobody waits any longer.

        ``first_byte_ns`` is the time of its first byte, if that has come.
        """
        self._left_ns.append((began_ns, age_ns))
        if not may_be_young or age_ns > self._timeout_ns:
            self.unanswered += 1
            self._latency.add([age_ns * US_PER_NS])
            if first_byte_ns:
                self.pieces.add((first_byte_ns - began_ns) * US_PER_NS, age_ns * US_PER_NS)
        else:
            self.in_flight += 1

    def fold(self) -> float:
        """Turn samples into counts, and return their sum in microseconds."""
        samples = self.samples_us
        self.sizes.fold()
        self.pieces.fold()
        if not samples:
            return 0.0
        longest_us, timeout_us = max(samples), self._timeout_ns * US_PER_NS
        self._longest_ns = max(self._longest_ns, longest_us / US_PER_NS)
        # Mostly none is late, and max() is far cheaper than a loop over all samples.
        if longest_us > timeout_us:
            late = sum(sample > timeout_us for sample in samples)
            self.late += late
            self.ok -= late
        self.ok += len(samples)
        total_us = sum(samples)
        self._latency.add(samples)
        # Emptied in place: the hot path holds a reference to its append method.
        del samples[:]
        return total_us

    def coarse_latency(self) -> list[tuple[int, int]]:
        """Return what is folded by now, in buckets of a few percent."""
        return self._latency.coarse()

    def left_in_service_ns(self, begin_ns: int, end_ns: int) -> int:
        """Return the time in service, within the window, of requests that got no response.

        Those that waited longer than any with a response are left out, since the server may never
        have turned to them. All left out, a view of 3.7 s would seem to starve connections in a
        window of 10 s, in which each of them gets two responses.
        """
        return sum(
            min(end_ns - began_ns, end_ns - begin_ns)
            for began_ns, age in self._left_ns
            if age <= self._longest_ns
        )

    def report(self) -> PartReport:
        """Return what is folded by now."""
        return PartReport(
            ok=self.ok,
            late=self.late,
            unexpected=self.unexpected,
            error=self.error,
            unanswered=self.unanswered,
            in_flight=self.in_flight,
            outside=self.outside,
            after_window=self.after_window,
            wrong_bodies=self.wrong_bodies,
            statuses=dict(sorted(self.statuses.items())),
            error_kinds=dict(sorted(self.error_kinds.items())),
            latency=Pairs.of(self._latency.items()),
            sizes=self.sizes.items(),
            events=self.events,
            first_bytes=self.pieces.first(),
            in_pieces=self.pieces.whole(),
            first_unexpected=ResponseExcerpt.of(self.first_unexpected),
        )
