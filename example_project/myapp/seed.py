"""The rows that the views read."""

from django.db import transaction

from myapp.catalogue import AUTHORS, BOOKS
from myapp.models import Author, Book


@transaction.atomic
def seed() -> None:
    """Put the catalogue into the database, unless books are there already."""
    if Book.objects.exists():
        return
    Author.objects.bulk_create([Author(name=name) for name in AUTHORS], ignore_conflicts=True)
    authors = {author.name: author for author in Author.objects.all()}
    Book.objects.bulk_create(
        Book(
            isbn=row.isbn,
            title=row.title,
            author=authors[row.author],
            published_on=row.published_on,
            price=row.price,
            in_stock=row.in_stock,
        )
        for row in BOOKS
    )
