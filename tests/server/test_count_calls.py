"""Real servers count the calls of their requests: the same number in every launch."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.backends.registry import BUILT_IN
from pytest_djworkers.load.profile import Part, Profile, SentRequest, Shape
from pytest_djworkers.server import count_calls as module
from pytest_djworkers.server.call_counts import CallCounts
from pytest_djworkers.server.count_calls import UNSAFE_REQUESTS, count_calls
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.server.sample_sender import NoSampleError
from pytest_djworkers.server.server import Server
from tests.support.launches import MakeServer
from tests.support.matrix import with_more_in_matrix

VIEWS = """
import asyncio
import threading
from itertools import count

from django.http import HttpResponse, StreamingHttpResponse
from django.urls import path


def step(number):
    return number + 1


def steps(request):
    for number in range(int(request.GET.get("n", "200"))):
        step(number)
    return HttpResponse(status=201 if request.method == "POST" else 200)


async def in_tasks(request):
    async def one(number):
        await asyncio.sleep(0)
        return step(number)

    await asyncio.gather(*map(one, range(20)))
    return HttpResponse()


def in_threads(request):
    threads = [threading.Thread(target=step, args=(1,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return HttpResponse()


def stream(request):
    return StreamingHttpResponse(str(step(number)) for number in range(20))


requests = count()


def now_and_then(request):
    for number in range(100 * (next(requests) % 2)):
        step(number)
    return HttpResponse()


VIEWS = [steps, in_tasks, in_threads, stream, now_and_then]
urlpatterns = [path(view.__name__, view) for view in VIEWS]
"""
OTHER_APPLICATION = """
def application(environ, start_response):
    start_response("200 OK", [("Content-Length", "0")])
    return [b""]
"""


@pytest.fixture
def counting(folder: Path, make_server: MakeServer, request: pytest.FixtureRequest) -> Server:
    """A server that counts, of the backend that is the test's parameter, or granian."""
    (folder / "site_urls.py").write_text(VIEWS)
    backend = BUILT_IN.find(getattr(request, "param", "granian"))
    return make_server(backend, counts_calls=True)


def counts_of(
    server: Server, *variants: SentRequest, requests: int = 8, launch: bool = True
) -> CallCounts:
    """Return the counts of the variants of a request. A test needs no fifty requests."""
    if launch:
        server.launch(BurstNeeds(8, SentRequest("/steps")))
    profile = Profile.of_parts("all", (Part("all", variants),), Shape(timeout_s=20.0))
    return count_calls(server, profile, requests)


def calls_of(counts: CallCounts, name: str) -> float:
    return sum(one.calls for one in counts.functions if one.name == name)


@pytest.mark.parametrize(
    ("counting", "path", "steps"),
    with_more_in_matrix(
        [("granian", "/steps", 200), ("uvicorn", "/in_tasks", 20)],
        [
            (backend, path, steps)
            for backend in ("granian", "granian-asgi", "gunicorn-gevent", "uvicorn", "waitress")
            for path, steps in (
                ("/steps", 200),
                ("/in_tasks", 20),
                ("/in_threads", 3),
                ("/stream", 20),
            )
        ],
    ),
    indirect=["counting"],
)
def test_each_launch_counts_the_same(counting: Server, path: str, steps: int) -> None:
    first, second = (counts_of(counting, SentRequest(path)) for _ in range(2))
    assert first.calls.median == second.calls.median
    assert first.functions == second.functions
    assert calls_of(first, "step") == steps
    assert first.calls.median < 2000
    assert first.memory is not None
    assert first.memory.median > 100
    assert first.calls.requests == 8


def test_the_variants_of_a_request_have_a_mean(counting: Server) -> None:
    found = counts_of(counting, *(SentRequest(f"/steps?n={number}") for number in (10, 20, 60)))
    assert calls_of(found, "step") == 30
    assert found.calls.low == found.calls.high
    assert found.calls.requests == 3 * module._LEAST_ROUNDS


def test_few_requests_change_data(counting: Server) -> None:
    found = counts_of(counting, SentRequest("/steps", method="POST"), requests=50)
    assert found.calls.requests == UNSAFE_REQUESTS


def test_a_slow_view_is_counted_in_few_requests(
    counting: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WITHIN_S", 0.0)
    assert counts_of(counting, SentRequest("/steps")).calls.requests == 3


def test_a_number_that_changes_has_a_spread(
    counting: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    # With a memory request now and then, a request in two would not be one of each kind.
    monkeypatch.setattr(module, "_MEMORY_EVERY", 1000)
    found = counts_of(counting, SentRequest("/now_and_then")).calls
    assert found.high - found.low == 100


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (SentRequest("/missing"), "a sample request returned 404, expected 2xx"),
        (SentRequest("/stream", stream_s=1.0), "a stream is not read to its end"),
        (SentRequest("/steps", websocket="text"), "the messages of a WebSocket are no requests"),
    ],
)
def test_requests_that_cannot_be_counted_say_why(
    counting: Server, request_: SentRequest, reason: str
) -> None:
    with pytest.raises(NoSampleError, match=reason):
        counts_of(counting, request_)


def test_another_process_ends_the_counting(folder: Path, make_server: MakeServer) -> None:
    (folder / "site_urls.py").write_text(VIEWS)
    server = make_server(BUILT_IN.find("granian"), workers=2, counts_calls=True)
    server.launch(BurstNeeds(8, SentRequest("/steps")))
    elsewhere = SentRequest("/steps", headers=(("Connection", "close"),))
    # The kernel chooses the worker of each connection.
    with pytest.raises(NoSampleError, match="another process took the place"):
        counts_of(server, elsewhere, requests=50, launch=False)


def test_an_application_that_is_not_djangos_is_not_counted(
    folder: Path, make_server: MakeServer
) -> None:
    (folder / "other_wsgi.py").write_text(OTHER_APPLICATION)
    server = make_server(
        BUILT_IN.find("granian"), counts_calls=True, application="other_wsgi:application"
    )
    with pytest.raises(NoSampleError, match="the server didn't count"):
        counts_of(server, SentRequest("/steps"))
