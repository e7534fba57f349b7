"""Log users in with other code or settings than this process has: those of the served site, or
those of a comparison's base."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace

from pytest_djworkers.compare.remote import run_remotely
from pytest_djworkers.compare.remote_main import LOG_IN
from pytest_djworkers.errors import BurstArgumentError, ServerStartError
from pytest_djworkers.server.launch import LaunchSpec
from pytest_djworkers.users.credentials import Credentials
from pytest_djworkers.users.made import MadeLogin


def log_in_remotely(spec: LaunchSpec, logins: Sequence[MadeLogin]) -> tuple[MadeLogin, ...]:
    """Return the logins with credentials that are made under the spec's own settings.

    If they have some, their sessions are made once more, in the spec's databases. Raises
    BurstArgumentError if a user can't be logged in, and ServerStartError if the site can't be set
    up within the start-up timeout.
    """
    arguments = [
        {
            "users": [asdict(user) for user in one.users],
            "csrf": one.csrf,
            "again": None if one.credentials is None else asdict(one.credentials),
        }
        for one in logins
    ]
    try:
        found = run_remotely(
            LOG_IN,
            spec,
            timeout_s=spec.startup_timeout_s,
            arguments={"logins": arguments},
            changed_settings=spec.changed_settings,
        )
    except ServerStartError as error:
        raise ServerStartError(
            f"{spec.settings_module} can't be set up to log in users: {error}"
        ) from None
    if "refused" in found:
        raise BurstArgumentError(found["refused"])
    made = (Credentials.from_json(one) for one in found["made"])
    return tuple(replace(one, credentials=new) for one, new in zip(logins, made, strict=True))
