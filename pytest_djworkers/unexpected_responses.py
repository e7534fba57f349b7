"""What came instead of the expected responses, and what to do about it: words for people."""

from __future__ import annotations

from http import HTTPStatus

from pytest_djworkers.load.generator_names import WRK
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.units import format_duration

_MOST_KINDS = 4
_SHOWN = 300
_CSRF = "csrf"
_CSRF_MEANS = (
    "Django refuses it for want of a CSRF token. Give it one, the same in the cookie and in the"
    ' header: token = "a" * 32; burst(..., cookies={"csrftoken": token},'
    ' headers={"X-CSRFToken": token})'
)
_BODY_MEANS = "The status is right, and the body is without what contains= asks for"
_MEANS = {
    301: "Burst the path that it leads to, or say that this is expected: expect=301",
    302: "Burst the path that it leads to, log in with cookies= or headers=, or say that this is"
    " expected: expect=302",
    401: "Log in with cookies= or headers=, or say that this is expected: expect=401",
    403: "Log in with cookies= or headers=, or say that this is expected: expect=403",
    404: "Is it a path that the site has, with the rows that it needs (djworkers_seed)?",
    405: "method= says how to ask; the default is GET",
    429: "The site limits how often it may be asked: turn that off for load tests",
}


def kinds_of(result: BurstResult) -> dict[str, int]:
    """How many errors there were by status or kind, the most frequent first."""
    kinds = {
        f"status {status}": count
        for status, count in (result.statuses or {}).items()
        if not result.profile.request.expects(status)
    }
    if result.statuses is None and result.unexpected:
        kinds["status 400 or above"] = result.unexpected
    if result.wrong_bodies:
        kinds["wrong body"] = result.wrong_bodies
    kinds.update(result.error_kinds)
    return dict(sorted(kinds.items(), key=lambda kind: -kind[1]))


def in_words(kinds: dict[str, int]) -> str:
    """The kinds in words, the rest of many as one."""
    words = [f"{count:,} {kind}" for kind, count in kinds.items()]
    if len(words) > _MOST_KINDS:
        others = sum(list(kinds.values())[_MOST_KINDS:])
        words[_MOST_KINDS:] = [f"{others:,} of other kinds"]
    return ", ".join(words)


def why_nothing_expected(result: BurstResult, log_says: str = "") -> str:
    """Why a burst had no expected response, in lines; empty where it had one.

    ``log_says`` is what Django refused first, as the server's log says it.
    """
    if result.has_expected:
        return ""
    request, kinds = result.profile.request, kinds_of(result)
    if result.unanswered:
        kinds["never answered"] = result.unanswered
    wanted = f"a {request.expected}" + (" with the right body" if request.contains else "")
    if not kinds:
        return (
            f"no expected response: none of {result.connections.requested:,} connections got a"
            f" response in {format_duration(result.window_s)}. Is the view slower than that? Ask"
            " for a longer burst, with duration="
        )
    lines = [f"no expected response, and {wanted} was wanted: {in_words(kinds)}"]
    lines.extend(_first(result))
    if log_says:
        lines.append(f"the server's log: {log_says}")
    lines.extend(_means(result, log_says))
    return "\n    ".join(lines)


def _first(result: BurstResult) -> list[str]:
    """The first unexpected response, in a line."""
    first = result.first_unexpected
    if first is None:
        if result.unexpected and result.generator.name == WRK:
            return ["wrk keeps no response: --djworkers-generator=asyncio shows the first"]
        return []
    where = f" to {first.location[:_SHOWN]}" if first.location else ""
    said = f": {first.text[:_SHOWN]}" if first.text else ", without a body"
    return [f"the first: {first.status} {_phrase(first.status)}{where}{said}"]


def _means(result: BurstResult, log_says: str) -> list[str]:
    """What to do about it, where that is known."""
    first = result.first_unexpected
    if first is None:
        return []
    if first.status == HTTPStatus.FORBIDDEN and _CSRF in f"{first.text} {log_says}".lower():
        return [_CSRF_MEANS]
    if result.profile.request.expects(first.status):
        return [_BODY_MEANS]
    means = _MEANS.get(first.status)
    return [] if means is None else [means]


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(a status of nobody's)"
