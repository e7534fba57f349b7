"""The database queries, not yet run: sync views iterate over them, async views asynchronously."""

from django.db.models import QuerySet

from myapp.models import Book


def newest_books(count: int) -> QuerySet[Book]:
    """Return the newest books in stock, with their authors."""
    in_stock = Book.objects.filter(in_stock=True).select_related("author")
    return in_stock.order_by("-published_on", "title")[:count]
