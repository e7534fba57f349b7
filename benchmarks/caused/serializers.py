"""A serializer that is written by hand."""

from __future__ import annotations

from myapp.models import Book


class BookSerializer:
    """Makes plain data of a book."""

    def __init__(self, book: Book) -> None:
        self.book = book

    def to_dict(self) -> dict[str, str]:
        """Return the book's fields."""
        book = self.book
        return {
            "isbn": book.isbn,
            "title": book.title,
            "author": book.author.name,
            "published_on": book.published_on.isoformat(),
            "price": str(book.price),
        }
