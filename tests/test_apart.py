"""Nothing real is written to, and what a test changes of the settings is what is served."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import SETTINGS, Site

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
    """What lies in the site's folders."""
    return {
        file.relative_to(site.folder)
        for folder in FOLDERS
        for file in (site.folder / folder).rglob("*")
    }


def test_not_one_file_is_written_to_what_is_real(real: Site) -> None:
    before = files(real)
    real.test("def test_writes(burst):\n    assert burst('/write').ok")
    real.burst().assert_outcomes(passed=1)
    assert files(real) == before
