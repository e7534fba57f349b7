"""A small Django site in a folder of its own, and pytest run in it as a user runs it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from pytest import RunResult  # noqa: PT013  # a method below is named as the module

SETTINGS = """
SECRET_KEY = "of no use"
ROOT_URLCONF = "urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "site.sqlite3"}}
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth"]
"""
WITH_SESSIONS = (
    SETTINGS
    + """
INSTALLED_APPS += ["django.contrib.sessions"]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
"""
)
"""Those of a site where users log in."""
REDIRECTS = """
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware"]
SECURE_SSL_REDIRECT = True
"""
"""Settings with which a site redirects to HTTPS."""
BEHIND_A_PROXY = 'SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")\n'

URLS = """
import os
import time

from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import send_mail
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import path


def sleep(request, milliseconds):
    time.sleep(milliseconds / 1000)
    return JsonResponse({"slept": milliseconds})


def add_user(request):
    User.objects.create(username=os.urandom(8).hex())
    return JsonResponse({}, status=201)


def facts(request):
    return JsonResponse({
        "debug": settings.DEBUG,
        "environment": dict(os.environ),
        "database": str(settings.DATABASES["default"]["NAME"]),
        "pid": os.getpid(),
        "mails": send_mail("subject", "body", "a@example.com", ["b@example.com"]),
    })


def fails(request):
    raise ZeroDivisionError("this view always fails")


urlpatterns = [
    path("json", lambda request: JsonResponse({"hello": "world"})),
    path("users", lambda request: JsonResponse({"users": User.objects.count()})),
    path("add", add_user),
    path("sleep/<int:milliseconds>", sleep),
    path("facts", facts),
    path("fails", fails),
    path("redirects", lambda request: redirect("/json")),
    path("created", lambda request: HttpResponse(status=201)),
]
"""

INI = """
[pytest]
DJANGO_SETTINGS_MODULE = settings
pythonpath = .
"""

CONFTEST = """
import pytest


def make_user():
    from django.contrib.auth.models import User

    User.objects.get_or_create(username="seeded")


@pytest.fixture(scope="session")
def djworkers_seed():
    return make_user
"""

TWO_TESTS = """
@pytest.mark.min_rps(1e9)
def test_fails(burst):
    burst("/json")

def test_passes(burst):
    burst("/users")
"""
"""One test that fails by its limit, and one that passes."""

_UNUSED = (
    "cacheprovider",
    "hypothesispytest",
    "anyio",
    "platformdirs",
    "pytest_cov",
    "randomly",
)
"""Plugins that sites don't use, or ask for themselves: one keeps files, the others import much."""

PYTEST = (sys.executable, "-m", "pytest", *(f"-pno:{name}" for name in _UNUSED))

GENTLE = (
    "--djworkers-generator=asyncio",
    "--djworkers-connections=8",
    "--djworkers-duration=300ms",
    "--djworkers-warmup=100ms",
    "--djworkers-workers=1",
)
"""Flags for a burst that is over soon and says little."""


@dataclass(frozen=True)
class Site:
    """A folder with a Django site, and what runs pytest in it."""

    pytester: pytest.Pytester

    @property
    def folder(self) -> Path:
        """The folder of the site."""
        return self.pytester.path

    def write(self, name: str, text: str) -> Path:
        """Write a file of the site."""
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def test(self, text: str) -> Path:
        """Write the site's one test file."""
        return self.write("test_site.py", f"import pytest\n\n{text}")

    def pytest(self, *arguments: str, timeout_s: float = 60) -> RunResult:
        """Run pytest in a subprocess, in the site's folder."""
        return self.pytester.run(*PYTEST, *arguments, timeout=timeout_s)

    def burst(self, *arguments: str, backends: str = "granian") -> RunResult:
        """Run pytest with gentle bursts under these backends."""
        return self.pytest(f"--djworkers={backends}", *GENTLE, *arguments)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start pytest and leave it running; its output is one text stream."""
        return subprocess.Popen(
            [*PYTEST, *arguments],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
