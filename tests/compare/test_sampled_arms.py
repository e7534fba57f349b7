"""Comparisons that find a change say where it comes from, for real."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.support.ended_comparisons import found, prepare, wait_until_clean
from tests.support.endings import running
from tests.support.processes import mentioning, until
from tests.support.repository import commit, git, left
from tests.support.revisions import EXPLAINING, nothing_is_left
from tests.support.site import Site

SAMPLES = r"^(?!guard)\S*py-spy record"
"""The command of a process that samples a server."""
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
WATCHED = """
import inspect
import os


def watched(request):
    is_sampled = any("stack_sampler" in one.filename for one in inspect.stack(context=0))
    with open("{seen}", "a") as file:
        file.write(f"{{os.getpid()}} {{is_sampled}}\\n")
    return sleep(request, 4)


urlpatterns.append(path("watched", watched))
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
def test_nothing_is_sampled_in_the_rounds_that_decide(revisions: Site) -> None:
    seen = revisions.folder / "home" / "seen"
    seen.parent.mkdir()
    urls = revisions.folder / "urls.py"
    plain = urls.read_text() + WATCHED.format(seen=str(seen))
    git(revisions.folder, "checkout", "-q", "main")
    urls.write_text(plain)
    revisions.test("def test_slows(burst):\n    burst('/watched')")
    commit(revisions.folder, "a view that tells who looks at it")
    git(revisions.folder, "checkout", "-q", "-B", "feature")
    urls.write_text(plain.replace("sleep(request, 4)", "sleep(request, 20)"))
    result = revisions.pytest(*EXPLAINING, timeout_s=120)
    result.stdout.fnmatch_lines(["*because: *"])
    lines = [line.split() for line in seen.read_text().splitlines()]
    is_sampled = {pid: watched == "True" for pid, watched in lines}
    # Of each server, all requests are sampled or none.
    assert len({tuple(line) for line in lines}) == len(is_sampled)
    in_order = list(is_sampled.values())
    first = in_order.index(True)
    assert first >= 2 * 2
    assert in_order[first : first + 8] == [True] * 2 * 4
    # Those whose calls are counted come last.
    assert in_order[first + 8 :] == [False] * 2


@pytest.mark.matrix
@pytest.mark.parametrize("backend", ["granian", "gunicorn-gevent"])
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


@pytest.mark.matrix
@pytest.mark.parametrize(
    ("victim", "number", "exit_code", "says"),
    [
        ("pytest", signal.SIGINT, pytest.ExitCode.INTERRUPTED, "KeyboardInterrupt"),
        ("pytest", signal.SIGKILL, -signal.SIGKILL, ""),
        ("py-spy", signal.SIGKILL, pytest.ExitCode.TESTS_FAILED, "py-spy wrote nothing"),
    ],
)
def test_an_explanation_that_is_ended_leaves_nothing_behind(
    victim: str,
    number: int,
    exit_code: int,
    says: str,
    site: Site,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    prepare(site, tmp_path)
    urls = site.folder / "urls.py"
    urls.write_text(urls.read_text().replace("sleep(request, 2)", "sleep(request, 30)"))
    before = left(site.folder)
    with running(site, *EXPLAINING) as run:
        until(lambda: found(site, SAMPLES) or run.pytest.poll() is not None, within_s=120)
        assert run.pytest.poll() is None, run.output
        if victim == "pytest":
            run.pytest.send_signal(number)
        else:
            sampler = found(site, SAMPLES)
            assert sampler is not None
            sampler.send_signal(number)
        assert says in run.output
        assert run.pytest.returncode == exit_code, run.output
    if number == signal.SIGKILL and victim == "pytest":
        # Nobody is left to remove files: the next run does.
        until(lambda: not mentioning(site.folder))
    else:
        wait_until_clean(site, before)
        assert [one.name for one in tmp_path.glob("djworkers-*")] == []
