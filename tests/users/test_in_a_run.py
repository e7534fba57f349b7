"""Users, forms and files in bursts at real servers."""

from __future__ import annotations

import pytest

from tests.support.site import BEHIND_A_PROXY, WITH_SESSIONS, Site

IN_FILES = """
CACHES = {"default": {
    "BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": "cache"}}
"""
FOR_LOAD = """
from settings import *
SECRET_KEY = "another one"
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
SESSION_COOKIE_NAME = "other"
CSRF_USE_SESSIONS = True
"""
PAGES = """
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.urls import path


def me(request):
    posted = {k: v for k, v in request.POST.lists() if not k.startswith("csrf")}
    files = {name: sorted(len(f.read()) for f in request.FILES.getlist(name)) for name in
             request.FILES}
    name = request.user.username or "nobody"
    return HttpResponse(f"{name}, {posted}, {files}, {request.is_secure()}")


urlpatterns = [path("me", me), path("private", login_required(me))]
"""
SEED = """
import pytest

launches = []


def make_users():
    from django.contrib.auth.models import User

    launches.append(User.objects.count())
    for name in ("alice", "bob", "carol"):
        User.objects.get_or_create(username=name)


@pytest.fixture(scope="session")
def djworkers_seed():
    return make_users
"""
TESTS = """
from pathlib import Path

from pytest_djworkers import BurstArgumentError, Request


@pytest.mark.burst(user="alice")
class TestAlice:
    def test_marker(self, burst):
        import conftest

        before = len(conftest.launches)
        result = burst("/private", contains="alice, {}, {}, False")
        assert "sessionid" not in repr(result)
        burst("/me", user=None, contains="nobody,", name="anonymous")
        burst("/me", user="bob", contains="bob,", name="bob")
        # One launch for each burst.
        assert len(conftest.launches) == before + 3

    def test_mix(self, burst):
        form = Request("/me", form={"a": "b"}, user="bob", contains="bob, {'a': ['b']}, {}")
        burst(mix={Request("/private", contains="alice,"): 1, form: 1})


def test_form(burst):
    burst("/me", form={"a": [1, 2], "b": "Zoë"},
          contains="nobody, {'a': ['1', '2'], 'b': ['Zoë']}, {}, False")


def test_files(burst):
    files = {"f": [("a.bin", bytes(300_000)), Path(__file__)]}
    size = Path(__file__).stat().st_size
    burst("/me", user="carol", json={"a": 1}, method="put", contains="carol, {}, {}")
    burst("/me", user="carol", form={"a": 1}, files=files,
          contains=f"carol, {{'a': ['1']}}, {{'f': [{size}, 300000]}}")


def test_secure(burst):
    burst("/me", user="alice", method="POST", headers={"X-Forwarded-Proto": "https"},
          contains="alice, {}, {}, True")


@pytest.mark.max_errors("90%")
def test_users(burst):
    # Connections 0 and 2 are alice's, 1 and 3 bob's, and half of the responses too.
    result = burst("/me", users=["alice", "bob"], connections=4, contains="alice,",
                   expect=200)
    assert 0.25 < result.ok / (result.ok + result.unexpected) < 0.75


def test_refusals(burst):
    for said, arguments in {
        "user=: no auth.User has this username": {"user": "zora"},
        "users=4: the test database has 3 active users": {"users": 4},
        "f can't be read: .*none.png": {"files": {"f": "none.png"}},
    }.items():
        with pytest.raises(BurstArgumentError, match=said):
            burst("/me", **arguments)
    assert burst.server.facts is None
    burst("/me", connections=1)
"""


def site_with(site: Site, *, engine: str) -> Site:
    """Return the site with users, pages for them, and sessions of this engine."""
    session = f'SESSION_ENGINE = "django.contrib.sessions.backends.{engine}"\n'
    site.write("settings.py", WITH_SESSIONS + BEHIND_A_PROXY + IN_FILES + session)
    site.write("settings_load.py", FOR_LOAD)
    site.write("urls.py", PAGES)
    site.write("conftest.py", SEED)
    site.test(TESTS)
    return site


def test_users_forms_and_files_reach_the_site(site: Site) -> None:
    result = site_with(site, engine="db").burst("-q")
    result.assert_outcomes(passed=7)


@pytest.mark.matrix
def test_sessions_are_those_of_the_served_settings(site: Site) -> None:
    of_load = "--djworkers-settings=settings_load"
    result = site_with(site, engine="file").burst(of_load, "-q", "-k", "marker or form")
    result.assert_outcomes(passed=2, deselected=5)


@pytest.mark.matrix
def test_cached_sessions_reach_the_site(site: Site) -> None:
    result = site_with(site, engine="cache").burst("-q", "-k", "marker")
    result.assert_outcomes(passed=1, deselected=6)
