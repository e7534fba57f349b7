"""The changes that are made to the site's settings in the processes that serve it.

``ADJUSTMENTS`` is the list of them. ``entry/settings_hook.py`` makes them when Django's settings
are created, before anything can read them: in the server's processes, and in every Python process
that those start.

So an adjustment imports nothing of the site, nothing that reads settings when it is imported, and
nothing that a process without a burst need not have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_djworkers.entry.apply_isolation import apply_isolation
from pytest_djworkers.entry.apply_test_changes import apply_test_changes
from pytest_djworkers.entry.brief import Brief
from pytest_djworkers.entry.caches import guard_caches
from pytest_djworkers.entry.redirect_databases import redirect_databases, refuse_other_aliases
from pytest_djworkers.entry.storages import guard_storages

Adjustment = Callable[[Any, Brief], None]
"""A function of the object that Django reads its settings from, and of the brief.

It reads and sets settings as attributes of the object. It raises RuntimeError if the site must not
be served with these settings.
"""


def adjust(settings: Any, brief: Brief) -> None:
    """Make all adjustments, in order. Raises what one of them raises."""
    for adjustment in ADJUSTMENTS:
        adjustment(settings, brief)


def _turn_debug_off(settings: Any, brief: Brief) -> None:  # noqa: ARG001  # an Adjustment
    settings.DEBUG = False


def _allow_every_host(settings: Any, brief: Brief) -> None:  # noqa: ARG001  # an Adjustment
    settings.ALLOWED_HOSTS = ["*"]


def _keep_mail(settings: Any, brief: Brief) -> None:  # noqa: ARG001  # an Adjustment
    # Not the locmem backend, which keeps every message of a burst in memory.
    nowhere = "django.core.mail.backends.dummy.EmailBackend"
    # Django 6.1 has MAILERS, and refuses settings that have both. It is there if it is in use.
    if mailers := getattr(settings, "MAILERS", None):
        settings.MAILERS = {alias: {"BACKEND": nowhere} for alias in mailers}
    else:
        settings.EMAIL_BACKEND = nowhere


# The order matters: tests' changes come before the isolation, so that a folder that a test has set
# is seen by it. What the server always has is set last, and so wins.
ADJUSTMENTS: tuple[Adjustment, ...] = (
    refuse_other_aliases,
    redirect_databases,
    apply_test_changes,
    apply_isolation,
    guard_storages,
    guard_caches,
    _turn_debug_off,
    _allow_every_host,
    _keep_mail,
)
