"""Completes a burst's requests once the site is prepared: with the sessions of its users, and with
tokens for its forms."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_djworkers.databases.checks import TestDatabases
from pytest_djworkers.errors import BurstArgumentError
from pytest_djworkers.load.profile import Profile
from pytest_djworkers.request.login import Login, completed
from pytest_djworkers.run.measurement import PlannedBurst
from pytest_djworkers.run.site.django_settings import settings_module
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.users.cached import CachedSessions
from pytest_djworkers.users.find import find_users
from pytest_djworkers.users.made import MadeLogin
from pytest_djworkers.users.make import make_credentials

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A burst whose users are logged in."""

    profile: Profile
    """Its plan, with complete requests."""
    logins: tuple[MadeLogin, ...] = ()
    cached: CachedSessions | None = None
    """The sessions that are in a cache alone; None if they aren't."""

    @property
    def keys(self) -> list[str]:
        """The keys of all sessions."""
        return [key for login in self.logins for key in login.keys]


LogIn = Callable[[PlannedBurst, LaunchSpec | None], LoggedIn]
"""A function that logs in the users of a burst. The spec is that of the launch, for which the site
is prepared; None for a server that isn't ours."""


def log_in_users(
    planned: PlannedBurst,
    spec: LaunchSpec | None,
    *,
    databases: TestDatabases,
    blocker: DjangoDbBlocker,
) -> LoggedIn:
    """Log in the users of a burst, and complete its requests.

    Raises BurstArgumentError if a user can't be logged in.
    """
    profile = planned.profile
    if not any(login.is_needed for login in planned.logins):
        return LoggedIn(profile)
    if spec is None:
        _refuse_users(planned.logins)
        return LoggedIn(profile)
    with blocker.unblock():
        logins = _with_credentials(tuple(map(_found, planned.logins)), spec)
        cached = _cached(logins, spec)
        databases.refuse_uncommitted("logging in the users")
    databases.close_connections()
    parts = tuple(map(completed, profile.all_parts, planned.logins, logins))
    profile = replace(profile, request=parts[0].requests[0], parts=parts if profile.parts else ())
    return LoggedIn(profile, logins, cached)


def _found(login: Login) -> MadeLogin:
    return MadeLogin(() if login.users is None else find_users(login.users), login.csrf)


def _with_credentials(logins: tuple[MadeLogin, ...], spec: LaunchSpec) -> tuple[MadeLogin, ...]:
    if spec.settings_module == settings_module():
        return tuple(
            replace(one, credentials=make_credentials(one.users, csrf=one.csrf)) for one in logins
        )
    # The key that signs, the engine of sessions and the names of cookies are those of the served
    # site: they are known only where it is loaded.
    from pytest_djworkers.compare.remote_logins import log_in_remotely

    return log_in_remotely(spec, logins)


def _cached(logins: tuple[MadeLogin, ...], spec: LaunchSpec) -> CachedSessions | None:
    keys = [key for login in logins if login.are_in_cache for key in login.keys]
    if not keys:
        return None
    # This process can't read the caches of another settings module.
    is_here = spec.settings_module == settings_module()
    return CachedSessions.of(keys) if is_here else CachedSessions()


def _refuse_users(logins: Iterable[Login]) -> None:
    for login in logins:
        if login.users is not None:
            raise BurstArgumentError(
                f"{login.users.argument}= needs a server of the plugin's own: it makes sessions in"
                " the test databases, and that of --djworkers-url has others. Log in there, and"
                " give the session with cookies="
            )
