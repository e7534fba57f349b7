"""A run that waits for another one says so, and the wait is not counted as a test's time."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from pytest_djworkers.system.machine_lock import MachineLock
from tests.support.site import Site

# Users are told after a few seconds; a test that waits for that would be slow.
SOON = """
from pytest_djworkers.system import long_waits, machine_lock

long_waits.ANNOUNCE_AFTER_S = 0
machine_lock.MachineLock.__init__.__kwdefaults__["wait_at_most_s"] = 60.0
"""
WAITS = """
from pytest_djworkers.run.stash import RUN

def test_waits(request):
    print("captured")
    lock = request.config.stash[RUN]._lock
    lock.acquire()
    lock.release()
"""


@pytest.mark.parametrize(
    "flags", [("-q",), pytest.param(("-n1", "-q"), marks=pytest.mark.matrix)], ids=" ".join
)
def test_the_process_that_a_run_waits_for_is_printed_at_once_even_with_capturing(
    site: Site, flags: tuple[str, ...]
) -> None:
    site.test(WAITS)
    site.write("conftest.py", SOON)
    held = MachineLock()
    held.acquire()
    with site.start("--djworkers=granian", *flags) as run:
        assert run.stdout is not None
        said = []
        for line in run.stdout:
            said.append(line.rstrip())
            # Only then, so that the line is seen to come before the wait ends.
            if "waiting for another" in line:
                held.release()
    # In case that the line never came: releasing twice does no harm.
    held.release()
    assert run.returncode == 0, "\n".join(said)
    (waits,) = (line for line in said if "djworkers: waiting for another run's burst, 0s" in line)
    assert "60s at most: process " in waits
    assert "djworkers: waited " in "\n".join(said)
    assert "captured" not in said


TIMED = """
import time

def wait(request, seconds):
    plugin = request.config.pluginmanager.getplugin("djworkers-lock-wait")
    plugin.begin("another run's burst")
    time.sleep(seconds)
    plugin.end(seconds)

@pytest.mark.parametrize("method", [
    pytest.param(method, marks=pytest.mark.timeout(1, method=method))
    for method in ("signal", "thread")
])
def test_waits(request, method):
    wait(request, 1.2)

@pytest.fixture
def waits_before(request):
    wait(request, 0.1)

@pytest.mark.timeout(0.3, method="signal")
def test_takes_too_long(request, waits_before):
    wait(request, 0.1)
    time.sleep(10)

def test_without_a_limit(request):
    wait(request, 0.1)
"""


@pytest.mark.matrix
def test_the_wait_counts_neither_as_duration_nor_for_pytest_timeout(site: Site) -> None:
    site.test(TIMED)
    result = site.pytest("--djworkers=granian", "--junitxml=junit.xml", "--durations=0", "-vv")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["*Failed: Timeout*"])
    cases = ET.parse(site.folder / "junit.xml").iter("testcase")
    seconds = {case.get("name"): float(case.get("time", "")) for case in cases}
    assert all(seconds[f"test_waits[{method}]"] < 1 for method in ("signal", "thread"))
