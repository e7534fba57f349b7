"""Settings that tests change are read from pytest's process, and the site is served with them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_djworkers.system.environment import child_environment
from tests.support.site import SETTINGS, Site

SCRIPT = """
import json, sys
import django
from django.conf import settings
from django.test import override_settings
from django.test.utils import setup_test_environment
from pytest_djworkers.errors import OverrideError
from pytest_djworkers.run.site.django_settings import read_changed_settings, settings_module
django.setup()
setup_test_environment(debug=False)

def tell(ours={}):
    found = read_changed_settings(ours)
    return [found.overridden, list(found.deleted), found.changed, found.added]

told = {}
def run():
"""


def told(folder: Path, script: str) -> Any:
    """Return what a script prints about settings that it has changed."""
    (folder / "settings.py").write_text(SETTINGS + "OWN = [1]\nTHEIRS = object()\n")
    body = "\n".join(f"    {line}" for line in script.splitlines())
    done = subprocess.run(
        [sys.executable, "-c", f"{SCRIPT}{body}\njson.dump(run(), sys.stdout)"],
        cwd=folder,
        env=child_environment(DJANGO_SETTINGS_MODULE="settings"),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_each_way_to_change_a_setting_is_noticed(tmp_path: Path) -> None:
    script = """
seen = [tell()]
outer = override_settings(OWN=[2], A=1, B=1)
outer.enable()
ours = {"MEDIA_ROOT": "/run"}
own = override_settings(**ours)
own.enable()
inner = override_settings(A=2, ROOT_URLCONF="other")
inner.enable()
del settings.B
settings.EMAIL_BACKEND = "x"
seen.append(tell(ours))
seen.append(settings_module())
inner.disable()
settings.MEDIA_ROOT = "/a test's"
seen.append(tell(ours))
own.disable()
outer.disable()
settings.OWN = [3]
settings.LANGUAGE_CODE = "de"
settings.ADDED = 1
settings.SOMEBODYS = object()
seen.append(tell())
return seen
"""
    at_first, overridden, module, into_ours, on_base = told(tmp_path, script)
    assert at_first == [{}, [], {}, {}]
    assert overridden == [{"OWN": [2], "A": 2, "ROOT_URLCONF": "other"}, ["B"], {}, {}]
    assert module == "settings"
    assert into_ours == [{"OWN": [2], "A": 1, "B": 1, "MEDIA_ROOT": "/a test's"}, [], {}, {}]
    assert on_base == [{}, [], {"OWN": [3], "LANGUAGE_CODE": "de"}, {"ADDED": 1}]


def test_a_setting_that_cant_be_sent_to_a_server_is_named_in_the_error(tmp_path: Path) -> None:
    script = """
errors = []
def wrong():
    try:
        tell()
    except OverrideError as error:
        errors.append(str(error))
with override_settings(CLIENT=print):
    wrong()
settings.THEIRS = print
wrong()
return errors
"""
    advice = (
        " to <built-in function print>, which can't be sent to a server in another process (an"
        " object of builtins.builtin_function_or_method). Text, numbers, dates, paths, and lists,"
        " tuples, sets and dicts of these can. Put it into settings for the served site"
        " (--djworkers-settings=MODULE), or undo the change before burst()"
    )
    assert told(tmp_path, script) == [
        f"the tests change the setting CLIENT{advice}",
        f"the tests change the setting THEIRS{advice}",
    ]


URLS = """
from django.conf import settings
from django.http import HttpResponse
from django.urls import path

NAMES = ("OVERRIDDEN", "GONE", "CHANGED", "ADDED", "MINE")
urlpatterns = [path("values", lambda request: HttpResponse(repr(
    {name: getattr(settings, name, "none") for name in NAMES})))]
"""
CONFTEST = """
def pytest_configure():
    from django.conf import settings
    settings.CHANGED = "by pytest_configure"
    settings.ADDED = "by pytest_configure"
    settings.MINE = "by pytest_configure"
    from django.test import override_settings
    override_settings(GONE="for ever").enable()
"""
TESTS = """
from pathlib import Path

@pytest.fixture(scope="session", autouse=True)
def gone():
    from django.test import override_settings
    with override_settings(GONE="for the session"):
        yield

WANTED = {
    "OVERRIDDEN": (1, Path("x")), "GONE": "none", "CHANGED": "by pytest_configure",
    "ADDED": "by pytest_configure", "MINE": %r}

@pytest.mark.urls("other_urls")
def test_carried(settings, burst):
    settings.OVERRIDDEN = (1, Path("x"))
    del settings.GONE
    burst("/values", contains=repr(WANTED))
    assert settings.OVERRIDDEN == (1, Path("x"))

def test_refused(settings, burst):
    settings.CLIENT = print
    burst("/json")
"""
FOR_LOAD = """
from settings import *
MINE = "for load"
"""


@pytest.mark.parametrize("module", [pytest.param("", marks=pytest.mark.matrix), "settings_load"])
def test_the_site_is_served_with_the_settings_that_tests_changed(site: Site, module: str) -> None:
    site.write("settings.py", f"{SETTINGS}\nOVERRIDDEN = GONE = CHANGED = MINE = 'own'\n")
    site.write("settings_load.py", FOR_LOAD)
    site.write("other_urls.py", URLS)
    site.write("conftest.py", CONFTEST)
    site.test(TESTS % ("for load" if module else "by pytest_configure"))
    result = site.burst(*([f"--djworkers-settings={module}"] if module else []))
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        "the tests change the setting CLIENT to <built-in function print>,*"
    )
    shown = "djworkers: the served site's settings are settings_load"
    assert (shown in result.outlines) is bool(module)


def test_settings_with_another_value_under_pytest_are_named(site: Site) -> None:
    more = """
import os, sys
if "pytest" in sys.modules:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
OF_EACH_PROCESS = os.getpid()
"""
    site.write("settings.py", SETTINGS + more)
    site.test("def test_json(burst):\n    burst('/json')")
    result = site.burst("--djworkers-workers=2")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        "settings: the settings module gives PASSWORD_HASHERS other values in the server than in"
        " this process, for example because it checks if pytest is running"
    )
