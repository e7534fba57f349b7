"""Real servers count the queries of sample requests, and keep nothing of the counting."""

from __future__ import annotations

import json
import sqlite3
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pytest_djworkers.backends.granian import Granian
from pytest_djworkers.backends.registry import BUILT_IN
from pytest_djworkers.entry.brief import DatabaseTarget
from pytest_djworkers.entry.sampling import HEADER
from pytest_djworkers.load.profile import Part, Profile, SentRequest, Shape
from pytest_djworkers.load.queries import QueryFigures
from pytest_djworkers.server import sample_requests as module
from pytest_djworkers.server.protocol import BurstNeeds
from pytest_djworkers.server.sample_requests import (
    SAFE_SAMPLES,
    UNSAFE_SAMPLES,
    sample_queries,
)
from pytest_djworkers.server.sampled_queries import SampledQueries
from pytest_djworkers.server.server import Server
from tests.support.launches import MakeServer

TYPES = 12
DATABASES = {"default": DatabaseTarget("test.sqlite3"), "other": DatabaseTarget("other.sqlite3")}
SECRET = "parameter-9375"
SETTINGS = """
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": ["."]}]
DATABASES["other"] = {"ENGINE": "django.db.backends.sqlite3", "NAME": "real.sqlite3"}
"""
TEMPLATE = """
{% for one in querysets %}
    {{ one.count }}
{% endfor %}
"""
VIEWS = """
import gc
import time

from django.contrib.contenttypes.models import ContentType
from django.core.handlers.base import BaseHandler
from django.db import connection, connections, transaction
from django.db.backends.utils import CursorWrapper
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import path


def n_plus_one(request):
    keys = list(ContentType.objects.values_list("pk", flat=True))
    seen = [ContentType.objects.get(pk=key).model for key in keys]  # repeated
    return HttpResponse(seen)


async def in_a_coroutine(request):
    keys = [key async for key in ContentType.objects.values_list("pk", flat=True)]
    for key in keys:
        await ContentType.objects.aget(pk=key)  # awaited
    return HttpResponse()


def template(request):
    return render(request, "types.html", {"querysets": [ContentType.objects.all()] * 3})


def stream(request):
    def pieces():
        for _ in range(4):
            yield str(ContentType.objects.count())  # streamed

    return StreamingHttpResponse(pieces())


def two_aliases(request):
    with connections["other"].cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS notes (text varchar(100))")
        cursor.executemany("INSERT INTO notes VALUES (%s)", [["parameter-9375"], ["b"]])
    ContentType.objects.filter(model="parameter-9375").first()
    return HttpResponse()


def add(request):
    with transaction.atomic():  # begins by a statement of Django's, in SQLite alone
        ContentType.objects.create(app_label="added", model=str(time.monotonic_ns()))
    return HttpResponse(status=201)


def slow(request):
    time.sleep(1.1)
    return n_plus_one(request)


def headers(request):
    scope = dict(getattr(request, "scope", {}).get("headers", []))
    seen = [*request.META, *request.headers, *(name.decode() for name in scope)]
    status = 500 if any("sample" in name.lower() for name in seen) else 200
    return HttpResponse(status=status)


def left(request):
    handlers = [one for one in gc.get_objects() if isinstance(one, BaseHandler)]
    parts = [
        *(one._middleware_chain for one in handlers),
        BaseHandler.load_middleware,
        CursorWrapper._execute_with_wrappers,
    ]
    files = [getattr(one, "__func__", one).__code__.co_filename for one in parts]
    wrappers = [one.__name__ for one in connection.execute_wrappers]
    sent = [name for name in request.META if "SAMPLE" in name]
    return JsonResponse({"files": files, "wrappers": wrappers, "sent": sent})


VIEWS = [n_plus_one, in_a_coroutine, template, stream, two_aliases, add, slow, headers, left]
urlpatterns = [path(view.__name__, view) for view in VIEWS]
"""


@pytest.fixture
def site(folder: Path) -> Path:
    """The folder of the site, whose database has some rows."""
    with (folder / "site_settings.py").open("a") as file:
        file.write(SETTINGS)
    (folder / "site_urls.py").write_text(VIEWS)
    (folder / "types.html").write_text(TEMPLATE.lstrip())
    with closing(sqlite3.connect(folder / "test.sqlite3")) as database, database:
        database.execute(
            "CREATE TABLE django_content_type (id integer primary key, app_label, model)"
        )
        rows = [(f"app{number}", "model") for number in range(TYPES)]
        database.executemany(
            "INSERT INTO django_content_type (app_label, model) VALUES (?, ?)", rows
        )
    return folder


