"""What is changed in the site's settings where it is served.

``ADJUSTMENTS`` is the one list. They are made by ``entry/settings_hook.py`` when the settings come
into being, before anybody can read them: whatever configures Django, in the server's processes and
in every Python process that those start. So an adjustment imports nothing of the site, nothing that
reads settings when it is imported, and nothing that a process without a burst need not have.
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
"""Is given what Django's settings are read from and the brief. It reads a setting as an attribute,
sets it as one, and raises RuntimeError to refuse to serve, in words."""


def adjust(settings: Any, brief: Brief) -> None:
    """Make all adjustments, in order. What one raises ends whatever wanted the settings."""
    for adjustment in ADJUSTMENTS:
        adjustment(settings, brief)


def _turn_debug_off(settings: Any, brief: Brief) -> None:  # noqa: ARG001  # an Adjustment
    settings.DEBUG = False


def _allow_every_host(settings: Any, brief: Brief) -> None:  # noqa: ARG001  # an Adjustment
    settings.ALLOWED_HOSTS = ["*"]


def _keep_mail(settings: Any, brief: Brief) -> None:  # noqa: ARG001  # an Adjustment
    # Not locmem: it keeps every message of the burst.
    nowhere = "django.core.mail.backends.dummy.EmailBackend"
    # Django 6.1's setting, which excludes the older one; where it is in use, it is there.
    if mailers := getattr(settings, "MAILERS", None):
        settings.MAILERS = {alias: {"BACKEND": nowhere} for alias in mailers}
    else:
        settings.EMAIL_BACKEND = nowhere


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
