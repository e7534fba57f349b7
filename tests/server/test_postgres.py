"""Test databases in PostgreSQL: which one a server uses, and that nothing is left in the cluster."""

from __future__ import annotations

import json
import os
import re
import signal
from typing import Any

import pytest

from tests.conftest import SETTINGS, URLS, Site
from tests.postgres import Cluster
from tests.server.watching import until

EVERYWHERE = """
from django.db import connections

def everywhere(request):
    return JsonResponse({
        alias: [connections[alias].settings_dict["NAME"], User.objects.using(alias).count()]
        for alias in settings.DATABASES
    })

urlpatterns.append(path("everywhere", everywhere))
"""

TESTS = """
import json
import urllib.request

import pytest

@pytest.mark.max_errors(0)
@pytest.mark.parametrize("number", range(1))
def test_everywhere(burst, djworkers_server, number):
    answer = urllib.request.urlopen(djworkers_server.url + "/everywhere").read().decode()
    print(f"everywhere: {answer}")
    assert burst("/users", contains='"users": 1}').ok > 0
"""

NO_WARNING = ("-W", "error", "-s")


def on(site: Site, *settings: str) -> Site:
    """A site with these lines added to its settings, whose view tells what it sees where."""
    site.write("settings.py", "\n".join((SETTINGS, *settings)))
    site.write("urls.py", URLS + EVERYWHERE)
    site.test(TESTS)
    return site


def seen(site: Site, *arguments: str, passed: int = 1) -> list[dict[str, Any]]:
    """What the server saw in each test of a run that passed: name and users of each alias."""
    result = site.burst(*NO_WARNING, *arguments)
    result.assert_outcomes(passed=passed)
    told = re.findall(r"everywhere: (\{.*\})", result.stdout.str())
    return [json.loads(one) for one in told]


def test_a_burst_sees_the_seeded_rows(site: Site, postgres: Cluster) -> None:
    on(site, postgres.settings())
    assert seen(site) == [{"default": ["test_site", 1]}]
