"""Responses of two arms that differ, in words."""

from __future__ import annotations

import pytest

from pytest_djworkers.compare.same_work import Responses, describe_difference

HTML = "text/html; charset=utf-8"


def responses(size: int = 12_400, status: int = 200, content_type: str = HTML) -> Responses:
    """Return a hundred responses of one kind."""
    return Responses({status: 100}, content_type, {size: 100})


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (responses(), ""),
        (responses(12_400 * 91 // 100), ""),
        (responses(13_700), ""),
        (responses(content_type="text/html"), ""),
        (responses(300), "12.4kB against 300B"),
        (responses(0, 204), "status 200 against 204, 12.4kB against 0B"),
        (responses(content_type="text/plain"), "text/html against text/plain"),
        (responses(content_type=""), "text/html against no type"),
        # All errors: those speak for themselves.
        (Responses({}, HTML, {}), ""),
        (Responses({500: 9}, HTML, {}), "status 200 against 500"),
    ],
)
def test_a_difference_is_said_in_words(head: Responses, words: str) -> None:
    said = describe_difference(responses(), head)
    assert said == (f"responses differ: {words}" if words else "")


def test_an_error_page_now_and_then_is_a_small_difference() -> None:
    head = Responses({200: 100}, HTML, {12_400: 98, 300: 2})
    assert describe_difference(responses(), head) == ""


def test_the_responses_of_all_launches_are_one_sum() -> None:
    both = Responses.sum([responses(100), responses(300, 302)])
    assert both.body_bytes == 200
    assert both.statuses == {200: 100, 302: 100}