@pytest.fixture
def counting(site: Path, make_server: MakeServer, request: pytest.FixtureRequest) -> Server:
    """A server that counts, of the backend that is the test's parameter, or granian."""
    backend = BUILT_IN.find(getattr(request, "param", "granian"))
    return make_server(backend, databases=DATABASES, counts_queries=True)


def needs_of(path: str) -> BurstNeeds:
    return BurstNeeds(8, SentRequest(path), samples=True)


def launched(server: Server, path: str = "/n_plus_one") -> Server:
    server.launch(needs_of(path))
    return server


def sampled(
    server: Server,
    folder: Path,
    *requests: SentRequest,
    probed: str = "",
    timeout_s: float = 10.0,
    needed: bool = True,
) -> SampledQueries:
    """Take the samples of a burst of these variants; ``probed`` is the path of the probe.

    They are ``needed``, so that they may take longer on a busy machine.
    """
    parts = (Part("all", requests),)
    profile = Profile.of_parts("all", parts, Shape(timeout_s=timeout_s))
    needs = needs_of(probed or "/elsewhere")
    (found,) = sample_queries(server, profile, needs, roots=(folder,), needed=needed).values()
    return found


def figures(server: Server, folder: Path, path: str) -> QueryFigures:
    found = sampled(server, folder, SentRequest(path))
    assert found.figures is not None, found
    return found.figures


def place(text: str) -> str:
    """The place of the line of the site with this text."""
    lines = VIEWS.splitlines()
    (number,) = (number for number, line in enumerate(lines, 1) if text in line)
    return f"site_urls.py:{number}"


def left(server: Server, **headers: str) -> dict[str, Any]:
    """Return the traces of the counting that a plain request sees."""
    request = urllib.request.Request(f"{server.url}/left", headers=headers)
    with urllib.request.urlopen(request, timeout=10) as response:
        seen: dict[str, Any] = json.load(response)
    return seen


def is_gone(seen: dict[str, Any]) -> bool:
    return not any("pytest_djworkers" in file for file in seen["files"])


@pytest.mark.parametrize(
    "counting",
    ["granian", "gunicorn-gthread", "gunicorn-gevent", "uvicorn"],
    indirect=True,
)
def test_queries_are_counted_until_the_first_plain_request(counting: Server, folder: Path) -> None:
    server = launched(counting)
    plain = figures(server, folder, "/n_plus_one")
    assert (plain.count, plain.duplicates, plain.by_alias) == (13, 11, {"default": 13})
    assert plain.samples == SAFE_SAMPLES
    assert 0 < plain.time_s < 10
    repeated = plain.repetition
    assert repeated is not None
    assert (repeated.count, repeated.place) == (TYPES, place("# repeated"))
    assert repeated.short == (
        "SELECT … FROM django_content_type WHERE django_content_type.id = ? LIMIT ?"
    )
    streamed = figures(server, folder, "/stream").most_repeated
    assert streamed is not None
    assert (streamed.count, streamed.place) == (4, place("# streamed"))
    rendered = figures(server, folder, "/template").most_repeated
    assert rendered is not None
    assert (rendered.count, rendered.place) == (3, "types.html:2")
    assert figures(server, folder, "/headers").count == 0
    # The first plain request goes through the counting chain, and has put it away by then.
    assert is_gone(left(server))
    # What connection_checks has on each connection to SQLite is not ours to remove.
    assert not {"counted", "execute_with_wrappers"} & set(left(server)["wrappers"])
    assert sampled(server, folder, SentRequest("/n_plus_one")).why_unknown.startswith("the server")


@pytest.mark.parametrize("counting", ["granian", "uvicorn"], indirect=True)
def test_a_coroutine_that_waits_for_a_query_is_its_place(counting: Server, folder: Path) -> None:
    repeated = figures(launched(counting), folder, "/in_a_coroutine").repetition
    assert repeated is not None
    assert (repeated.count, repeated.place) == (TYPES, place("# awaited"))


