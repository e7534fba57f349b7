"""The message of ``websocket=``, and the servers that it can be sent to."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from pytest_djworkers.backends.registry import BACKENDS
from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.load.profile import SentRequest, Shape
from pytest_djworkers.request.asked import Request
from pytest_djworkers.request.plan import plan_burst
from pytest_djworkers.request.websocket import refuse_without_asgi, websocket_request

HELLO = SentRequest("/ws", body=b"hello", expect=(101,), websocket="text")


def test_a_missing_package_is_said_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(BurstArgumentError, match=r"pip install 'pytest-djworkers\[websockets\]'"):
        websocket_request("/ws", "hello", (), b"")


def test_servers_for_wsgi_have_no_websockets() -> None:
    refuse_without_asgi(HELLO, BACKENDS["uvicorn"])
    refuse_without_asgi(SentRequest("/"), BACKENDS["granian"])
    with pytest.raises(BurstArgumentError, match=r"granian is a WSGI server.*\(uvicorn, .*daphne"):
        refuse_without_asgi(HELLO, BACKENDS["granian"])


@pytest.mark.parametrize("argument", [{"paths": ["/a", "/b"]}, {"path": "/", "bodies": ["a", "b"]}])
def test_it_is_one_message(argument: dict[str, object]) -> None:
    asked = Request(websocket="hello", **argument)  # type: ignore[arg-type]  # one of several
    with pytest.raises(BurstArgumentError, match=r"^websocket= is one message"):
        plan_burst(asked, None, shape=Shape(), seed=0, taken=(), users=None, root=Path())


def test_it_is_no_part_of_a_mix() -> None:
    mix = {"/": 3, Request("/ws", websocket="hello"): 1}
    with pytest.raises(BurstArgumentError, match=r"^mix=: a WebSocket can't be a part of a mix"):
        plan_burst(Request(), mix, shape=Shape(), seed=0, taken=(), users=None, root=Path())
