"""Explanations of unexpected responses, from results made by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pytest_djworkers.load.facts import ServerFacts
from pytest_djworkers.load.profile import SentRequest
from pytest_djworkers.load.response_excerpt import ResponseExcerpt
from pytest_djworkers.load.result import BurstResult
from pytest_djworkers.unexpected_responses import in_words, kinds_of, why_nothing_expected
from tests.support.results import RESULT, WRK

NOTHING = replace(RESULT, ok=0, late=0, in_flight=8, statuses={})
REFUSED = ResponseExcerpt(403, text="CSRF verification failed. Request aborted.")


def came(status: int, **first: Any) -> BurstResult:
    """A burst that got this status for each of 2,966 requests."""
    excerpt = ResponseExcerpt(status, **first)
    return replace(NOTHING, unexpected=2966, statuses={status: 2966}, first_unexpected=excerpt)


def test_a_burst_with_an_expected_response_has_nothing_to_explain() -> None:
    late = replace(came(500), late=1)
    assert why_nothing_expected(RESULT) == why_nothing_expected(late) == ""


NOTHING_CAME = (
    "no expected response: none of 8 connections got a response in 10s. Does the view take longer"
    " than that, with so many connections? Ask for a longer burst with duration=, or for fewer"
    " connections with connections="
)


@pytest.mark.parametrize(
    ("result", "first_refusal", "lines"),
    [
        (
            came(500, text="Server Error (500)"),
            "Forbidden (no reason): /",
            [
                "no expected response (2xx): 2,966 status 500",
                "    the first response: 500 Internal Server Error: Server Error (500)",
                "    the server's log: Forbidden (no reason): /",
            ],
        ),
        (
            came(403, text=REFUSED.text),
            "",
            [
                "no expected response (2xx): 2,966 status 403",
                "    the first response: 403 Forbidden: CSRF verification failed. Request aborted.",
                '    Django refuses the request because it has no CSRF token. *token = "a" [*] 32*',
            ],
        ),
        (
            came(403, text="a page of the team's own"),
            "Forbidden (CSRF cookie not set.): /",
            ["*", "*", "*", "    Django refuses the request because it has no CSRF token.*"],
        ),
        (
            came(403),
            "",
            [
                "*",
                "    the first response: 403 Forbidden, without a body",
                "    Log in: burst(..., user=*",
            ],
        ),
        (
            came(302, location="/login/"),
            "",
            ["*", "    the first response: 302 Found to /login/, without a body", "*expect=302"],
        ),
        (
            came(301, location="https://127.0.0.1:8000/json"),
            "",
            ["*", "*301 Moved Permanently*", "    The site redirects HTTP to HTTPS, *"],
        ),
        (
            came(404),
            "",
            ["*", "    the first response: 404 Not Found, *", "*the rows that it*djworkers_seed*"],
        ),
        (
            replace(
                came(200, text="another"),
                wrong_bodies=2966,
                profile=replace(RESULT.profile, request=SentRequest("/", contains=b"x")),
            ),
            "",
            [
                "no expected response (2xx with the right body): 2,966 wrong body",
                "    the first response: 200 OK: another",
                "    The status is right, but the body lacks the text of contains=",
            ],
        ),
        (
            came(799),
            "",
            ["*799", "    the first response: 799 (not a registered status), without a body"],
        ),
        (
            replace(WRK, ok=0, late=0, unexpected=7),
            "",
            [
                "*: 7 status 400 or above",
                "    wrk keeps no response: --djworkers-generator=asyncio shows the first one",
            ],
        ),
        (
            replace(NOTHING, error=9, error_kinds={"refused": 9}, unanswered=2),
            "",
            ["no expected response (2xx): 9 refused, 2 without a response"],
        ),
        (NOTHING, "", [NOTHING_CAME]),
        (replace(NOTHING, unanswered=8), "", [NOTHING_CAME]),
    ],
)
def test_a_burst_without_an_expected_response_is_explained(
    result: BurstResult, first_refusal: str, lines: list[str]
) -> None:
    said = why_nothing_expected(result, first_refusal).split("\n")
    assert len(said) == len(lines)
    pytest.LineMatcher(said).fnmatch_lines(lines, consecutive=True)


@pytest.mark.parametrize("options", [{"tls": True}, {"url": "https://127.0.0.1:8000"}])
def test_a_burst_over_tls_is_not_told_to_use_tls(options: dict[str, bool | str]) -> None:
    redirected = came(301, location="https://www.shop.example/json")
    assert "--djworkers-tls" in why_nothing_expected(redirected)
    over_tls = replace(redirected, server=ServerFacts("granian", "2", 1, options, 0.5))
    assert "--djworkers-tls" not in why_nothing_expected(over_tls)


def test_only_the_beginning_of_a_body_is_shown() -> None:
    assert len(why_nothing_expected(came(500, text="x" * 1000, location="y" * 1000))) < 800


def test_the_most_frequent_kinds_come_first_and_the_others_are_taken_together() -> None:
    statuses = {200: 1, 500: 3, 502: 7, 503: 2}
    result = replace(RESULT, unexpected=12, statuses=statuses, error_kinds={"reset": 9, "x": 1})
    assert in_words(kinds_of(result)) == (
        "9 reset, 7 status 502, 3 status 500, 2 status 503, 1 of other kinds"
    )
    assert in_words(kinds_of(RESULT)) == ""
