"""Load tests of pages for readers who are logged in: `pytest test_members.py --djworkers=granian`.

The users are made by the seed. The plugin logs them in, and sends CSRF tokens with their forms.
"""

from collections.abc import Callable

import pytest

from myapp.catalogue import BOOKS

Burst = Callable[..., object]

pytestmark = [
    pytest.mark.burst(user="alice", connections=16),
    pytest.mark.min_rps(1),
    pytest.mark.max_errors("1%"),
]
# The view looks at the bytes only, so this need not be a real picture.
PICTURE = bytes(range(256)) * 400


# The session, the user, ten reviews with their books, and a form.
def test_account(burst: Burst) -> None:
    burst("/members/", contains="The reviews of alice")


# Each connection is one of three readers.
def test_accounts(burst: Burst) -> None:
    burst("/members/", users=3, contains="The reviews of")


# Each request writes a row, and SQLite lets one worker write at a time.
def test_review(burst: Burst) -> None:
    form = {"book": BOOKS[0].isbn, "stars": 4, "text": "Slow, but good."}
    burst("/members/review", form=form, expect=302)


def test_picture(burst: Burst) -> None:
    burst(
        "/members/picture",
        form={"title": "My shelf"},
        files={"picture": ("shelf.jpg", PICTURE)},
        contains='"title": "My shelf"',
    )
