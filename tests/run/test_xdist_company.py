"""Load tests beside options and plugins that change which tests run, how often and how long."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

import time_line
from tests.support.processes import mentioning
from tests.support.site import GENTLE, TWO_TESTS, Site
from tests.support.steady import baseline_file

ALONE = pytest.param("-n0", marks=pytest.mark.matrix)
EACH_WAY = pytest.mark.parametrize("workers", [ALONE, "-n2"])
EACH_WAY_IN_THE_MATRIX = pytest.mark.parametrize(
    "workers", [ALONE, pytest.param("-n2", marks=pytest.mark.matrix)]
)
TITLE = re.compile(r"GET /\S+  \((\S+)\)")
"""The title of a burst in the table, with the name of its test."""
WITHOUT_DURATION = tuple(flag for flag in GENTLE if "duration" not in flag)
"""Flags for a burst as long as its test says."""


def in_table(result: pytest.RunResult) -> list[str]:
    """Return the names of the tests in the table, in its order."""
    return [found[1] for line in result.outlines if (found := TITLE.fullmatch(line))]


def in_baseline(site: Site) -> list[str]:
    """Return the names of the tests in the site's one baseline, without their backend."""
    stored: Iterable[str] = json.loads(baseline_file(site).read_text())["bursts"]
    return sorted(key.split("::")[1].split("[granian")[0] for key in stored)


ONE_FAILS = """
def test_other():
    pass


def test_first(burst):
    burst("/users")


@pytest.mark.min_rps(1e9)
def test_fails(burst):
    burst("/json")


def test_later(burst):
    burst("/users")
"""


@EACH_WAY
@pytest.mark.parametrize("flag", ["-x", pytest.param("--maxfail=1", marks=pytest.mark.matrix)])
@pytest.mark.matrix
def test_a_run_that_stops_at_the_first_failure_has_what_was_measured(
    site: Site, workers: str, flag: str
) -> None:
    site.test(ONE_FAILS)
    result = site.burst(workers, flag, "--djworkers-save-baseline")
    # pytest-xdist says that it was interrupted.
    codes = {"-n0": pytest.ExitCode.TESTS_FAILED, "-n2": pytest.ExitCode.INTERRUPTED}
    assert result.ret == codes[workers]
    assert not mentioning(site.folder)
    # With two workers, the other one has been handed the first two tests, and ends them.
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*missed: requests/s: *", "baseline not saved: *test_fails*"])
    assert in_table(result) == ["test_first", "test_fails"]
    assert in_baseline(site) == ["test_first"]


@EACH_WAY_IN_THE_MATRIX
def test_the_last_failed_tests_are_those_that_missed_a_limit(site: Site, workers: str) -> None:
    site.test(f"{TWO_TESTS}\n\ndef test_other():\n    pass")
    flags = workers, "-pcacheprovider", "--djworkers-save-baseline"
    first = site.burst(*flags)
    first.assert_outcomes(passed=2, failed=1)
    assert in_table(first) == ["test_fails", "test_passes"]
    before = baseline_file(site).read_text()
    result = site.burst(*flags, "--lf")
    result.assert_outcomes(failed=1)
    assert first.ret == result.ret == pytest.ExitCode.TESTS_FAILED
    assert in_table(result) == ["test_fails"]
    assert in_baseline(site) == ["test_passes"]
    assert baseline_file(site).read_text() == before


RANDOM = """
def test_c(burst):
    burst("/json")


def test_a(burst):
    burst("/users")


def test_b(burst):
    burst("/json")


@pytest.mark.parametrize("number", range(8))
def test_other(number):
    pass
"""
ORDER = """
from pathlib import Path


def pytest_collection_finish(session):
    names = "".join(f"{item.originalname}\\n" for item in session.items)
    Path("order").write_text(names)
"""
"""A plugin that notes the order of collection, which is the same in all workers."""


