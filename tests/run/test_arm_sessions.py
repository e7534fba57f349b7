"""Sessions that the arms of a comparison can't both have."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_djworkers.compare.arms import NotComparable
from pytest_djworkers.load.profile import Profile, SentRequest
from pytest_djworkers.run.arm_sessions import make_base_sessions, refuse_unreadable_sessions
from pytest_djworkers.run.site.log_in import LoggedIn
from pytest_djworkers.users.cached import CachedSessions
from pytest_djworkers.users.credentials import Credentials
from pytest_djworkers.users.made import MadeLogin
from tests.support.comparisons import prepared_arms

PROFILE = Profile("me", SentRequest("/me"))
LOGIN = MadeLogin(credentials=Credentials((("sessionid", "secret"),), are_in_cache=True))


def test_sessions_in_a_cache_that_cannot_be_read_are_not_compared() -> None:
    refuse_unreadable_sessions(LoggedIn(PROFILE))
    refuse_unreadable_sessions(LoggedIn(PROFILE, (LOGIN,), CachedSessions("default", {"a": {}})))
    with pytest.raises(NotComparable, match="only the settings of --djworkers-settings name") as no:
        refuse_unreadable_sessions(LoggedIn(PROFILE, (LOGIN,), CachedSessions()))
    assert "secret" not in str(no.value)


def test_a_base_with_its_own_databases_has_no_sessions_in_a_cache(tmp_path: Path) -> None:
    arms = prepared_arms(tmp_path)
    make_base_sessions(arms, arms.pair[0], {}, LoggedIn(PROFILE))
    cached = LoggedIn(PROFILE, (LOGIN,), CachedSessions("default", {"a": {}}))
    with pytest.raises(NotComparable, match="base needs its own sessions: in a cache, they can't"):
        make_base_sessions(arms, arms.pair[0], {}, cached)
