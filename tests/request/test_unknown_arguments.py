"""Arguments that ``burst()`` does not have are errors that say what to write instead."""

from __future__ import annotations

import inspect

import pytest

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.options import SHAPE_OPTIONS
from pytest_djworkers.request.build import ARGUMENTS, make_request
from pytest_djworkers.request.unknown_arguments import header_of_wsgi_name, refuse_unknown
from pytest_djworkers.run.burst import Burst

KNOWN = (*ARGUMENTS, "name", *SHAPE_OPTIONS)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "data",
            "data= is an argument of Django's test client and requests: here body= takes bytes",
        ),
        ("params", "params= is an argument of requests: here it is query="),
        ("content_type", "here it is a header, as it is sent: headers={'Content-Type': ...}"),
        ("HTTP_X_CSRFTOKEN", "as it is sent: headers={'X-Csrftoken': ...}"),
        ("follow", "a burst follows no redirects: name the path that it leads to, or expect the"),
        ("secure", "a burst is fired in plain HTTP"),
        (
            "conections",
            "burst() has no argument conections=; did you mean connections=? (it has: method, "
            "headers, body, json, query, cookies, expect, contains, name, connections, duration,"
            " timeout, warmup, rate)",
        ),
        ("header", "did you mean headers=?"),
        ("x", "burst() has no argument x= (it has: method, "),
    ],
)
def test_an_unknown_argument_is_an_error_that_says_what_to_write(name: str, said: str) -> None:
    with pytest.raises(BurstArgumentError) as refusal:
        refuse_unknown(["method", name], KNOWN)
    assert said in str(refusal.value)


def test_the_known_arguments_are_those_of_burst() -> None:
    refuse_unknown(KNOWN, KNOWN)
    of_burst = inspect.signature(Burst.__call__).parameters
    assert set(of_burst) == {"self", "path", "name", "shape", *ARGUMENTS}
    assert set(inspect.signature(make_request).parameters) == {"path", *ARGUMENTS}


@pytest.mark.parametrize("name", ["X-Http_Y", "Content-Type", "content", "x_y"])
def test_an_ordinary_header_is_not_taken_for_a_wsgi_name(name: str) -> None:
    assert header_of_wsgi_name(name) is None
