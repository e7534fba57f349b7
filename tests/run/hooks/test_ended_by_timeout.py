"""A single burst that pytest-timeout ends."""

from __future__ import annotations

import pytest

from tests.support.site import Site

SLOW = """
@pytest.mark.burst(duration=30)
def test_it(burst):
    burst("/json", name="slow one")
"""


def ended(site: Site, method: str) -> pytest.RunResult:
    """Run a test whose burst takes longer than the limit."""
    flags = ("--djworkers-generator=asyncio", "--djworkers-connections=8", "--djworkers-workers=1")
    return site.pytest("--djworkers=granian", *flags, "--timeout=6", f"--timeout-method={method}")


# With and without a buffer between pytest's terminal and its output, in which the stacks wait.
@pytest.mark.parametrize("unbuffered", ["", pytest.param("1", marks=pytest.mark.matrix)])
def test_the_failure_is_one_line_that_says_what_to_set(
    unbuffered: str, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    site.test(SLOW)
    result = ended(site, "signal")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "pytest-timeout ended this test after 6s, before the end of slow one: set"
            " @pytest.mark.timeout(0) at the test, for no limit, or a longer --timeout for the run;"
            " or make the burst shorter (duration=)"
        ]
    )
    result.stdout.no_fnmatch_line("*pytest_djworkers*")
    result.stdout.no_fnmatch_line("*Stack of*")


@pytest.mark.matrix
def test_a_line_comes_before_the_stacks_if_the_whole_run_is_ended(site: Site) -> None:
    site.test(SLOW)
    result = ended(site, "thread")
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "djworkers: pytest-timeout ends this run: test_site.py::test_it[[]granian[]] has taken"
            " 6s, before the end of slow one: set @pytest.mark.timeout(0) at the test, *",
            "*Stack of MainThread*",
        ]
    )


@pytest.mark.matrix
def test_a_test_that_hangs_without_a_burst_is_shown_as_pytest_timeout_does(site: Site) -> None:
    site.test(
        """
import time

from pytest_djworkers import BurstArgumentError

def test_it(burst):
    with pytest.raises(BurstArgumentError):
        burst("not a path")
    burst("/json", duration="100ms", warmup=0)
    time.sleep(60)
"""
    )
    result = ended(site, "signal")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([">*time.sleep(60)", "*from pytest-timeout*"])
    result.stdout.no_fnmatch_line("*pytest-timeout ended this test*")
