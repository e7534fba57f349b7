"""Views whose cost is known, which ``regressions.py`` adds to the example project.

They query books and render pages of them. A commit makes them dearer by a file, ``change.json``.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import path

from myapp import responses
from myapp.queries import newest_books

CHANGE: dict[str, Any] = json.loads((Path(__file__).parent / "change.json").read_text())
SHARE: float = CHANGE.get("share", 0.0)
"""The additional cost of a request, as a share of its cost in base."""
ROWS = 50
WITHOUT_ROWS = 16
"""The cost of a query and of the rest of a page, as a number of rows."""
GREETINGS = 15
"""The cost of a request for a greeting, as a number of greetings."""
WAIT_S = 3.0

# It is measured in CPU time, as an import costs it; that of the interpreter's start counts.
while time.process_time() < CHANGE.get("import_s", 0.0):
    pass


def report(request: HttpRequest, pages: int) -> HttpResponse:
    """Query and render so many pages, and respond with the last one."""
    text = ""
    for _ in range(pages):
        text = rendered()
    return HttpResponse(text)


def rendered() -> str:
    """Return a page of books. A dearer commit renders more rows, which no response has."""
    more = round(SHARE * (ROWS + WITHOUT_ROWS))
    books = list(newest_books(ROWS + more))
    if more:
        render_to_string("myapp/books.html", {"books": books[ROWS:]})
    return render_to_string("myapp/books.html", {"books": books[:ROWS]})


def wait(request: HttpRequest) -> HttpResponse:
    """Respond after a wait; a dearer commit waits longer."""
    time.sleep(WAIT_S * (1 + SHARE))
    return JsonResponse({"waited": True})


def greeting(request: HttpRequest) -> HttpResponse:
    """Respond with little JSON; a dearer commit encodes more of it, which no response has."""
    for _ in range(round(SHARE * GREETINGS)):
        responses.greeting()
    return responses.greeting()


urlpatterns = [
    path("report/<int:pages>", report),
    path("wait", wait),
    path("json", greeting),
]
