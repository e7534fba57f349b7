"""The time that a burst's server spends."""

from __future__ import annotations

import os

import pytest

from tests.support.site import GENTLE, PYTEST, URLS, Site

VIEWS = """
import hashlib
import threading

LOCK = threading.Lock()


def burn():
    data = b"x"
    for _ in range(1200):
        data = hashlib.sha256(data).digest()


def busy(request):
    burn()
    time.sleep(0.01)
    with LOCK:
        time.sleep(0.002)
    return JsonResponse({})


urlpatterns.append(path("busy", busy))
"""


@pytest.mark.matrix
@pytest.mark.parametrize("backend", ["granian", "gunicorn-gevent"])
def test_the_computing_function_and_the_waits_are_named(site: Site, backend: str) -> None:
    site.write("urls.py", URLS + VIEWS)
    site.test("def test_busy(burst):\n    burst('/busy')")
    result = site.burst("--djworkers-profile", backends=backend)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*CPU time per request *% in burn (urls.py)*"])
    result.stdout.fnmatch_lines(["*waiting per request *for a sleep in busy (urls.py)*"])


@pytest.mark.matrix
@pytest.mark.skipif(os.getuid() != 0, reason="whoever is not root has no capabilities anyway")
def test_no_capability_is_needed(site: Site) -> None:
    # As in a container, where root has no SYS_PTRACE.
    without = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]
    site.write("urls.py", URLS + VIEWS)
    site.test("def test_busy(burst):\n    burst('/busy')")
    arguments = ["--djworkers=granian", *GENTLE, "--djworkers-profile"]
    result = site.pytester.run(*without, *PYTEST, *arguments, timeout=60)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*CPU time per request *% in burn (urls.py)*"])
