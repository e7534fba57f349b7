"""The lines that say why head is slower or faster."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_djworkers.compare.result import ArmComparison
from pytest_djworkers.profiling.explanation import Cause, CauseKind, Explanation, Place
from pytest_djworkers.profiling.time_spent import TimePart, TimeSpent
from pytest_djworkers.units import before_and_after, format_duration, format_longer_by, format_share
from pytest_djworkers.verdict.judgement import Verdict

_BECAUSE = "because: "
_MOST_OTHERS = 2
_MOST_PARTS = 3
_ALL_EXPLAINED = 0.95
_MOST_EXPLAINED = 1.5
"""The share of a change from which on its causes are not said to explain it: others went the
other way."""
_CHANGED = (Verdict.REGRESSED, Verdict.IMPROVED)


def cause_lines(compared: ArmComparison) -> list[str]:
    """Return the lines, the main cause first; none if nobody looked for it.

    At most three, and one for each thing that could not be sampled.
    """
    found = compared.explanation
    if found is None:
        return []
    causes = [_cause(one) for one in found.causes]
    others = "; ".join(causes[1 : 1 + _MOST_OTHERS])
    return [
        line
        for line in (
            f"{_BECAUSE}{causes[0]}" if causes else _nothing(compared, found),
            f"and: {others}" if others else "",
            _rest(found) if causes else "",
            *found.problems,
        )
        if line
    ]


def main_cause(compared: ArmComparison) -> str:
    """Return the line that names the largest cause; empty if none is known."""
    return next((line for line in cause_lines(compared) if line.startswith(_BECAUSE)), "")


def time_lines(found: TimeSpent) -> list[str]:
    """Return the lines that say what a burst's server spends the time of its requests on."""
    shares = [
        _share(kind, whole_s, [one for one in found.parts if (one.wait is None) == is_cpu])
        for kind, whole_s, is_cpu in (
            ("CPU time", found.cpu_s, True),
            ("waiting", found.waiting_s, False),
        )
    ]
    limit = f"the limit was {found.limit}" if found.limit else ""
    return [line for line in (*shares, limit, *found.problems) if line]


def _share(kind: str, whole_s: float | None, parts: Sequence[TimePart]) -> str:
    """Return the largest parts of a time; empty if there is none."""
    if not whole_s or not parts:
        return ""
    named = ", ".join(
        f"{format_share(one.time_s / whole_s)}"
        f"{'' if one.wait is None else f' for {one.wait.value}'} in {one.function}"
        for one in parts[:_MOST_PARTS]
    )
    return f"{kind} per request {format_duration(whole_s)}: {named}"


def _nothing(compared: ArmComparison, found: Explanation) -> str:
    """Return that no cause is known; empty if nothing changed that would need one."""
    if compared.verdict not in _CHANGED or found.cpu is None or found.visible_s is None:
        return ""
    return (
        "not explained: no function, query or wait differs by more than chance and by a tenth of"
        f" the whole; {format_duration(found.visible_s)} of {format_duration(found.cpu.base_s)} CPU"
        " time in a function would have been seen"
    )


def _cause(cause: Cause) -> str:
    if cause.kind is CauseKind.QUERIES:
        return cause.queries[0]
    assert cause.place is not None
    what = "" if cause.wait is None else f" of waiting for {cause.wait.value}"
    return f"{format_longer_by(cause.change_s)}{what} in {in_words(cause.place)}"


def in_words(place: Place) -> str:
    """Return where the time is spent: ``burn (shop/urls.py:9), called from users``."""
    function = place.function
    at = f"{function.name} ({function.file}{f':{place.line}' if place.line else ''})"
    edited = ", which was edited" if place.is_edited else ""
    if place.through is not None:
        return f"{place.through}, called from {at}{edited}"
    caller = "" if place.caller is None else f", called from {place.caller.name}"
    return f"{at}{caller}{edited}"


def _rest(found: Explanation) -> str:
    """Return how much of the change is explained, and what the server was limited by."""
    whole = found.cpu if found.is_computing else found.waiting
    parts = []
    if whole is not None and found.explained is not None and 0 < found.explained <= _MOST_EXPLAINED:
        kind = "CPU time" if found.is_computing else "waiting"
        both = before_and_after(format_duration(whole.base_s), format_duration(whole.head_s))
        share = format_share(found.explained) if found.explained < _ALL_EXPLAINED else "all"
        parts.append(f"this explains {share} of {kind} {both} per request")
    if limit := found.limits[1]:
        parts.append(f"the limit was {limit}")
    return "; ".join(parts)
