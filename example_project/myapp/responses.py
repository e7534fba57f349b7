"""The responses, which sync and async views share once they have their data."""

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import cache

import brotli
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render

from myapp.catalogue import BOOKS
from myapp.models import Book

BOOKS_IN_JSON = 7
BOOKS_ON_PAGE = 12

# The library's default, 11, takes a hundred times the CPU for a body a quarter smaller.
BROTLI_QUALITY = 5

PIECES = 4
"""The number of pieces of a streamed response, and the time in seconds between two of them."""
BETWEEN_PIECES_S = 0.1
ROWS_IN_PIECE = 20


def greeting() -> HttpResponse:
    return JsonResponse({"message": "Hello from the shop!"})


def books_json(books: Sequence[Book]) -> HttpResponse:
    rows = [
        {
            "isbn": book.isbn,
            "title": book.title,
            "author": book.author.name,
            "published_on": book.published_on,
            "price": book.price,
        }
        for book in books
    ]
    return JsonResponse({"books": rows})


def books_page(request: HttpRequest, books: Sequence[Book]) -> HttpResponse:
    return render(request, "myapp/books.html", {"books": books})


def gateway_response(waited_s: float) -> HttpResponse:
    return JsonResponse({"ok": True, "waited_s": waited_s})


@cache
def _catalogue_body() -> bytes:
    return json.dumps([vars(row) for row in BOOKS], default=str).encode()


def compressed_catalogue() -> HttpResponse:
    """Return the whole catalogue, compressed anew for each request, whatever it accepts."""
    body = brotli.compress(_catalogue_body(), quality=BROTLI_QUALITY)
    headers = {"Content-Encoding": "br"}
    return HttpResponse(body, content_type="application/json", headers=headers)


def upstream_response(body: bytes) -> HttpResponse:
    return HttpResponse(body, content_type="application/json")


def streamed(pieces: Iterator[bytes] | AsyncIterator[bytes]) -> StreamingHttpResponse:
    return StreamingHttpResponse(pieces, content_type="text/csv")


def piece(number: int) -> bytes:
    rows = BOOKS[number * ROWS_IN_PIECE : (number + 1) * ROWS_IN_PIECE]
    return "".join(f"{row.isbn},{row.title}\n" for row in rows).encode()
