"""Users whose sessions are in a cache that both arms of a comparison share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.repository import commit, git
from tests.support.revisions import FLAGS
from tests.support.site import WITH_SESSIONS, Site

if TYPE_CHECKING:
    import redis

IN_REDIS = """
SESSION_ENGINE = "django.contrib.sessions.backends.cache"
CACHES = {"default": {
    "BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://%s:%s/0"}}
"""
ME = """
urlpatterns += [path("me", lambda request: JsonResponse({"name": request.user.username}))]
"""
TEST = """
def test_me(burst):
    assert burst("/me", user="seeded", contains='"seeded"').ok > 100
"""


@pytest.mark.matrix
def test_each_arm_finds_the_session_under_its_own_keys(
    revisions: Site, real_redis: redis.Redis
) -> None:
    about = real_redis.connection_pool.connection_kwargs
    served = WITH_SESSIONS + IN_REDIS % (about["host"], about["port"])
    revisions.write("settings.py", served)
    with (revisions.folder / "urls.py").open("a") as urls:
        urls.write(ME)
    revisions.test(TEST)
    commit(revisions.folder, "sessions in Redis")
    git(revisions.folder, "branch", "-q", "--force", "main")
    result = revisions.pytest(*FLAGS, "-v", timeout_s=120)
    assert sum(result.parseoutcomes().values()) == 1
    result.stdout.no_fnmatch_line("*not compared*")
    result.stdout.re_match_lines([r".* 0 → 0(, .*)?$"])