@EACH_WAY_IN_THE_MATRIX
def test_tests_in_random_order_are_measured_all_the_same(
    site: Site, workers: str, time_line_in: Path
) -> None:
    site.test(RANDOM)
    site.write("order.py", ORDER)
    # With this seed, pytest-randomly puts load tests among the others, in an order of their own.
    flags = "-prandomly", "--randomly-seed=3", "-porder", "-ptime_line", "--djworkers-save-baseline"
    result = site.burst(workers, *flags)
    result.assert_outcomes(passed=11)
    assert result.ret == pytest.ExitCode.OK
    order = (site.folder / "order").read_text().split()
    rows = in_table(result)
    assert rows == [test for test in order if test != "test_other"]
    assert rows != ["test_c", "test_a", "test_b"]
    assert in_baseline(site) == ["test_a", "test_b", "test_c"]
    stretches = time_line.read(time_line_in)
    assert not time_line.beside_servers(stretches)
    kinds = [one.kind for one in stretches if one.kind != "server"]
    # The other worker may have two more tests to run.
    after = kinds[kinds.index("load test") :].count("test")
    assert after <= 2 if workers == "-n2" else after > 2


FLAKY = """
from pathlib import Path


def test_flaky(burst):
    attempts = Path("attempts")
    attempts.write_text(("x" if not attempts.exists() else attempts.read_text() + "x"))
    burst("/json")
    assert attempts.read_text() == "xx"


def test_steady(burst):
    burst("/users")
"""


@EACH_WAY
@pytest.mark.matrix
def test_a_rerun_is_a_new_measurement_and_its_row_says_so(site: Site, workers: str) -> None:
    site.test(FLAKY)
    flags = "--reruns=1", "--djworkers-report=load.json", "--djworkers-save-baseline"
    result = site.burst(workers, *flags)
    result.assert_outcomes(passed=2)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["GET /json  (test_flaky)", "  granian *", "*rerun (attempt 2)*"])
    assert in_table(result) == ["test_flaky", "test_steady"]
    assert in_baseline(site) == ["test_flaky", "test_steady"]
    document = json.loads((site.folder / "load.json").read_text())
    records = [one["record"] for one in document["bursts"]]
    assert [(one["test"].split("::")[1], one["attempt"]) for one in records] == [
        ("test_flaky[granian]", 2),
        ("test_steady[granian]", 1),
    ]


CRASHES_IN_THE_SECOND_ATTEMPT = """
import os
import signal
from pathlib import Path


def test_crashes(burst):
    attempts = Path("attempts")
    attempts.write_text("x" if not attempts.exists() else attempts.read_text() + "x")
    burst("/json")
    if attempts.read_text() == "xx":
        os.kill(os.getpid(), signal.SIGKILL)
    assert attempts.read_text() == "xxx"
"""


@pytest.mark.matrix
def test_a_rerun_in_place_of_a_worker_that_crashed_says_so_too(site: Site) -> None:
    site.test(CRASHES_IN_THE_SECOND_ATTEMPT)
    result = site.burst("-n1", "--reruns=2", "--junitxml=junit.xml")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*1 passed, 2 rerun*"])
    result.stdout.fnmatch_lines(["GET /json  (test_crashes)", "*rerun (attempt 3)*"])
    properties = ET.parse(site.folder / "junit.xml").iter("property")
    noted = {one.get("name"): one.get("value") for one in properties}
    assert noted["djworkers GET /json attempt"] == "3"


LOAD_TEST = """
from pathlib import Path


def test_load(burst):
    burst("/json", duration="1.5s")
    Path("fired").touch()
"""
SHORT_TESTS = """
import time
from pathlib import Path

import pytest


@pytest.mark.timeout(1)
@pytest.mark.parametrize("number", range(50))
def test_short(number):
    if not Path("fired").exists():
        time.sleep(0.2)
"""
"""Tests that begin before the burst, and of which some are left when it is over."""


