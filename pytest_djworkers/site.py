"""The site to serve: its databases seeded and named."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pytest_djworkers.errors import DatabaseError
from pytest_djworkers.server.database import (
    close_connections,
    end_sessions,
    refuse_transaction,
    refuse_uncommitted,
    targets,
)
from pytest_djworkers.server.launch import Site

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker


def prepare_site(seed: Callable[[], None] | None, blocker: DjangoDbBlocker) -> Site:
    """Run the user's seed, and say what a server has to know.

    Raises DatabaseError where a server could not see what the test sees.
    """
    from django.conf import settings

    refuse_transaction()
    databases = targets()
    if seed is not None and not callable(seed):
        raise DatabaseError(
            "the fixture djworkers_seed must return a function that makes the rows, and it"
            f" returns {seed!r}"
        )
    with blocker.unblock():
        end_sessions()
        if seed is not None:
            seed()
            refuse_uncommitted("djworkers_seed")
    close_connections()
    return Site(settings.SETTINGS_MODULE, databases)
