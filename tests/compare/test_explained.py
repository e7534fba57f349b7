"""Comparisons that find a change say where it comes from, for real."""

from __future__ import annotations

import json

import pytest

from tests.support.repository import commit, git, left
from tests.support.revisions import EXPLAINING, nothing_is_left
from tests.support.site import Site

BURN = """
import hashlib


def burn(times):
    data = b"x"
    for _ in range(times):
        data = hashlib.sha256(data).digest()


def burns(request):
    burn({times})
    return JsonResponse({{}})


urlpatterns.append(path("burns", burns))
"""


@pytest.mark.matrix
def test_the_sleep_of_a_slower_view_is_named(revisions: Site) -> None:
    urls = revisions.folder / "urls.py"
    urls.write_text(urls.read_text().replace("sleep(request, 4)", "sleep(request, 20)"))
    before = left(revisions.folder)
    result = revisions.pytest(*EXPLAINING, "--djworkers-report=report.json", timeout_s=120)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*because: +*ms of waiting for a sleep in sleep (urls.py:*"])
    (burst,) = json.loads((revisions.folder / "report.json").read_text())["bursts"]
    (first, *_) = burst["comparison"]["causes"]
    assert first.startswith("because: ")
    nothing_is_left(revisions, before)


@pytest.mark.matrix
@pytest.mark.parametrize("backend", ["granian", "gunicorn-gevent", "uvicorn"])
def test_the_function_that_computes_more_is_named(revisions: Site, backend: str) -> None:
    urls = revisions.folder / "urls.py"
    plain = urls.read_text()
    git(revisions.folder, "checkout", "-q", "main")
    urls.write_text(plain + BURN.format(times=500))
    revisions.test("def test_burns(burst):\n    burst('/burns')")
    commit(revisions.folder, "a view that computes")
    git(revisions.folder, "checkout", "-q", "-B", "feature")
    urls.write_text(plain + BURN.format(times=3000))
    flags = [one for one in EXPLAINING if not one.startswith("--djworkers=")]
    result = revisions.pytest(*flags, f"--djworkers={backend}", timeout_s=240)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*because: +*s in burn (urls.py:*), called from burns*"])
