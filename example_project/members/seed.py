"""The readers, one of whom has written."""

from django.contrib.auth.models import User
from django.db import transaction

from members.models import Review
from myapp.models import Book

READERS = ("alice", "bob", "carol")


@transaction.atomic
def seed_members() -> None:
    """Put readers into the database, and a review of alice's for each of ten books."""
    for name in READERS:
        User.objects.get_or_create(username=name)
    alice = User.objects.get(username="alice")
    if not Review.objects.filter(reader=alice).exists():
        books = Book.objects.order_by("isbn")[:10]
        Review.objects.bulk_create(
            Review(reader=alice, book=book, stars=5, text="Could not put it down.")
            for book in books
        )
