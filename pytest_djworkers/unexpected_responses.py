"""Explanations of unexpected responses and errors: which ones there were, and what to do."""

from __future__ import annotations

from http import HTTPStatus

from pytest_djworkers.load.facts import ServerFacts
from pytest_djworkers.load.generator_names import WRK
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.server.external import NAME as EXTERNAL
from pytest_djworkers.server.response_advice import advice_on
from pytest_djworkers.units import format_duration

# A line of a failure should fit the eye: four kinds, and the beginning of a body.
_MOST_KINDS = 4
_MOST_CHARACTERS = 300
_UNANSWERED = "without a response"
_BODY_ADVICE = "The status is right, but the body lacks the text of contains="


def kinds_of(result: BurstResult) -> dict[str, int]:
    """Return the number of errors by status or kind, the most frequent first.

    Those of a mix also say which part they are of.
    """
    if result.parts:
        kinds = {
            f"{kind} of {name!r}": count
            for name in result.parts
            for kind, count in kinds_of(result.part(name)).items()
        }
        return dict(sorted(kinds.items(), key=lambda kind: -kind[1]))
    kinds = {
        f"status {status}": count
        for status, count in (result.statuses or {}).items()
        if not result.profile.request.expects(status)
    }
    if result.statuses is None and result.unexpected:
        # wrk counts them, but not by status.
        kinds["status 400 or above"] = result.unexpected
    if result.wrong_bodies:
        kinds["wrong body"] = result.wrong_bodies
    # Failed requests have no status: refused, reset, closed early, ...
    kinds.update(result.error_kinds)
    return dict(sorted(kinds.items(), key=lambda kind: -kind[1]))


def in_words(kinds: dict[str, int]) -> str:
    """Return the kinds of errors as text, with the less frequent of many taken together."""
    words = [f"{count:,} {kind}" for kind, count in kinds.items()]
    if len(words) > _MOST_KINDS:
        others = sum(list(kinds.values())[_MOST_KINDS:])
        words[_MOST_KINDS:] = [f"{others:,} of other kinds"]
    return ", ".join(words)


def why_nothing_expected(result: BurstResult, first_refusal: str = "") -> str:
    """Return why a burst had no expected response, in lines; empty if it had one.

    ``first_refusal`` is what the server's log says about the first request that Django refused.
    """
    if result.has_expected:
        return ""
    request, kinds = result.profile.request, kinds_of(result)
    if result.unanswered:
        kinds[_UNANSWERED] = result.unanswered
    # No response and no error: the burst ended too early to tell.
    if kinds.keys() <= {_UNANSWERED}:
        return (
            f"no expected response: none of {result.connections.requested:,} connections got a"
            f" response in {format_duration(result.window_s)}. Does the view take longer than that,"
            " with so many connections? Ask for a longer burst with duration=, or for fewer"
            " connections with connections="
        )
    body = " with the right body" if request.contains else ""
    lines = [
        f"no expected response ({request.expected}{body}): {in_words(kinds)}",
        *first_response(result),
        *([f"the server's log: {first_refusal}"] if first_refusal else []),
        *what_to_do(result, first_refusal),
    ]
    return "\n    ".join(lines)


def first_response(result: BurstResult) -> list[str]:
    """Return the first unexpected response in a line; empty if it is not known.

    Of a mix, it is that of the first part that has one.
    """
    of = _of_first(result)
    first = of.first_unexpected
    if first is None:
        if result.unexpected and result.generator.name == WRK:
            return ["wrk keeps no response: --djworkers-generator=asyncio shows the first one"]
        return []
    target = f" to {first.location[:_MOST_CHARACTERS]}" if first.location else ""
    body = f": {first.text[:_MOST_CHARACTERS]}" if first.text else ", without a body"
    whose = f" to {of.name!r}" if result.parts else ""
    return [f"the first response{whose}: {first.status} {_phrase(first.status)}{target}{body}"]


def what_to_do(result: BurstResult, first_refusal: str = "") -> list[str]:
    """Return what to do about the first unexpected response, if that is known."""
    result = _of_first(result)
    first = result.first_unexpected
    if first is None:
        return []
    if result.profile.request.expects(first.status):
        return [_BODY_ADVICE]
    advice = advice_on(
        result.profile.request,
        first.status,
        location=first.location,
        said=f"{first.text} {first_refusal}",
        is_ours=result.server is None or result.server.backend != EXTERNAL,
        is_tls=result.server is not None and _is_tls(result.server),
    )
    return [advice] if advice else []


def _is_tls(server: ServerFacts) -> bool:
    """Return True if load reached the server over TLS."""
    options = server.options
    return "tls" in options or str(options.get("url", "")).startswith("https://")


def _of_first(result: BurstResult) -> BurstResult:
    """Return the part of a mix that its first unexpected response is of; else the result."""
    parts = (result.part(name) for name in result.parts)
    return next((part for part in parts if part.first_unexpected is not None), result)


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "(not a registered status)"