@pytest.mark.matrix
def test_a_test_that_waits_for_a_burst_is_not_ended_by_its_time_limit(
    site: Site, time_line_in: Path
) -> None:
    site.test(LOAD_TEST)
    site.write("test_short.py", SHORT_TESTS)
    # Each file in a worker of its own: so the short tests have to wait.
    flags = "-n2", "--dist=loadfile", "-ptime_line"
    result = site.pytest("--djworkers=granian", *WITHOUT_DURATION, *flags)
    result.assert_outcomes(passed=51)
    stretches = time_line.read(time_line_in)
    assert not time_line.beside_servers(stretches)
    (server,) = (one for one in stretches if one.kind == "server")
    assert any(one.began_s > server.ended_s for one in stretches if one.kind == "test")


HOLDS_THE_MACHINE = """
import time
from pathlib import Path


@pytest.mark.timeout({limit_s})
@pytest.mark.parametrize("number", range(2))
def test_it(burst, request, number):
    burst("/json", duration="300ms")
    if not Path("first").exists():
        Path("first").touch()
        # The server of this test has the machine until the end.
        request.node.ihook.pytest_timeout_cancel_timer(item=request.node)
        time.sleep({limit_s} + 1)
"""


@pytest.mark.matrix
def test_a_load_test_that_waits_for_a_burst_is_not_ended_by_its_time_limit(
    site: Site, time_line_in: Path
) -> None:
    limit_s = 6
    site.test(HOLDS_THE_MACHINE.format(limit_s=limit_s))
    result = site.pytest("--djworkers=granian", *WITHOUT_DURATION, "-n2", "-ptime_line")
    result.assert_outcomes(passed=2)
    stretches = time_line.read(time_line_in)
    first, second = (one for one in stretches if one.kind == "server")
    waiting = next(one for one in stretches if one.kind == "load test" and one.pid == second.pid)
    assert first.pid != second.pid
    assert second.began_s - waiting.began_s > limit_s


@EACH_WAY_IN_THE_MATRIX
def test_a_burst_that_takes_longer_than_its_test_may_is_ended_in_words(
    site: Site, workers: str
) -> None:
    site.test(
        "@pytest.mark.timeout(2)\ndef test_long(burst):\n    burst('/json', duration='30s')\n\n\n"
        "def test_users(burst):\n    burst('/users', duration='300ms')"
    )
    flags = *WITHOUT_DURATION, "--djworkers-save-baseline"
    result = site.pytest("--djworkers=granian", *flags, workers)
    result.assert_outcomes(failed=1, passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert not mentioning(site.folder)
    result.stdout.fnmatch_lines(
        ["pytest-timeout ended this test after 2s, before the end of GET /json: *"]
    )
    assert in_table(result) == in_baseline(site) == ["test_users"]


SHOP = """
def total(prices):
    return sum(prices)


def unused():
    pass
"""
SHOP_TESTS = """
import shop


def test_total():
    assert shop.total([1, 2]) == 3


def test_load(burst):
    burst("/json")
"""


@EACH_WAY_IN_THE_MATRIX
def test_coverage_is_that_of_the_tests(site: Site, workers: str) -> None:
    site.write("shop.py", SHOP)
    site.test(SHOP_TESTS)
    before = set(site.folder.iterdir())
    flags = "-ppytest_cov", "--cov=shop", "--cov-report=term", "--djworkers-save-baseline"
    result = site.burst(workers, *flags)
    result.assert_outcomes(passed=2)
    assert result.ret == pytest.ExitCode.OK
    result.stdout.fnmatch_lines(["GET /json  (test_load)", "shop.py *4 *1 *75%"])
    assert in_table(result) == in_baseline(site) == ["test_load"]
    made = {file.name for file in set(site.folder.iterdir()) - before}
    # The output that pytester keeps, and Python's own.
    assert made - {"stdout", "stderr", "__pycache__"} == {".coverage", ".djworkers"}
