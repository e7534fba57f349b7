"""Completes a burst's requests once the site is prepared: with the sessions of its users, and with
tokens for its forms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_djworkers.databases.checks import TestDatabases
from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.request.login import Login, completed
from pytest_djworkers.run.measurement import PlannedBurst
from pytest_djworkers.run.site.django_settings import settings_module
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.users.credentials import Credentials
from pytest_djworkers.users.find import FoundUser, find_users
from pytest_djworkers.users.make import make_credentials

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker

LogIn = Callable[[PlannedBurst, LaunchSpec | None], Profile]
"""A function that returns a burst's profile with complete requests. The spec is that of the launch,
for which the site is prepared; None for a server that isn't ours."""


def log_in_users(
    planned: PlannedBurst,
    spec: LaunchSpec | None,
    *,
    databases: TestDatabases,
    blocker: DjangoDbBlocker,
) -> Profile:
    """Log in the users of a burst, and return its profile with complete requests.

    Raises BurstArgumentError if a user can't be logged in.
    """
    profile = planned.profile
    if not any(login.is_needed for login in planned.logins):
        return profile
    if spec is None:
        _refuse_users(planned.logins)
        return profile
    with blocker.unblock():
        users = [() if one.users is None else find_users(one.users) for one in planned.logins]
        wanted = [(found, one.csrf) for found, one in zip(users, planned.logins, strict=True)]
        credentials = _made(wanted, spec)
        databases.refuse_uncommitted("logging in the users")
    databases.close_connections()
    parts = tuple(map(completed, profile.all_parts, planned.logins, credentials))
    return replace(profile, request=parts[0].requests[0], parts=parts if profile.parts else ())


def _made(
    wanted: Sequence[tuple[Sequence[FoundUser], bool]], spec: LaunchSpec
) -> list[Credentials]:
    """Return the credentials for these users, and for a token where there is True beside them."""
    if spec.settings_module == settings_module():
        return [make_credentials(users, csrf=csrf) for users, csrf in wanted]
    # The key that signs, the engine of sessions and the names of cookies are those of the served
    # site: they are known only where it is loaded.
    from pytest_djworkers.compare.remote import log_in

    return log_in(spec, wanted)


def _refuse_users(logins: Iterable[Login]) -> None:
    for login in logins:
        if login.users is not None:
            raise BurstArgumentError(
                f"{login.users.argument}= needs a server of the plugin's own: it makes sessions in"
                " the test databases, and that of --djworkers-url has others. Log in there, and"
                " give the session with cookies="
            )