def test_aliases_and_executemany_are_told_apart_and_parameters_stay_in_the_server(
    counting: Server, folder: Path
) -> None:
    found = figures(launched(counting), folder, "/two_aliases")
    assert found.by_alias == {"other": 2, "default": 1}
    assert {(one.alias, one.many) for one in found.statements} == {
        ("other", False),
        ("other", True),
        ("default", False),
    }
    assert counting.sampling is not None
    samples = list(Path(counting.sampling.folder).iterdir())
    assert samples
    assert not any(SECRET in file.read_text() for file in samples)
    assert {file.stat().st_mode & 0o077 for file in samples} == {0}


def test_a_wrong_token_is_a_plain_request(counting: Server) -> None:
    server = launched(counting)
    assert counting.sampling is not None
    seen = left(server, **{HEADER: f"{counting.sampling.token[:-1]}x-1"})
    assert seen["sent"] == ["HTTP_X_DJWORKERS_SAMPLE"]
    assert [file.name for file in Path(counting.sampling.folder).iterdir()] == ["0.json"]


def test_plain_requests_before_the_samples_leave_the_counting_there(
    counting: Server, folder: Path
) -> None:
    server = launched(counting)
    assert not is_gone(left(server))
    assert figures(server, folder, "/n_plus_one").count == 13
    assert is_gone(left(server))


def test_variants_of_a_request_take_turns(counting: Server, folder: Path) -> None:
    requests = [SentRequest(path) for path in ("/left", "/n_plus_one")]
    found = sampled(launched(counting), folder, *requests).figures
    assert found is not None
    assert (found.count, found.samples) == (13, SAFE_SAMPLES)
    sampling = counting.sampling
    assert sampling is not None
    numbers = sorted(int(file.stem) for file in Path(sampling.folder).glob("*.json"))
    taken = [sampling.read(number) for number in numbers]
    # The first one is that of the probe.
    assert [bool(one and one["queries"]) for one in taken] == [True, *[False, True] * 3]


def test_a_request_that_changes_data_is_sent_three_times(counting: Server, folder: Path) -> None:
    server = launched(counting)
    found = sampled(server, folder, SentRequest("/add", method="POST")).figures
    assert found is not None
    assert (found.count, found.samples) == (1, UNSAFE_SAMPLES)
    with closing(sqlite3.connect(folder / "test.sqlite3")) as database:
        rows = "SELECT count(*) FROM django_content_type WHERE app_label = 'added'"
        assert database.execute(rows).fetchone() == (1 + UNSAFE_SAMPLES,)


def test_a_slow_view_is_known_by_its_probe_alone(counting: Server, folder: Path) -> None:
    server = launched(counting, "/slow")
    slow = SentRequest("/slow")
    found = sampled(server, folder, slow, probed="/slow", needed=False).figures
    assert found is not None
    assert (found.count, found.samples) == (13, 1)


def test_samples_that_a_limit_needs_may_take_longer(
    counting: Server, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WITHIN_S", 0.0)
    server = launched(counting)
    for needed, samples in ((False, 1), (True, SAFE_SAMPLES)):
        found = sampled(server, folder, SentRequest("/n_plus_one"), needed=needed).figures
        assert found is not None
        assert found.samples == samples


def test_the_reason_is_told_if_a_sample_says_nothing(counting: Server, folder: Path) -> None:
    server = launched(counting)
    stream = sampled(server, folder, SentRequest("/stream", stream_s=1.0))
    assert stream.why_unknown == "a stream is not read to its end"
    missing = sampled(server, folder, SentRequest("/missing"))
    assert missing.figures is None
    assert missing.why_unknown == "a sample request returned 404, expected 2xx"
    other = sampled(server, folder, SentRequest("/headers", contains=b"text"))
    assert other.why_unknown == "a sample request returned a wrong body"
    late = sampled(server, folder, SentRequest("/slow"), timeout_s=0.1)
    assert late.why_unknown == "a sample request got no whole response within 100ms"
    server.stop()
    assert sampled(server, folder, SentRequest("/slow")).why_unknown.endswith("Connection refused")


def test_a_server_that_is_not_to_count_has_nothing_in_it(
    site: Path, make_server: MakeServer
) -> None:
    server = launched(make_server(Granian(), databases=DATABASES))
    assert server.sampling is None
    assert is_gone(left(server))
