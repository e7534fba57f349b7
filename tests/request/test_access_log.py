"""Access logs: their formats, and what becomes a part of a mix."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_djworkers.request.access_log import LeftOut, LoggedPart, read_access_log
from pytest_djworkers.request.build import make_request
from pytest_djworkers.request.similar_paths import groups_of
from tests.support.access_logs import COMBINED


def parts_of(*requests: tuple[str, int]) -> list[LoggedPart]:
    """Return the parts of a log in the combined format, of requests with their statuses."""
    lines = [COMBINED.format(request, status) for request, status in requests]
    return list(read_access_log(lines, most_parts=100).parts)


@pytest.mark.parametrize(
    "line",
    [
        COMBINED.format("GET /book?id=1 HTTP/1.1", 200),
        '127.0.0.1 - alice [10/Oct/2026:13:55:36 +0000] "GET /book?id=1 HTTP/1.0" 200 2326',
        '::1 - - [10/Oct/2026:13:55:36] "GET /book?id=1 HTTP/1.1" 200 17 "-" "curl/8" 1234',
        'INFO:     127.0.0.1:52342 - "GET /book?id=1 HTTP/1.1" 200 OK',
        '[2026-10-10 13:55:36 +0000] 127.0.0.1 - "GET /book?id=1 HTTP/1.1" 200 12.3',
        '127.0.0.1:52342 - - [10/Oct/2026:13:55:36] "GET /book?id=1" 200 2326',
        COMBINED.format("GET http://example.com/book?id=1 HTTP/1.1", 200),
        COMBINED.format("GET /book?id=1#top HTTP/2.0", 304),
    ],
    ids=["nginx", "common", "gunicorn", "uvicorn", "granian", "daphne", "proxy", "not modified"],
)
def test_the_formats_of_servers_are_read(line: str) -> None:
    (part,) = read_access_log([line], most_parts=1).parts
    assert part == LoggedPart("GET", "/book", ("/book?id=1",), 1)
    assert part.name == "GET /book"


def test_what_cannot_be_replayed_is_left_out_and_counted() -> None:
    requests = [
        ("POST /cart HTTP/1.1", 302),
        ("GET /old HTTP/1.1", 301),
        ("GET /gone HTTP/1.1", 404),
        ("GET /fails HTTP/1.1", 500),
        ("GET /chat HTTP/1.1", 101),
        ("GET /static/site.css HTTP/1.1", 200),
        ("OPTIONS * HTTP/1.1", 200),
        ("GET /rare HTTP/1.1", 200),
        *[("GET /often HTTP/1.1", 200), ("HEAD /often HTTP/1.1", 200)] * 2,
    ]
    lines = [*(COMBINED.format(*one) for one in requests), "", "no request\n", '"\\x16\\x03" 400 0']
    mix = read_access_log(lines, most_parts=2, excluded=["/static/"])
    assert [(part.name, part.requests) for part in mix.parts] == [
        ("GET /often", 2),
        ("HEAD /often", 2),
    ]
    assert mix.left_out == {
        LeftOut.UNREADABLE: 3,
        LeftOut.METHOD: 1,
        LeftOut.REDIRECT: 1,
        LeftOut.ERROR: 2,
        LeftOut.OTHER_STATUS: 1,
        LeftOut.EXCLUDED: 1,
        LeftOut.RARE: 1,
    }
    assert mix.requests + sum(mix.left_out.values()) == len(lines) - 1


def test_escaped_and_foreign_characters_can_be_sent() -> None:
    (nginx, apache, foreign) = parts_of(
        *[("GET /a\\x22b\\xC3\\xA9 HTTP/1.1", 200)] * 3,
        *[('GET /c\\"d HTTP/1.1', 200)] * 2,
        ("GET /é HTTP/1.1", 200),
    )
    assert nginx.paths == ("/a%22b%C3%A9",)
    assert apache.paths == ('/c"d',)
    assert foreign.paths == ("/%C3%A9",)


def test_keys_of_rows_are_one_part_and_names_of_views_are_not() -> None:
    uuid = "0b6d3a52-8a0b-4f0e-9a51-3a8a5c1f2d{:02d}"
    targets = {
        **{f"/book/{number}/edit": 5 for number in range(3)},
        **{f"/order/{uuid.format(number)}": 5 for number in range(3)},
        **{f"/file/{number:07d}a": 5 for number in range(3)},
        "/book/new": 50,
        "/face/decades": 30,
        "/": 900,
    }
    groups = {pattern: sum(found.values()) for pattern, found in groups_of(targets).items()}
    assert groups == {
        "/book/{}/edit": 15,
        "/order/{}": 15,
        "/file/{}": 15,
        "/book/new": 50,
        "/face/decades": 30,
        "/": 900,
    }


def test_many_rare_names_in_one_place_are_those_of_rows_but_not_at_the_top() -> None:
    slugs = {f"/blog/{letter * 3}": 1 for letter in "abcdefghij"}
    pages = {f"/{letter * 3}": 1 for letter in "abcdefghij"}
    groups = groups_of({**slugs, **pages, "/blog/": 40, "/blog/archive": 60, "/": 5000})
    assert groups["/blog/{}"] == slugs
    assert {"/blog/", "/blog/archive"} < set(groups)
    assert set(pages) < set(groups)
    few = groups_of({**dict(list(slugs.items())[1:]), "/": 5000})
    assert "/blog/{}" not in few


def test_the_examples_of_a_part_come_as_often_as_in_the_log() -> None:
    (part,) = parts_of(
        *[("GET /book/1 HTTP/1.1", 200)] * 3_000, *[("GET /book/2 HTTP/1.1", 200)] * 1_000
    )
    assert Counter(part.paths) == {"/book/1": 3, "/book/2": 1}
    (few,) = parts_of(("GET /book/1 HTTP/1.1", 200), ("GET /book/2 HTTP/1.1", 200))
    assert few.paths == ("/book/1", "/book/2")


def test_a_path_of_endless_segments_is_read() -> None:
    (part,) = parts_of((f"GET {'/a' * 5_000} HTTP/1.1", 200))
    assert part.pattern == "/a" * 5_000


@given(
    st.lists(
        st.one_of(
            st.text(),
            st.builds(
                COMBINED.format,
                st.builds("{} {} HTTP/1.1".format, st.sampled_from(["GET", "POST"]), st.text()),
                st.sampled_from([200, 204, 302, 304, 404]),
            ),
            st.builds("GET /{}".format, st.text()).map(lambda one: COMBINED.format(one, 200)),
        )
    )
)
def test_any_log_gives_requests_that_can_be_sent(lines: list[str]) -> None:
    mix = read_access_log(lines, most_parts=5)
    assert mix.requests + sum(mix.left_out.values()) == sum(bool(one.strip()) for one in lines)
    for part in mix.parts:
        assert 1 <= len(part.paths) <= part.requests
        for path in part.paths:
            assert make_request(path, part.method).path == path
