"""The lines under the table: what its signs mean, and what to do about connections not served."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from pytest_djworkers.legend import Sign
from pytest_djworkers.record import BurstRecord
from pytest_djworkers.report.alignment import GAP
from pytest_djworkers.report.grouping import grouped
from pytest_djworkers.report.table import Row

_FEW_DIGITS = 2
"""The digits of a number of connections that is proposed: the next run won't hold quite as many."""
_LEAST_PROPOSED = 64
"""Fewer connections are not proposed, however few were at work: they would show little of a server,
and wrk, which doesn't see requests that wait, finds fewer at work than there are."""


def explanations(
    rows: Iterable[Row], columns: Sequence[str], records: Sequence[BurstRecord]
) -> list[str]:
    """Return the lines on all signs in these columns, each once, however often it is there."""
    return explanations_of(
        {sign for row in rows for column in columns for sign in row.signs.get(column, ())}, records
    )


def explanations_of(signs: Collection[Sign], records: Sequence[BurstRecord]) -> list[str]:
    """Return a line for each of these signs, in the legend's order.

    Behind that of starved bursts, a line for each backend says what it held in this run.
    """
    found = []
    # In the legend's order, which begins with what matters most.
    for sign in (one for one in Sign if one in signs):
        found.append(sign.line)
        if sign is Sign.STARVED:
            found += [one.line for one in _starved(records)]
    return found


@dataclass(frozen=True, slots=True)
class _Starved:
    """A backend that was starved in this run, and those that were not under the same load."""

    backend: str
    held: tuple[float, ...]
    """The numbers of connections that it held in its starved bursts."""
    requested: int
    """The largest number that it was to hold."""
    others: tuple[str, ...]

    @property
    def line(self) -> str:
        """The line that says what the backend held, and what to try."""
        least, most = f"{min(self.held):,.0f}", f"{max(self.held):,.0f}"
        held = least if least == most else f"{least} to {most}"
        proposed = max(_LEAST_PROPOSED, _few_digits(min(self.held)))
        tries = [f"burst(connections={proposed})"] if proposed < self.requested else []
        if self.others:
            tries.append(f"{' or '.join(self.others)}, which was not starved")
        return (
            f"{GAP}{self.backend or 'the server'} held {held} of {self.requested:,} connections"
            f" here{': try ' if tries else ''}{', or '.join(tries)}"
        )


def _starved(records: Sequence[BurstRecord]) -> list[_Starved]:
    """Return the backends that were starved, in the order of the run."""
    starved: dict[str, list[BurstRecord]] = {}
    for record in records:
        if record.result.starved:
            starved.setdefault(record.backend, []).append(record)
    return [
        _Starved(
            backend,
            tuple(one.result.connections.held or 0.0 for one in bursts),
            max(one.result.connections.requested for one in bursts),
            _others(records, bursts),
        )
        for backend, bursts in starved.items()
    ]


def _others(records: Sequence[BurstRecord], starved: Sequence[BurstRecord]) -> tuple[str, ...]:
    """Return the backends that were not starved wherever this one was."""
    groups = grouped(records)
    held = [
        {one.backend for one in groups[record.group] if one.result.starved is False}
        for record in starved
    ]
    # In the order of the run, which a set doesn't keep.
    return tuple(
        name
        for name in dict.fromkeys(record.backend for record in records)
        if all(name in names for names in held)
    )


def _few_digits(number: float) -> int:
    """Return the number rounded down to two digits."""
    whole = int(number)
    step: int = 10 ** max(0, len(str(whole)) - _FEW_DIGITS)
    return whole // step * step
