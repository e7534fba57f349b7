"""Load tests beside options and plugins that change which tests run, how often and how long."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import time_line
from tests.support.processes import REPOSITORY
from tests.support.site import GENTLE, Site
from tests.support.steady import baseline_file

ALONE = pytest.param("-n0", marks=pytest.mark.matrix)
EACH_WAY = pytest.mark.parametrize("workers", [ALONE, "-n2"])
EACH_WAY_IN_THE_MATRIX = pytest.mark.parametrize(
    "workers", [ALONE, pytest.param("-n2", marks=pytest.mark.matrix)]
)

FAILS_EARLY = """
def test_other():
    pass


@pytest.mark.min_rps(1e9)
def test_fails(burst):
    burst("/json")


@pytest.mark.parametrize("number", range(4))
def test_later(burst, number):
    burst("/users")
"""


@EACH_WAY
@pytest.mark.parametrize("flag", ["-x", pytest.param("--maxfail=1", marks=pytest.mark.matrix)])
def test_a_run_that_stops_at_the_first_failure_has_what_was_measured(
    site: Site, workers: str, flag: str
) -> None:
    site.test(FAILS_EARLY)
    result = site.burst(workers, flag, "--djworkers-save-baseline")
    # 2 is pytest-xdist's.
    assert result.ret in {pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED}
    outcomes = result.parseoutcomes()
    assert outcomes["failed"] == 1
    assert outcomes["passed"] < 5
    result.stdout.fnmatch_lines(
        ["GET /json  (test_fails)", "*missed: requests/s: *", "baseline not saved: *test_fails*"]
    )
    # Each test that passed had its burst, but for the one without.
    assert len(measured(site)) == outcomes["passed"] - 1


def measured(site: Site) -> list[str]:
    """The bursts in the baseline of the last run, by their keys; none without a baseline."""
    if not (site.folder / ".djworkers").exists():
        return []
    return list(json.loads(baseline_file(site).read_text())["bursts"])


@EACH_WAY_IN_THE_MATRIX
def test_the_last_failed_tests_are_those_that_missed_a_limit(site: Site, workers: str) -> None:
    site.test(FAILS_EARLY)
    site.burst(workers, "-pcacheprovider").assert_outcomes(passed=5, failed=1)
    result = site.burst(workers, "-pcacheprovider", "--lf")
    result.assert_outcomes(failed=1)
    assert "test_later" not in result.stdout.str()


RANDOM = """
def test_b(burst):
    burst("/json")


def test_a(burst):
    burst("/users")


@pytest.mark.parametrize("number", range(8))
def test_other(number):
    pass
"""


@EACH_WAY_IN_THE_MATRIX
def test_tests_in_random_order_are_measured_all_the_same(
    site: Site, workers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = site.folder / "time-line.jsonl"
    monkeypatch.setenv(time_line.FILE_VARIABLE, str(notes))
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY / "benchmarks"))
    site.test(RANDOM)
    # With this seed, pytest-randomly puts a load test among the others.
    result = site.burst(workers, "-prandomly", "--randomly-seed=3", "-p", "time_line")
    result.assert_outcomes(passed=10)
    result.stdout.fnmatch_lines(["GET /*(test_?)", "  granian *", "GET /*(test_?)", "  granian *"])
    stretches = time_line.read(notes)
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
def test_a_rerun_is_a_new_measurement_and_its_row_says_so(site: Site, workers: str) -> None:
    site.test(FLAKY)
    result = site.burst(workers, "--reruns=1", "--djworkers-report=load.json")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["GET /json  (test_flaky)", "*rerun (attempt 2)*"])
    document = json.loads((site.folder / "load.json").read_text())
    records = [one["record"] for one in document["bursts"]]
    assert [(one["test"].split("::")[1], one["attempt"]) for one in records] == [
        ("test_flaky[granian]", 2),
        ("test_steady[granian]", 1),
    ]


SHORT_TESTS = """
import time

import pytest


@pytest.mark.timeout(1)
@pytest.mark.parametrize("number", range(8))
def test_short(number):
    time.sleep(0.3)
"""


def test_a_test_that_waits_for_a_burst_is_not_ended_by_its_time_limit(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = site.folder / "time-line.jsonl"
    monkeypatch.setenv(time_line.FILE_VARIABLE, str(notes))
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY / "benchmarks"))
    site.test("def test_load(burst):\n    burst('/json', duration='1.5s')")
    site.write("test_short.py", SHORT_TESTS)
    flags = [flag for flag in GENTLE if "duration" not in flag]
    # Each file in a worker of its own: so the short tests have to wait.
    result = site.pytest("--djworkers=granian", *flags, "-n2", "--dist=loadfile", "-p", "time_line")
    result.assert_outcomes(passed=9)
    stretches = time_line.read(notes)
    assert not time_line.beside_servers(stretches)
    (server,) = (one for one in stretches if one.kind == "server")
    assert any(one.began_s > server.ended_s for one in stretches if one.kind == "test")


@EACH_WAY_IN_THE_MATRIX
def test_a_burst_that_takes_longer_than_its_test_may_is_ended_in_words(
    site: Site, workers: str
) -> None:
    site.test(
        "@pytest.mark.timeout(2)\ndef test_long(burst):\n    burst('/json', duration='30s')\n\n\n"
        "def test_users(burst):\n    burst('/users', duration='300ms')"
    )
    flags = [flag for flag in GENTLE if "duration" not in flag]
    result = site.pytest("--djworkers=granian", *flags, workers)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        ["pytest-timeout ended this test after 2s, before the end of GET /json: *"]
    )


@EACH_WAY_IN_THE_MATRIX
def test_coverage_is_that_of_the_tests(site: Site, workers: str) -> None:
    site.write(
        "shop.py", "def total(prices):\n    return sum(prices)\n\n\ndef unused():\n    pass\n"
    )
    site.test(
        "import shop\n\n\ndef test_total():\n    assert shop.total([1, 2]) == 3\n\n\n"
        "def test_load(burst):\n    burst('/json')"
    )
    result = site.burst(workers, "-p", "pytest_cov", "--cov=shop", "--cov-report=term")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["GET /json  (test_load)", "shop.py *4 *1 *75%"])
    assert not list(Path(site.folder).glob(".coverage.*"))
