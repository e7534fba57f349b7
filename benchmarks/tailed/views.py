"""Views for ``tails.py``, which adds them to the example project.

A commit changes them by a file, ``change.json``. Which requests it makes slow is counted in each
process, so that it depends on nothing else.
"""

from __future__ import annotations

import json
import os
import signal
import time
from itertools import count
from pathlib import Path
from typing import Any

from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import path

from myapp.models import Book
from myapp.queries import newest_books

CHANGE: dict[str, Any] = json.loads((Path(__file__).parent / "change.json").read_text())
BASE_S = 0.004
ROWS = 12
CACHED_PAGES = 4
"""The number of pages that are rendered where nothing is cached: about 8 ms of CPU."""
_REQUESTS = count(1)


def quick(request: HttpRequest) -> HttpResponse:
    """Respond after 4 ms; every so many requests, do what the commit says."""
    time.sleep(BASE_S)
    if "every" not in CHANGE or next(_REQUESTS) % CHANGE["every"]:
        return JsonResponse({"slow": False})
    if CHANGE.get("kills"):
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(CHANGE["sleep_s"])
    return JsonResponse({"slow": True}, status=CHANGE.get("status", 200))


def books(request: HttpRequest) -> HttpResponse:
    """Respond with a page of books, from one query; or with what the commit says."""
    if CHANGE.get("is_empty"):
        return HttpResponse(status=204)
    text = ""
    for _ in range(CHANGE.get("times", 1)):
        text = rendered(CHANGE.get("queries", 0))
    return HttpResponse(text)


def cached(request: HttpRequest) -> HttpResponse:
    """Respond with what is cached, or make it; a commit forgets to store it."""
    text = cache.get("books")
    if text is None:
        text = "".join(rendered() for _ in range(CACHED_PAGES))
        if not CHANGE.get("forgets"):
            cache.set("books", text)
    return HttpResponse(text)


def rendered(queries: int = 0) -> str:
    """Return a page of books, made with so many additional queries."""
    found = list(newest_books(ROWS))
    for number in range(queries):
        Book.objects.select_related("author").get(isbn=found[number % ROWS].isbn)
    return render_to_string("myapp/books.html", {"books": found})


urlpatterns = [path("quick", quick), path("books", books), path("cached", cached)]
