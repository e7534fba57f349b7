"""The sessions of users in a comparison, whose arms have databases and caches of their own."""

from __future__ import annotations

from dataclasses import replace

from pytest_djworkers.compare.arms import Arm, Databases, NotComparable, PreparedArms
from pytest_djworkers.compare.remote_logins import log_in_remotely
from pytest_djworkers.errors import BurstArgumentError, ServerStartError
from pytest_djworkers.run.site.log_in import LoggedIn


def refuse_unreadable_sessions(logged_in: LoggedIn) -> None:
    """Raise NotComparable for sessions that can't be copied to each arm's cache."""
    if logged_in.cached is not None and not logged_in.cached.entries:
        raise NotComparable(
            "the sessions are in a cache that only the settings of --djworkers-settings name: keep"
            " them in the database there"
        )


def make_base_sessions(
    arms: PreparedArms, base: Arm, databases: Databases, logged_in: LoggedIn
) -> None:
    """Have base's code log in the users in its own databases. Raises NotComparable."""
    if not logged_in.keys:
        return
    spec = replace(
        arms.launch_spec, runtime=base.runtime, databases=databases, isolation=base.isolation
    )
    reason = ""
    if logged_in.cached is not None:
        reason = "in a cache, they can't be made for both: keep them in the database"
    else:
        try:
            log_in_remotely(spec, logged_in.logins)
        except (BurstArgumentError, ServerStartError) as error:
            reason = str(error)
    if reason:
        raise NotComparable(f"{arms.migration_difference}; base needs its own sessions: {reason}")
