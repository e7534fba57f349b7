"""A test and its servers write into the same files and caches, and into none that is real."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.site import SETTINGS, Site

if TYPE_CHECKING:
    import redis

WRITING = """
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage, storages
from django.conf import settings
from django.http import JsonResponse
from django.urls import path
import os

private = FileSystemStorage("private")


def write(request):
    for storage in (default_storage, storages["other"], private):
        storage.save("uploaded.txt", ContentFile(b"content"))
    cache.set(os.urandom(4).hex(), "value")
    request.session["name"] = os.urandom(4).hex()
    return JsonResponse({})


urlpatterns = [path("write", write)]
"""
REAL = (
    SETTINGS
    + """
MEDIA_ROOT = "media"
CACHES = {"default": {
    "BACKEND": "django.core.cache.backends.filebased.FileBasedCache", "LOCATION": "cache"}}
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "other": {"BACKEND": "django.core.files.storage.FileSystemStorage",
              "OPTIONS": {"location": "other"}},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
SESSION_ENGINE = "django.contrib.sessions.backends.file"
SESSION_FILE_PATH = "sessions"
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware"]
"""
)
FOLDERS = ("media", "cache", "other", "sessions", "private")


@pytest.fixture
def real(site: Site) -> Site:
    """A site that writes into folders, in each of which is one real file."""
    for folder in FOLDERS:
        site.write(f"{folder}/real.txt", "real")
    site.write("settings.py", REAL)
    site.write("urls.py", WRITING)
    return site


def files(site: Site) -> set[Path]:
    """Return the files and folders in the site's folders."""
    return {
        file.relative_to(site.folder)
        for folder in FOLDERS
        for file in (site.folder / folder).rglob("*")
    }


def test_no_file_is_written_into_a_real_folder(real: Site) -> None:
    before = files(real)
    real.test("def test_writes(burst):\n    assert burst('/write').ok")
    real.burst().assert_outcomes(passed=1)
    assert files(real) == before


SHARED = """
import os
from django.core.cache import cache
from django.http import HttpResponse, JsonResponse
from django.urls import path


def write(request):
    cache.set(os.urandom(4).hex(), "value", timeout=None)
    request.session["name"] = os.urandom(4).hex()
    return JsonResponse({})


def found(request):
    return HttpResponse(f"{cache.get('by-the-test')} {cache.get('real')} {request.session['name']}")


def clear(request):
    cache.clear()
    return JsonResponse({})


urlpatterns = [path("write", write), path("found", found), path("clear", clear)]
"""
WITH_REDIS = """
SESSION_ENGINE = "django.contrib.sessions.backends.cache"
MIDDLEWARE = ["django.contrib.sessions.middleware.SessionMiddleware"]
def ignores_prefix(key, prefix, version):
    return f"mine:{key}"
CACHES = {"default": {"BACKEND": "%s", "LOCATION": "redis://%s:%s/0", %s}}
"""
WITH_A_SESSION = """
import redis
from django.core.cache import cache
from django.contrib.sessions.backends.cache import SessionStore

def keys():
    return redis.Redis(%r, %r).keys()

def test_writes(burst):
    cache.set("by-the-test", "found")
    session = SessionStore()
    session["name"] = "mine"
    session.save()
    before = keys()
    assert all(b"djworkers-" in key for key in before if b"real" not in key)
    burst("/found", cookies={"sessionid": session.session_key}, contains="found None mine")
    burst("/write")
    assert len(keys()) > len(before)
    assert all(b"djworkers-" in key for key in keys() if b"real" not in key)
    burst("/clear")
    assert [key for key in keys() if b"real" not in key] == []
    burst("/write", name="again")
"""


OWN_KEYS = '"KEY_FUNCTION": "settings.ignores_prefix"'
DJANGOS = "django.core.cache.backends.redis.RedisCache"


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("backend", "more"),
    [
        (DJANGOS, ""),
        pytest.param(DJANGOS, OWN_KEYS, marks=pytest.mark.matrix),
        pytest.param("django_redis.cache.RedisCache", "", marks=pytest.mark.matrix),
    ],
)
def test_a_shared_cache_is_left_as_it_was(
    site: Site, real_redis: redis.Redis, backend: str, more: str
) -> None:
    where = real_redis.connection_pool.connection_kwargs
    address = where["host"], where["port"]
    site.write("settings.py", SETTINGS + WITH_REDIS % (backend, *address, more))
    site.write("urls.py", SHARED)
    site.test(WITH_A_SESSION % address)
    # Keys of the site itself, of its KEY_FUNCTION, and of another program.
    real_redis.mset({":1:real": "1", "mine:real": "1", "real, and no cache": "1"})
    before = set(real_redis.keys())
    site.burst().assert_outcomes(passed=1)
    assert set(real_redis.keys()) == before
