"""The explanation of a change: plain, frozen data. All times are of one request, in seconds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pytest_djworkers.profiling.code_folders import Function
from pytest_djworkers.profiling.differences import Difference
from pytest_djworkers.profiling.query_changes import QueryChanges
from pytest_djworkers.profiling.waits import Wait


class CauseKind(StrEnum):
    """The kinds of causes."""

    CPU = "cpu"
    """A function that uses another amount of CPU time."""
    QUERIES = "queries"
    """Another number of SQL queries, or a query that takes another time."""
    WAIT = "wait"
    """A function that waits for another time."""


@dataclass(frozen=True, slots=True)
class Place:
    """A function in which the time is spent, and how it is reached."""

    function: Function
    """The innermost function of the site, or of a library where none of the site's is called."""
    line: int
    """The line on which most of the time is spent; 0 if it is not known."""
    caller: Function | None = None
    """The site's function that calls it directly; None if none does."""
    through: Function | None = None
    """The library's function that it calls and that most of the change is in; None for its own
    code."""
    is_edited: bool = False
    """True if lines of it differ between the revisions."""


@dataclass(frozen=True, slots=True)
class Cause:
    """A part of the change that is known."""

    kind: CauseKind
    change_s: float
    """The change of the time; positive if head takes longer."""
    place: Place | None = None
    """None for a query."""
    wait: Wait | None = None
    difference: Difference | None = None
    """None for a query, whose time is known from sample requests."""
    queries: tuple[str, ...] = ()
    """The changes of the queries, a line each."""


@dataclass(frozen=True, slots=True)
class FunctionChange:
    """The time of a function in both arms."""

    function: Function
    own: Difference
    """In the function itself."""
    total: Difference
    """With all that it calls."""
    is_waiting: bool = False
    """True for the time of waiting; else it is CPU time."""
    is_certain: bool = False
    """True if one of the two differences is not by chance."""
    is_edited: bool = False


@dataclass(frozen=True, slots=True)
class ArmStack:
    """A stack of functions with the time that both arms spend in it."""

    functions: tuple[int, ...]
    """The numbers of its functions, the outermost first."""
    base_s: float
    head_s: float


@dataclass(frozen=True, slots=True)
class FlameGraph:
    """The stacks of both arms: all of CPU time, or all of waiting."""

    functions: tuple[Function, ...] = ()
    stacks: tuple[ArmStack, ...] = ()
    """Stacks with very little time are left out."""


NO_FLAME = FlameGraph()
"""The stacks of nothing."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why head is slower or faster than base, as far as that is known."""

    launches: int
    """The number of launches of each arm."""
    samples: tuple[int, int]
    """The number of samples of CPU time in base and in head."""
    causes: tuple[Cause, ...] = ()
    """The causes that are certain, the largest first."""
    is_computing: bool = True
    """True if head computes most of the time, so that its CPU time decides how fast it is."""
    cpu: Difference | None = None
    """The CPU time of Python code; None if it wasn't sampled."""
    waiting: Difference | None = None
    """The time for which the site's code waits; None if it wasn't sampled."""
    visible_s: float | None = None
    """The smallest change of a function's CPU time that could be told from none."""
    explained: float | None = None
    """The part of the change that the causes make up, as a fraction; None if it isn't known."""
    queries: QueryChanges | None = None
    """The queries of a request in both arms, with the plans of their statements; None if they
    aren't known."""
    functions: tuple[FunctionChange, ...] = ()
    """Functions with some time, the largest changes first."""
    cpu_flame: FlameGraph = NO_FLAME
    waiting_flame: FlameGraph = NO_FLAME
    limits: tuple[str, str] = ("", "")
    """The thing that limits base and head, in words; empty if it isn't known."""
    problems: tuple[str, ...] = ()
    """Why parts of the explanation are missing, a line each."""
