"""A site is served with the settings for load tests in the documentation, as they are written."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest

from tests.support.site import SETTINGS, URLS, Site

GUIDES = Path(__file__).parents[1] / "docs" / "how-to"
PAGE = (GUIDES / "settings-for-load-tests.rst").read_text()
VIEWS = """
from django.conf import settings
from django.core.files.storage import default_storage
from django.http import HttpResponse
from django.urls import path
urlpatterns = [path("read", lambda request: HttpResponse(
    default_storage.open("upload.txt").read().decode()
    + f" {settings.PAYMENT_URL} {settings.CELERY_TASK_ALWAYS_EAGER}"))]
"""


def example(language: str) -> str:
    """Return the page's code block in a language."""
    block = re.search(rf"\.\. code-block:: {language}\n\n((?:   .*\n|\n)+)", PAGE)
    assert block is not None
    return dedent(block[1])


def test_the_settings_for_load_tests_are_those_of_the_served_site(site: Site) -> None:
    base = "from pathlib import Path\nBASE_DIR = Path(__file__).parent.parent\n"
    site.write("shop/__init__.py", "")
    site.write("shop/settings.py", f"{base}{SETTINGS}PAYMENT_URL = 'https://real.example'\n")
    site.write("shop/settings_load.py", example("python"))
    site.write("pytest.ini", example("ini") + "pythonpath = .\n")
    site.write("load_media/upload.txt", "uploaded")
    site.write("urls.py", VIEWS)
    site.test(
        "def test_read(burst, settings):\n"
        "    burst('/read', contains='uploaded http://127.0.0.1:8765 True')\n"
        "    assert settings.PAYMENT_URL == 'https://real.example'\n"
    )
    result = site.burst()
    result.assert_outcomes(passed=1)
    assert "djworkers: the served site's settings are shop.settings_load" in result.outlines


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("no_such", "there is no module 'no_such': it must be found as DJANGO_SETTINGS_MODULE is,"),
        ("shop.no_such", "there is no module 'shop.no_such': it must be found as"),
        ("urls.load", "'urls' is a module, not a package with 'urls.load' in it"),
    ],
)
def test_a_settings_module_that_does_not_exist_is_a_usage_error(
    site: Site, module: str, said: str
) -> None:
    site.write("shop/__init__.py", "raise RuntimeError('nobody imports this')")
    site.write("urls.py", URLS)
    result = site.pytest("--djworkers=granian", f"--djworkers-settings={module}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(f"ERROR: --djworkers-settings={module}: {said}*")
