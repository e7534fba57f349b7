"""Arguments that ``burst()`` does not have are errors that say what to write instead."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys

import pytest

from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.fixtures import burst
from pytest_djworkers.options import SHAPE_OPTIONS
from pytest_djworkers.request.build import ARGUMENTS, make_draft
from pytest_djworkers.request.unknown_arguments import header_of_wsgi_name, refuse_unknown
from pytest_djworkers.run.burst import Burst
from pytest_djworkers.users.wanted import USER_ARGUMENTS

KNOWN = (*ARGUMENTS, *USER_ARGUMENTS, "name", *SHAPE_OPTIONS)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "data",
            "data= is an argument of Django's test client and requests: here a form is form=",
        ),
        ("url", "here the path comes first, without a name: burst('/path')"),
        ("requests", "a burst has a length instead: duration='10s'"),
        ("params", "params= is an argument of requests: here it is query="),
        ("content_type", "here it is a header, as it is sent: headers={'Content-Type': ...}"),
        ("HTTP_X_CSRFTOKEN", "as it is sent: headers={'X-Csrftoken': ...}"),
        ("follow", "a burst follows no redirects: name the path that it leads to, or expect the"),
        ("verify", "here certificates are always verified: that of --djworkers-url must be"),
        ("secure", "here a run is over TLS as a whole, with --djworkers-tls"),
        (
            "conections",
            "burst() has no argument conections=; did you mean connections=? (it has: method, "
            "headers, body, json, form, files, query, cookies, expect, contains, stream, websocket,"
            " user, users, name, connections, duration, timeout, warmup, rate, think)",
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
    own = {"self", "path", "paths", "bodies", "order", "seed", "mix", "stages", "name", "shape"}
    assert set(of_burst) == {*own, *ARGUMENTS, *USER_ARGUMENTS}
    assert set(inspect.signature(make_draft).parameters) == {"path", *ARGUMENTS}


def test_the_help_of_the_fixture_names_all_arguments() -> None:
    listed = re.findall(r"\w+", (burst.__doc__ or "").partition("Arguments:")[2])
    of_burst = set(inspect.signature(Burst.__call__).parameters) - {"self", "path", "shape"}
    assert sorted(listed) == sorted({*of_burst, *SHAPE_OPTIONS})


UPLOAD = """
import io

from django.conf import settings
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from pytest_djworkers.request.build import make_request

settings.configure()
open_file = io.BytesIO(b"contents")
open_file.name = "a.txt"
body = encode_multipart(BOUNDARY, {'name': open_file})
request = make_request("/", "POST", body=body, headers={'Content-Type': MULTIPART_CONTENT})
assert b'name="name"; filename="a.txt"' in request.encode("localhost")
"""


def test_a_form_with_files_is_made_as_the_error_says() -> None:
    # In a process of its own, since it needs settings.
    subprocess.run([sys.executable, "-c", UPLOAD], check=True, timeout=60)


@pytest.mark.parametrize("name", ["X-Http_Y", "Content-Type", "content", "x_y"])
def test_an_ordinary_header_is_not_taken_for_a_wsgi_name(name: str) -> None:
    assert header_of_wsgi_name(name) is None
