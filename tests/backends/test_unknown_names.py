"""An unknown name is answered with the backends that it may stand for."""

from __future__ import annotations

import pytest

from pytest_djworkers.backends.registry import BACKENDS
from pytest_djworkers.backends.unknown_names import explain_unknown

GUNICORN = (
    "'gunicorn-asgi', 'gunicorn-gevent', 'gunicorn-gthread', 'gunicorn-sync' or 'gunicorn-uvicorn'"
)


def hint_for(name: str) -> str:
    """Return what is said between the name and the list of all."""
    before, _, after = explain_unknown(name, BACKENDS).partition(" (known: ")
    assert after == f"{', '.join(sorted(BACKENDS))})"
    return before.removeprefix(f"unknown backend {name!r}")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("grannian", "'granian'"),
        ("Granian", "'granian'"),
        ("gunicorn_gevent", "'gunicorn-gevent'"),
        ("gunicorn+gevent", "'gunicorn-gevent'"),
        ("gunicorn-gevnt", "'gunicorn-gevent'"),
        ("gevent", "'gunicorn-gevent'"),
        ("unicorn", "'uvicorn'"),
        ("gunicorn", GUNICORN),
        ("gunicron", GUNICORN),
        ("asgi", "'granian-asgi' or 'gunicorn-asgi'"),
    ],
)
def test_a_typing_error_has_the_nearest_name_and_a_family_all_of_its_members(
    name: str, nearest: str
) -> None:
    assert hint_for(name) == f"; did you mean {nearest}?"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("django", "; Django's own server is 'runserver'"),
        ("manage.py", "; Django's own server is 'runserver'"),
        ("nginx", "start both, and measure them with --djworkers-url=http://HOST:PORT"),
        ("wrk", "; it is a load generator: --djworkers-generator=wrk"),
    ],
)
def test_another_program_has_what_to_use_for_it(name: str, said: str) -> None:
    assert said in hint_for(name)


@pytest.mark.parametrize("name", ["", "xyz", "all", "test_load.py"])
def test_a_name_like_no_other_has_the_list_only(name: str) -> None:
    assert hint_for(name) == ""
