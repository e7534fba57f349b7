"""What the runs of ``causes.py`` told, and the tables of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import cycle
from pathlib import Path
from typing import Self

from comparisons import Run
from known_causes import KNOWN_CAUSES, KnownCause
from pytest_djworkers.units import format_change
from pytest_djworkers.verdict.judgement import Verdict
from tables import MISSED, Bar, Table, at_least, at_most

SAME = "same"
_BECAUSE = "because: "
_NAMED = 30
ALL = 36
"""The number of comparisons with a cause: each under three servers."""
SAME_RUNS = 20
UNFINISHED = "unfinished"
"""The word in the place of a bar's verdict before all that it asks for was compared."""
_BY_NAME = {one.name: one for one in KNOWN_CAUSES}


class Answer(StrEnum):
    """The answers that a first line gives."""

    NAMED = "named"
    WRONG = "wrong"
    UNNAMED = "unnamed"


@dataclass(frozen=True)
class Turn:
    """One comparison to make."""

    name: str
    """The name of the cause, or ``same``."""
    server: str
    number: int
    """The number in its series, from 1."""
    cause: KnownCause
    """The one whose view is compared."""

    @property
    def is_same(self) -> bool:
        """True if a commit is compared with itself."""
        return self.name == SAME


@dataclass(frozen=True)
class Told:
    """What one comparison told."""

    name: str
    server: str
    number: int
    view: str
    when: str
    """The time at which it began, in ISO 8601."""
    package: str
    """The commit of this package, with ``+`` if files differ from it."""
    wall_s: float
    verdict: str
    """``error`` if there was no comparison."""
    change: float | None
    """The change of requests/s, as a fraction; None without an estimate."""
    causes: tuple[str, ...]
    """The lines that say why head is slower or faster."""
    said: str
    """The end of pytest's output if there was no comparison."""

    @classmethod
    def of(cls, turn: Turn, when: str, package: str, run: Run, document: Path) -> Self:
        """Return what a run told, by its document."""
        bursts = json.loads(document.read_text())["bursts"] if document.exists() else []
        found = bursts[0]["comparison"] if bursts else None
        return cls(
            *(turn.name, turn.server, turn.number, turn.cause.view, when, package, run.wall_s),
            verdict=found["verdict"] if found else "error",
            change=found["change"] if found else None,
            causes=tuple(found["causes"]) if found else (),
            said="" if found else run.end,
        )

    @property
    def first_line(self) -> str:
        """The first line; empty if there is none."""
        return self.causes[0] if self.causes else ""

    @property
    def answer(self) -> Answer:
        """The answer that the first line gives."""
        if not self.first_line.startswith(_BECAUSE):
            return Answer.UNNAMED
        # Of the same code, whatever is named is wrong.
        known = _BY_NAME.get(self.name)
        is_named = known is not None and re.search(known.words, self.first_line)
        return Answer.NAMED if is_named else Answer.WRONG

    def __str__(self) -> str:
        change = "" if self.change is None else f" {format_change(1 + self.change)}"
        head = f"{self.when} {self.server} {self.name} {self.number}: {self.verdict}{change}"
        lines = [f"{head}, {self.wall_s:.0f} s, {self.answer}", *self.causes]
        return "\n  ".join([*lines, *self.said.splitlines()])


def missing(
    told: Sequence[Told], names: Sequence[str], servers: Sequence[str], same: int
) -> Iterator[Turn]:
    """Yield the comparisons that were not made yet, those of the same code last."""
    made = {(one.name, one.server) for one in told if one.name != SAME}
    for server in servers:
        for name in names:
            if (name, server) not in made:
                yield Turn(name, server, 1, _BY_NAME[name])
    numbers = {one.number for one in told if one.name == SAME}
    # The package is in neither arm there.
    views = cycle(one for one in KNOWN_CAUSES if not one.is_package)
    for number, server, cause in zip(range(1, same + 1), cycle(servers), views, strict=False):
        if number not in numbers:
            yield Turn(SAME, server, number, cause)


def table_of(told: Iterable[Told]) -> Iterator[Table]:
    """Yield the table of the first lines, and that of the bars."""
    table = Table(
        "First lines on commits whose cause is known",
        (("cause", 29), ("server", 15), ("verdict", 12), ("change", 7), ("", 7), ("first line", 0)),
    )
    found = [one for one in told if one.name != SAME]
    for one in sorted(found, key=lambda one: (list(_BY_NAME).index(one.name), one.server)):
        change = "" if one.change is None else format_change(1 + one.change)
        table.add(one.name, one.server, one.verdict, change, one.answer, one.first_line)
    yield table
    if found:
        yield _bars(found)


def _bars(found: Sequence[Told]) -> Table:
    counts = {answer: sum(one.answer is answer for one in found) for answer in Answer}
    regressed = sum(one.verdict == Verdict.REGRESSED for one in found)
    table = Table("All commits", (("", 9), ("commits", 9), ("bar", 11), ("", 10)))
    table.add("compared", f"{len(found)} of {ALL}", "", "")
    table.add(Verdict.REGRESSED, str(regressed), "", "")
    is_whole = len(found) >= ALL
    for answer, bar in ((Answer.NAMED, at_least(_NAMED)), (Answer.WRONG, at_most(0))):
        verdict = _verdict(bar, counts[answer], is_whole=is_whole)
        table.add(answer, str(counts[answer]), bar.text, verdict)
    table.add(Answer.UNNAMED, str(counts[Answer.UNNAMED]), "", "")
    return table


def same_table(told: Iterable[Told]) -> Table:
    """Return the table of comparisons of the same code."""
    table = Table(
        "The same code, with --djworkers-profile",
        (("", 19), ("runs", 8), ("bar", 9), ("", 10)),
    )
    found = [one for one in told if one.name == SAME]
    named = sum(one.answer is Answer.WRONG for one in found)
    none = at_most(0)
    table.add("compared", f"{len(found)} of {SAME_RUNS}", "", "")
    verdict = _verdict(none, named, is_whole=len(found) >= SAME_RUNS)
    table.add("something was named", str(named), none.text, verdict)
    return table


def _verdict(bar: Bar, figure: int, *, is_whole: bool) -> str:
    """Return the verdict on a bar. A wrong answer is one from the first on."""
    verdict = bar.verdict(figure)
    is_final = is_whole or (verdict == MISSED and figure > bar.most)
    return verdict if is_final else UNFINISHED
