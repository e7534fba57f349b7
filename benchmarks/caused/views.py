"""Views for ``causes.py``, which adds them to the example project: each has one cause to be slow.

A commit edits a view or what it calls; the edits are in ``known_causes.py``.
"""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path

from caused import codes, notes, reservations, stock
from caused.models import Order
from caused.places import async_places, places
from caused.serializers import BookSerializer
from caused.sheets import row
from myapp.models import Book
from myapp.queries import newest_books
from myapp.responses import books_json, books_page

LEAVES = ("Preface", "Chapter", "Appendix", "Notes", "Index", "Cover", "Errata")
ORDERS = 200_000
ROWS = 900


def ticket(request: HttpRequest) -> HttpResponse:
    """Respond with the codes of books."""
    return JsonResponse({book.title: codes.check_code(book.isbn) for book in newest_books(8)})


def listing(request: HttpRequest) -> HttpResponse:
    """Respond with books and their authors."""
    books = Book.objects.filter(in_stock=True).select_related("author").order_by("title")
    return books_json(list(books[:5]))


def order(request: HttpRequest) -> HttpResponse:
    """Respond with the newest books, and an order that is found by its code."""
    found = Order._default_manager.filter(code=f"code-{ORDERS // 2}").order_by("pk").first()
    response = books_page(request, list(newest_books(12)))
    response["X-Order"] = str(found)
    return response


def remarks(request: HttpRequest) -> HttpResponse:
    """Respond with notes without the blanks at their ends."""
    return JsonResponse({book.title: notes.stripped(notes.NOTE) for book in newest_books(8)})


def shelf(request: HttpRequest) -> HttpResponse:
    """Respond with a page of books."""
    books = list(newest_books(12))
    return render(request, "caused/shelf.html", {"books": books, "leaves": LEAVES})


def catalogue(request: HttpRequest) -> HttpResponse:
    """Respond with serialized books."""
    return JsonResponse({"books": [BookSerializer(book).to_dict() for book in newest_books(20)]})


def plain(request: HttpRequest) -> HttpResponse:
    """Respond with books; a middleware may make it slower."""
    return books_json(list(newest_books(8)))


def export(request: HttpRequest) -> HttpResponse:
    """Respond with a large sheet."""
    return JsonResponse({"rows": [row(number) for number in range(ROWS)]})


def basket(request: HttpRequest) -> HttpResponse:
    """Respond once an item is reserved."""
    return JsonResponse({"reserved": reservations.reserve()})


def waiting_query(request: HttpRequest) -> HttpResponse:
    """Respond after a query for which the database waits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(0.002)")
    return JsonResponse({"waited": True})


def book_in_stock(request: HttpRequest) -> HttpResponse:
    """Respond with a number of books."""
    return JsonResponse({"in stock": stock.stock_level(), "books": len(newest_books(8))})


def label(request: HttpRequest) -> HttpResponse:
    """Respond with the labels of books, which a package makes."""
    # Only two environments have it, which causes.py builds.
    from labels import label_of  # type: ignore[import-not-found]  # likewise

    return JsonResponse({book.title: label_of(book.title) for book in newest_books(8)})


urlpatterns = [
    path("ticket", ticket),
    path("listing", listing),
    path("order", order),
    path("remarks", remarks),
    path("shelf", shelf),
    path("catalogue", catalogue),
    path("plain", plain),
    path("export", export),
    path("basket", basket),
    path("waiting_query", waiting_query),
    path("book_in_stock", book_in_stock),
    path("label", label),
    path("places", places),
    path("async_places", async_places),
]
